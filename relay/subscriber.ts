// One subscriber of the records: where it is, and what it is sent next. First connect, resume and slow reader are one
// question to the store (`changesSince`), asked again whenever something changed and the socket has drained.

import type { ClaudeFlowRecord } from '../protocol/claudeFlow.ts'
import {
  chunkSnapshot,
  type Frame,
  type RevisionedStore,
  SNAPSHOT_CHUNK_BYTES,
  type Snapshot,
  type SnapshotChunk,
} from '../protocol/frames.ts'
import { RELAY_METHOD } from '../protocol/relayWire.ts'

type Store = RevisionedStore<ClaudeFlowRecord>

export interface SubscriberEdge {
  sendPaced(text: string): void
  /** Runs `action` when everything sent before has left. */
  onceDrained(action: () => void): void
}

/** A larger frame goes as a snapshot in chunks instead: no single message may pass what a reader's socket takes. */
const MAX_FRAME_LENGTH = 1024 * 1024

export const notificationText = (method: string, params: unknown): string =>
  JSON.stringify({ jsonrpc: '2.0', method, params })

/** Records are replaced, never mutated (F9): each is encoded once, for all frames and chunks of all subscribers. */
const texts = new WeakMap<ClaudeFlowRecord, string>()

function textOf(record: ClaudeFlowRecord): string {
  let text = texts.get(record)
  if (text === undefined) {
    text = JSON.stringify(record)
    texts.set(record, text)
  }
  return text
}

/** A notification whose `put` are records. */
function recordsText(method: string, { put, ...rest }: { put: ClaudeFlowRecord[] }): string {
  const params = `${JSON.stringify(rest).slice(0, -1)},"put":[${put.map(textOf).join(',')}]}`
  return `{"jsonrpc":"2.0","method":${JSON.stringify(method)},"params":${params}}`
}

/** `null`: too large for one message. Not all of it is encoded to find that out. */
function frameText(frame: Frame<ClaudeFlowRecord>): string | null {
  let length = 0
  for (const record of frame.put) {
    length += textOf(record).length
    if (length > MAX_FRAME_LENGTH) return null
  }
  const text = recordsText(RELAY_METHOD.FRAME, frame)
  return text.length > MAX_FRAME_LENGTH ? null : text
}

export class Subscriber {
  readonly #store: Store
  readonly #edge: SubscriberEdge
  #epoch: string | null
  #rev: number
  #chunks: Iterator<SnapshotChunk<ClaudeFlowRecord>> | null = null
  #waits = false
  #closed = false

  constructor(store: Store, edge: SubscriberEdge, at: { epoch: string | null; rev: number }) {
    this.#store = store
    this.#edge = edge
    this.#epoch = at.epoch
    this.#rev = at.rev
  }

  /** Sends what is new, if the socket is free; else as soon as it is. */
  pump(): void {
    if (this.#waits || this.#closed) return
    this.#waits = true
    this.#edge.onceDrained(() => {
      this.#waits = false
      if (!this.#closed) this.#next()
    })
  }

  close(): void {
    this.#closed = true
    this.#chunks = null
  }

  #next(): void {
    if (this.#chunks) {
      this.#nextChunk(this.#chunks)
      return
    }
    const changes = this.#store.changesSince(this.#epoch, this.#rev)
    switch (changes.type) {
      case 'none':
        break
      case 'frame': {
        const text = frameText(changes.frame)
        if (text === null) {
          this.#beginSnapshot(this.#store.snapshot())
        } else {
          this.#rev = changes.frame.to
          this.#edge.sendPaced(text)
        }
        break
      }
      case 'snapshot':
        this.#beginSnapshot(changes.snapshot)
        break
      default:
        changes satisfies never
    }
  }

  #beginSnapshot(snapshot: Snapshot<ClaudeFlowRecord>): void {
    this.#epoch = snapshot.epoch
    this.#rev = snapshot.seq
    this.#chunks = chunkSnapshot(snapshot, SNAPSHOT_CHUNK_BYTES, (record) => textOf(record).length)
    this.#next()
  }

  #nextChunk(chunks: Iterator<SnapshotChunk<ClaudeFlowRecord>>): void {
    const { value, done } = chunks.next()
    if (done) {
      this.#chunks = null
    } else {
      this.#edge.sendPaced(recordsText(RELAY_METHOD.SNAPSHOT, value))
    }
    this.pump() // what changed meanwhile follows as a frame
  }
}
