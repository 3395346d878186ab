// Batches and keyframes compressed: with a dictionary that looks like an event, so that a batch of one event shrinks as
// well as one of a thousand.

import { promisify } from 'node:util'
import { deflateRaw, deflateRawSync, inflateRawSync } from 'node:zlib'

/** Fast: 1 GB/s of what is as repetitive as ours, and hardly larger than the best. */
const LEVEL = 1
/** What a body may hold inflated: a damaged one must not fill the memory. A single batch of 20,000 agents is 20 MB. */
const MAX_INFLATED_BYTES = 512 * 1024 * 1024

/**
 * Kept in each file that was made with it, so that it may change here. The commonest last: nearer is cheaper.
 */
export const DICTIONARY = [
  '{"entity":"swarm","id":"","nativeId":"swarm-","sourceId":"","origin":"claude-flow","mock":false,"name":null,"topology":"hierarchical","strategy":null,"maxAgents":8,"status":"running","rawStatus":"running","agentIds":[""],"queenId":null,"createdAt":null,"updatedAt":""}',
  '{"entity":"link","id":"/topology/","kind":"topology","sourceId":"","source":"","target":"","evidence":"","since":null,"mock":false}',
  '{"entity":"task","id":"/task-","nativeId":"task-","sourceId":"","origin":"claude-flow","mock":false,"type":"feature","description":"","priority":"normal","status":"in_progress","rawStatus":"completed","progress":0,"assignedTo":[""],"swarmId":null,"createdAt":"","startedAt":null,"completedAt":null,"updatedAt":""}',
  '{"v":2,"type":"agent.retired","key":"","sourceId":"","version":[1,1],"at":null,"receivedAt":"2026-01-01T00:00:00.000Z","id":""}',
  '{"v":2,"type":"agent.upserted","key":"/agent/","sourceId":"","version":[1,1],"at":"2026-01-01T00:00:00.000Z","receivedAt":"2026-01-01T00:00:00.000Z","id":"/agent-"}\n{"entity":"agent","id":"/agent-","nativeId":"agent-","sourceId":"","origin":"claude-flow","kind":"registered","name":"","type":"coder","rawType":"coder","status":"active","rawStatus":"idle","mock":false,"swarmId":null,"parentId":null,"model":"sonnet","health":1,"currentTask":null,"tasksActive":0,"tasksCompleted":null,"tokens":null,"costUsd":null,"cpuUsage":null,"memoryBytes":null,"capabilities":null,"activity":null,"attention":null,"project":"","host":"","tools":null,"statusSince":null,"createdAt":"2026-01-01T00:00:00.000Z","lastActiveAt":null,"updatedAt":"2026-01-01T00:00:00.000Z","sources":{"status":{"source":"","at":"2026-01-01T00:00:00.000Z"},"health":{"source":"","at":"2026-01-01T00:00:00.000Z"}},"openTools":null,"lastTool":null,"lastFailure":null,"unattributed":null,"crossCheck":null,"endedReason":null,"sessionId":null}\n',
].join('\n')

const deflateAsync = promisify<Buffer, object, Buffer>(deflateRaw)

export class Bodies {
  readonly #dictionary: Buffer

  constructor(dictionary: string) {
    this.#dictionary = Buffer.from(dictionary)
  }

  pack(text: string): Buffer {
    return deflateRawSync(Buffer.from(text), { level: LEVEL, dictionary: this.#dictionary })
  }

  /** Off the thread: a keyframe of 10,000 agents is 8 MB. */
  packLater(text: string): Promise<Buffer> {
    return deflateAsync(Buffer.from(text), { level: LEVEL, dictionary: this.#dictionary })
  }

  /** Throws an error with SQLite's code for damage. */
  unpack(body: unknown): string {
    try {
      const packed = Buffer.from(body as Uint8Array)
      return inflateRawSync(packed, { dictionary: this.#dictionary, maxOutputLength: MAX_INFLATED_BYTES }).toString()
    } catch (cause) {
      throw Object.assign(new Error('a body cannot be read', { cause }), { code: 'SQLITE_CORRUPT' })
    }
  }
}
