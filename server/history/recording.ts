// A recording: NDJSON, a head line, one event a line, those of one batch in a row, and a foot line. First the state in
// which it begins, as events, then what happened. Whoever made the file is not trusted (SPEC.md, H6).

import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { z } from 'zod'
import { VERSION } from '../../platform/version.ts'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { type Batch, EVENT_VERSION, type SwarmEvent } from '../../protocol/events.ts'
import { upcast } from '../../protocol/upcast.ts'
import { boundedLines } from './boundedLines.ts'
import { HeldState } from './heldState.ts'
import { recordedEvent, recordedLine } from './recordedEvent.ts'

/** 2: with a foot, by which it is known that nothing is missing at its end. */
const RECORDING_VERSION = 2
/** A single event is a few KB. */
const MAX_LINE_BYTES = 4 * 1024 * 1024
/** A batch is held until it is whole: four times the largest that a source states at once. */
const MAX_BATCH_EVENTS = 100_000
const MAX_BATCH_BYTES = 96 * 1024 * 1024
/** Far more than a head has: a file that is something else need not be read. */
const MAX_HEAD_BYTES = 4_096
/** How much is looked at before a server starts with it; the rest when it is played. */
const EVENTS_AT_START = 1_000

export const recordingHead = (fromMs: number, toMs: number): string =>
  `${JSON.stringify({
    swarmscope: 'recording',
    version: RECORDING_VERSION,
    madeBy: VERSION,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
  })}\n`

export const RECORDING_FOOT = '{"end":true}\n'

const head = z.object({
  swarmscope: z.literal('recording'),
  version: z.number().int().positive(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
})
const foot = z.strictObject({ end: z.literal(true) })

export interface RecordedBatch extends Batch {
  /** Never before that of the batch before, and never after the end that the head tells. */
  atMs: number
}

interface HeldBatch extends RecordedBatch {
  events: SwarmEvent[]
  bytes: number
}
const isFull = ({ events, bytes }: HeldBatch, more: number): boolean =>
  events.length >= MAX_BATCH_EVENTS || bytes + more > MAX_BATCH_BYTES

/** The batches of a recording, in order; rejects with `RECORDING_UNREADABLE` or `RECORDING_NEWER`. */
export async function* readRecording(path: string): AsyncGenerator<RecordedBatch> {
  let batch: HeldBatch | null = null
  let firstSeq: number | null = null
  for await (const { event, seq, atMs, bytes, where } of recordedEvents(path)) {
    firstSeq ??= seq
    if (batch !== null && batch.seq === seq && isFull(batch, bytes)) {
      // The state in which it begins may be larger, and means the same in parts.
      if (seq !== firstSeq) throw unreadable(`${where} is one too many for a batch`)
      yield batch
      batch = null
    }
    if (batch !== null && batch.seq !== seq) {
      yield batch
      batch = null
    }
    batch ??= { seq, atMs, events: [], bytes: 0 }
    batch.events.push(event)
    batch.bytes += bytes
  }
  if (batch) yield batch
}

/** Rejects as `readRecording` does, when what stands at `path` does not begin as a recording. */
export async function assertRecording(path: string): Promise<void> {
  let events = 0
  for await (const _ of recordedEvents(path)) if (++events >= EVENTS_AT_START) return
}

interface RecordedEvent {
  event: SwarmEvent
  seq: number
  atMs: number
  bytes: number
  /** For messages: they say where it is wrong, and nothing of what is there. */
  where: string
}

async function* recordedEvents(path: string): AsyncGenerator<RecordedEvent> {
  const file = await openFile(path)
  try {
    yield* eventsIn(boundedLines(file.createReadStream({ autoClose: false }), MAX_LINE_BYTES, tooLong))
  } catch (error) {
    throw error instanceof SwarmscopeError ? error : cannotBeRead(error)
  } finally {
    await file.close()
  }
}

async function* eventsIn(lines: AsyncIterable<string>): AsyncGenerator<RecordedEvent> {
  const held = new HeldState()
  let number = 0
  let told: z.infer<typeof head> | null = null
  let ended = false
  let lastSeq = 0
  let atMs = 0
  for await (const line of lines) {
    number++
    const where = `Line ${number}`
    if (told === null) {
      told = parseHead(line)
      atMs = Date.parse(told.from)
      continue
    }
    if (ended) throw unreadable(`${where} stands behind its end`)
    const json = jsonOf(line)
    if (json === undefined) throw unreadable(`${where} is no JSON: it is damaged, or cut short there`)
    ended = foot.safeParse(json).success
    if (ended) continue
    const { event, seq } = parseEvent(json, where)
    if (seq < lastSeq) throw unreadable(`${where} is of a batch before the last`)
    lastSeq = seq
    // A clock that was set back is waited for, one that was ahead is not.
    atMs = Math.max(atMs, Math.min(Date.parse(event.receivedAt), Date.parse(told.to)))
    const bytes = Buffer.byteLength(line)
    if (!held.take(event, bytes)) throw unreadable(`At line ${number} it is larger than any swarm that can be shown`)
    yield { event, seq, atMs, bytes, where }
  }
  if (told === null) throw unreadable('It is empty')
  if (!ended && told.version > 1) throw unreadable(`It is cut short after line ${number}`)
}

/** Whatever stands there: a directory or a device is no recording, and a FIFO would be waited for for ever. */
async function openFile(path: string): Promise<FileHandle> {
  let file: FileHandle
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    throw cannotBeRead(error)
  }
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw unreadable('What stands there is no file')
}

function parseHead(line: string): z.infer<typeof head> {
  const parsed = head.safeParse(line.length > MAX_HEAD_BYTES ? undefined : jsonOf(line))
  if (!parsed.success) throw unreadable('It does not begin as a recording of Swarmscope')
  if (parsed.data.version > RECORDING_VERSION) throw new SwarmscopeError('RECORDING_NEWER')
  return parsed.data
}

function parseEvent(json: unknown, where: string): { event: SwarmEvent; seq: number } {
  const line = recordedLine.safeParse(json)
  if (!line.success) throw unreadable(`${where} is no event`)
  const { seq, ...kept } = line.data
  if (kept.v > EVENT_VERSION) throw new SwarmscopeError('RECORDING_NEWER')
  let current: unknown
  try {
    current = upcast(kept)
  } catch (cause) {
    throw unreadable(`${where} is no event that was ever written`, cause)
  }
  const event = recordedEvent.safeParse(current)
  if (event.success) return { event: event.data, seq }
  const field = event.error.issues[0]?.path.filter((part) => typeof part === 'string').slice(0, 2)
  throw unreadable(`${where} is no event${field?.length ? ` (${isName(field) ? field.join('.') : 'its fields'})` : ''}`)
}

/** Keys of a record are the file's own words; those of the schema are ours. */
const isName = (path: readonly string[]): boolean => path.every((part) => /^[A-Za-z]{1,20}$/.test(part))

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined // said by whoever looks for something in it
  }
}

const tooLong = (number: number) => unreadable(`Line ${number} is too long`)
const unreadable = (detail: string, cause?: unknown) =>
  new SwarmscopeError('RECORDING_UNREADABLE', { detail }, { cause })

function cannotBeRead(error: unknown): SwarmscopeError {
  const { code = 'unknown' } = error as NodeJS.ErrnoException
  return unreadable(code === 'ENOENT' ? 'There is no such file' : `The file cannot be read (${code})`, error)
}
