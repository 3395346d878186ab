// A recording: NDJSON, a head line and then one event a line, those of one batch in a row. First the state in which it
// begins, as events, then what happened.

import { createReadStream } from 'node:fs'
import { z } from 'zod'
import { VERSION } from '../../platform/version.ts'
import type { Batch, SwarmEvent } from '../../protocol/events.ts'
import { upcast } from '../../protocol/upcast.ts'
import { boundedLines } from './boundedLines.ts'

const RECORDING_VERSION = 1
/** A single event is a few KB. */
const MAX_LINE_BYTES = 4 * 1024 * 1024
/** A batch is held until it is whole. */
const MAX_BATCH_EVENTS = 100_000
/** Far more than a head has: a file that is something else need not be read. */
const MAX_HEAD_BYTES = 4_096

export const recordingHead = (fromMs: number, toMs: number): string =>
  `${JSON.stringify({
    swarmscope: 'recording',
    version: RECORDING_VERSION,
    madeBy: VERSION,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
  })}\n`

const head = z.object({ swarmscope: z.literal('recording'), version: z.number(), from: z.iso.datetime() })

const kind = z.enum(['agent', 'task', 'swarm', 'link', 'source'])
const event = z
  .looseObject({
    seq: z.number().int().nonnegative(),
    v: z.number().int(),
    type: z.string().regex(/^(agent|task|swarm|link|source)\.(upserted|retired)$/),
    key: z.string(),
    sourceId: z.string(),
    version: z.tuple([z.number(), z.number()]),
    receivedAt: z.iso.datetime(),
    entity: z.looseObject({ entity: kind, id: z.string() }).optional(),
    id: z.string().optional(),
  })
  .refine(
    ({ type, entity, id }) =>
      type.endsWith('.upserted') ? entity?.entity === type.split('.')[0] : id !== undefined && entity === undefined,
    'an event without what it is about',
  )

/** The message says which line is wrong; it holds nothing of what is in it. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError'
}

/** The batches of a recording, in order; rejects with `RecordingError`, or with what the file system says. */
export async function* readRecording(path: string): AsyncGenerator<Batch & { atMs: number }> {
  let number = 0
  let batch: { seq: number; atMs: number; events: SwarmEvent[] } | null = null
  let firstSeq: number | null = null
  for await (const line of boundedLines(createReadStream(path), MAX_LINE_BYTES, tooLong)) {
    number++
    if (number === 1) {
      checkHead(line)
      continue
    }
    if (line === '') continue
    const { seq, ...parsed } = parseLine(line, number)
    const atMs = Date.parse(parsed.receivedAt)
    if (batch && batch.seq !== seq) {
      yield batch
      batch = null
    }
    firstSeq ??= seq
    if (batch && batch.events.length >= MAX_BATCH_EVENTS) {
      // The state in which it begins may be larger, and means the same in parts.
      if (seq !== firstSeq) throw new RecordingError(`line ${number} is one too many for a batch`)
      yield batch
      batch = null
    }
    batch ??= { seq, atMs, events: [] }
    batch.events.push(toEvent(parsed, number))
  }
  if (number === 0) throw new RecordingError('the recording is empty')
  if (batch) yield batch
}

/** Rejects as `readRecording` does, when what stands at `path` does not begin as a recording. */
export async function assertRecording(path: string): Promise<void> {
  const input = createReadStream(path, { end: MAX_HEAD_BYTES })
  for await (const line of boundedLines(input, MAX_LINE_BYTES, tooLong)) {
    checkHead(line)
    return
  }
  throw new RecordingError('the recording is empty')
}

const tooLong = (number: number) => new RecordingError(`line ${number} is too long`)

function checkHead(line: string): void {
  const parsed = head.safeParse(jsonOf(line))
  if (!parsed.success) throw new RecordingError('this is no recording of Swarmscope')
  if (parsed.data.version > RECORDING_VERSION) {
    throw new RecordingError('the recording was made by a newer Swarmscope: update this one')
  }
}

function parseLine(line: string, number: number): z.infer<typeof event> {
  const parsed = event.safeParse(jsonOf(line))
  if (!parsed.success) throw new RecordingError(`line ${number} is no event`)
  return parsed.data
}

function toEvent(parsed: Omit<z.infer<typeof event>, 'seq'>, number: number): SwarmEvent {
  const { entity, id, ...rest } = parsed
  try {
    return upcast(entity ? { ...rest, entity } : { ...rest, id })
  } catch (cause) {
    throw new RecordingError(`line ${number} is an event of a newer Swarmscope`, { cause })
  }
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined // said by whoever looks for something in it
  }
}
