// The durable event log: SQLite in a worker thread. Commits are grouped without a timer: what has come in is written as
// soon as no write is under way. Subscribers hear of committed batches only.

import { createHash } from 'node:crypto'
import { Histogram } from '../../platform/histogram.ts'
import { type Batch, EVENT_VERSION, type SwarmEvent } from '../../protocol/events.ts'
import { type Checkpoint, FOLD_VERSION } from '../../protocol/fold.ts'
import type { Entity } from '../../protocol/swarm.ts'
import { BatchEncoding, eventsOf } from './batchText.ts'
import type { EventLog, Notes } from './eventLog.ts'
import { LogClock } from './logClock.ts'
import { logUnavailable } from './logError.ts'
import type { LogFileFigures, LogFileOptions, OpenedLog, WireBatch } from './logFile.ts'
import { type LogThread, WorkerThread } from './logThread.ts'
import { Subscribers } from './subscribers.ts'

/** In one transaction: about 100 ms of writing, which a batch that comes meanwhile waits for. */
const MAX_GROUP_EVENTS = 10_000
/** A disk that hangs: what waits for it would pile up in memory. */
const MAX_WAITING_CHARS = 128 * 1024 * 1024
/** Of an event, as long as it is not encoded. */
const EVENT_CHARS = 1_000
/** Encoded, or read, in one turn of the event loop: some 0.5 ms; answers must not wait for a batch of 10,000 agents. */
const CHARS_AT_ONCE = 64 * 1024
/** Encoded in one turn: then it is given to the thread in the next one. */
const MUCH_CHARS = 16 * 1024
const WRITE_TIMEOUT_MS = 15_000
/** Whoever looks at a server does not wait for a disk that hangs. */
const FIGURES_TIMEOUT_MS = 250
const COMMIT_BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
const READ_EVENTS = 2_000

interface Waiting {
  /** Without events: notes alone, and no batch. */
  batch: Batch
  notes: Notes
  atMs: number
  encoding: BatchEncoding
  /** As far as it is known. */
  chars: number
  resolve: (seq: number) => void
  reject: (error: unknown) => void
}

export interface SqliteLogOptions extends LogFileOptions {
  /** Default: a worker of its own. */
  thread?: LogThread
  writeTimeoutMs?: number
  /** The system's clock is far behind the log's: until it has caught up, all that comes bears one time. */
  onClockBehind?: ((behindMs: number) => void) | undefined
}

export class SqliteLog implements EventLog {
  readonly epoch: string
  /** From when a group was given to the thread to when it was committed. */
  readonly commitDuration = new Histogram(COMMIT_BOUNDS_S)
  #figures: LogFileFigures | null = null
  /** The last committed batch's. */
  #seq: number
  /** The last one that was given out. */
  #lastSeq: number
  readonly #clock: LogClock
  #firstSeq: number
  readonly #thread: LogThread
  readonly #writeTimeoutMs: number
  readonly #subscribers = new Subscribers()
  /** Not encoded yet, or not wholly. */
  readonly #coming: Waiting[] = []
  readonly #waiting: Waiting[] = []
  /** The group that is being written. */
  #underWay: Waiting[] = []
  #waitingChars = 0
  /** In this turn of the event loop. */
  #encodedChars = 0
  #encoding: Promise<void> | null = null
  #writing: Promise<void> | null = null
  #broken: Error | null = null
  #closing: Promise<void> | null = null

  /** Rejects with `LOG_UNAVAILABLE`, `LOG_IN_USE` or `LOG_NEWER`. */
  static async open({
    thread = new WorkerThread(),
    writeTimeoutMs,
    onClockBehind,
    ...options
  }: SqliteLogOptions): Promise<SqliteLog> {
    try {
      return new SqliteLog(thread, await thread.open(options), writeTimeoutMs, onClockBehind)
    } catch (error) {
      thread.abandon()
      throw error
    }
  }

  private constructor(
    thread: LogThread,
    opened: OpenedLog,
    writeTimeoutMs = WRITE_TIMEOUT_MS,
    onClockBehind?: SqliteLogOptions['onClockBehind'],
  ) {
    this.#thread = thread
    this.#writeTimeoutMs = writeTimeoutMs
    this.epoch = createHash('sha256')
      .update(`${opened.logId}/${FOLD_VERSION}/${EVENT_VERSION}/${opened.incarnation}`)
      .digest('hex')
      .slice(0, 20)
    this.#seq = opened.seq
    this.#lastSeq = opened.seq
    this.#clock = new LogClock(opened.lastAtMs, onClockBehind)
    this.#firstSeq = opened.firstSeq
    thread.onBroken = (error) => this.#break(error)
  }

  /** Of the last committed batch. */
  get seq(): number {
    return this.#seq
  }

  /** When the last batch came in, in ms since 1970; 0 if there never was one. */
  get lastAtMs(): number {
    return this.#clock.lastMs
  }

  /** Given, and not committed yet. */
  get waitingBatches(): number {
    return this.#coming.length + this.#waiting.length + this.#underWay.length
  }

  /** Of the file as it is, or as it was when it last answered in time; `null`: it never did. */
  async figures(): Promise<LogFileFigures | null> {
    if (this.#broken || this.#closing) return this.#figures
    const asked = this.#thread.figures().then(
      (figures) => {
        this.#figures = figures
      },
      () => undefined, // a file that breaks is told by what is written to it
    )
    await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, FIGURES_TIMEOUT_MS).unref())])
    return this.#figures
  }

  append(events: readonly SwarmEvent[], notes: Notes = NO_NOTES): Promise<number> {
    if (this.#closing) return Promise.reject(new Error('the event log is closed'))
    if (this.#broken) return Promise.reject(this.#broken)
    if (events.length === 0 && notes.size === 0) return Promise.resolve(this.#lastSeq)
    const chars = events.length * EVENT_CHARS + charsOf(notes)
    if (this.#waitingChars > 0 && this.#waitingChars + chars > MAX_WAITING_CHARS) {
      this.#break(logUnavailable(new Error('the disk does not keep up')))
      return Promise.reject(this.#broken)
    }
    if (events.length > 0) this.#lastSeq++
    const batch: Batch = { seq: this.#lastSeq, events: this.#clock.stamp(events) }
    this.#waitingChars += chars
    return new Promise((resolve, reject) => {
      const encoding = new BatchEncoding(batch)
      this.#coming.push({ batch, notes, atMs: this.#clock.lastMs, encoding, chars, resolve, reject })
      if (this.#coming.length === 1) this.#encode()
    })
  }

  notes(prefix: string): Promise<ReadonlyMap<string, string>> {
    return this.#thread.notes(prefix)
  }

  /** A file whose state cannot be read is given up. */
  async checkpoint(): Promise<Checkpoint | null> {
    const { entities, versions, knownUntilMs, ...rest } = await this.#thread.checkpoint().catch((error: unknown) => {
      if (!this.#closing) this.#break(logUnavailable(error))
      throw error
    })
    return {
      ...rest,
      entities: (JSON.parse(entities) as Entity[]).map((entity, index) => ({
        entity,
        version: [versions[2 * index] ?? 0, versions[2 * index + 1] ?? 0] as const,
      })),
      knownUntil: knownUntilMs > 0 ? new Date(knownUntilMs).toISOString() : null,
    }
  }

  async *read(from: number, to: number): AsyncIterable<Batch> {
    let after = from
    while (after < Math.min(to, this.#seq)) {
      const batches = await this.#thread.read(after, Math.min(to, this.#seq), READ_EVENTS)
      for (const { seq, text } of batches) {
        yield { seq, events: await eventsOf(text, CHARS_AT_ONCE) }
        after = seq
      }
      if (batches.length === 0) return
    }
  }

  subscribe(from: number, onBatch: (batch: Batch) => void): () => void {
    if (from + 1 < this.#firstSeq) {
      throw new RangeError(`the log begins at ${this.#firstSeq}, ${from + 1} was asked for`)
    }
    let position = from
    let stopped = false
    const take = (batch: Batch) => {
      if (stopped || batch.seq <= position) return
      position = batch.seq
      onBatch(batch)
    }
    let stop = () => {
      stopped = true
    }
    // Sets in at the head without a gap: nothing can be told between the last look and `add`.
    const follow = () => {
      const remove = this.#subscribers.add(take)
      stop = () => {
        stopped = true
        remove()
      }
    }
    const catchUp = async () => {
      while (!stopped && position < this.#subscribers.toldTo(this.#seq)) {
        for await (const batch of this.read(position, this.#subscribers.toldTo(this.#seq))) {
          if (stopped) return
          take(batch)
        }
      }
      if (!stopped) follow()
    }
    if (position >= this.#subscribers.toldTo(this.#seq)) follow()
    else catchUp().catch((error: unknown) => this.#break(logUnavailable(error)))
    return () => stop()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#subscribers.clear()
    while (this.#encoding ?? this.#writing) await (this.#encoding ?? this.#writing)
    if (!this.#broken) await this.#thread.close()
  }

  /** What has come in, as far as this turn allows, the rest in the next ones; what is encoded gets written. */
  #encode(): void {
    let done = 0
    try {
      for (const coming of this.#coming) {
        if (this.#encodedChars >= CHARS_AT_ONCE) break
        const chars = coming.encoding.step(CHARS_AT_ONCE - this.#encodedChars)
        this.#encodedChars += chars
        coming.chars += chars
        this.#waitingChars += chars
        if (!coming.encoding.isDone) break
        // The estimate gives way to what it is.
        const estimate = coming.batch.events.length * EVENT_CHARS
        coming.chars -= estimate
        this.#waitingChars -= estimate
        done++
      }
    } catch (error) {
      this.#break(logUnavailable(error))
      return
    }
    this.#waiting.push(...this.#coming.splice(0, done))
    this.#encoding ??= this.#encodeRest()
    // To give much of it away takes as long again.
    if (this.#encodedChars < MUCH_CHARS) this.#write()
  }

  #write(): void {
    if (this.#waiting.length > 0) this.#writing ??= this.#writeAll()
  }

  async #encodeRest(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#encoding = null
    this.#encodedChars = 0
    this.#write()
    if (this.#coming.length > 0) this.#encode()
  }

  /** Never rejects: what goes wrong is every waiting batch's. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#broken) {
      const group = this.#nextGroup()
      this.#underWay = group
      try {
        const beganMs = performance.now()
        const batches = group.filter(({ batch }) => batch.events.length > 0).map(wireOf)
        const { firstSeq } = await this.#inTime(this.#thread.write(batches, notesOf(group)))
        this.commitDuration.observe((performance.now() - beganMs) / 1_000)
        this.#firstSeq = firstSeq
      } catch (error) {
        this.#break(logUnavailable(error))
        break
      }
      // Given up meanwhile: whether it was committed is not known to anybody, so nobody may be told.
      if (this.#broken) break
      this.#underWay = []
      for (const { batch, chars, encoding, resolve, reject } of group) {
        this.#waitingChars -= chars
        this.#seq = batch.seq
        try {
          if (batch.events.length > 0) this.#subscribers.tell({ seq: batch.seq, events: encoding.numbered })
          resolve(batch.seq)
        } catch (error) {
          reject(error)
        }
      }
    }
    this.#writing = null
  }

  #nextGroup(): Waiting[] {
    let events = 0
    let count = 0
    for (const { batch } of this.#waiting) {
      if (count > 0 && events + batch.events.length > MAX_GROUP_EVENTS) break
      events += batch.events.length
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #inTime<T>(write: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the disk does not answer')), this.#writeTimeoutMs)
    })
    try {
      return await Promise.race([write, late])
    } finally {
      clearTimeout(timer)
    }
  }

  /** For good: from now on everything is refused with the reason. */
  #break(error: Error): void {
    if (this.#broken) return
    this.#broken = error
    // What is under way too, and first: the order in which they are refused is that in which memory takes them over.
    const refused = [...this.#underWay, ...this.#waiting.splice(0), ...this.#coming.splice(0)]
    this.#underWay = []
    this.#waitingChars = 0
    this.#thread.abandon()
    for (const { reject } of refused) reject(error)
    this.#onBroken?.(error)
  }

  #onBroken: ((error: Error) => void) | undefined

  /** Called once, when the file cannot be kept any longer (at once, if that was so before). */
  onBroken(listener: (error: Error) => void): void {
    this.#onBroken = listener
    if (this.#broken) listener(this.#broken)
  }
}

const wireOf = ({ batch, atMs, encoding }: Waiting): WireBatch => ({
  seq: batch.seq,
  atMs,
  events: batch.events.length,
  texts: encoding.texts,
  marks: encoding.marks,
  plights: encoding.plights,
})

const NO_NOTES: Notes = new Map()

/** What the last of them said, by key. */
function notesOf(group: readonly Waiting[]): Notes {
  const notes = new Map<string, string | null>()
  for (const waiting of group) for (const [key, text] of waiting.notes) notes.set(key, text)
  return notes
}

function charsOf(notes: Notes): number {
  let chars = 0
  for (const [key, text] of notes) chars += key.length + (text?.length ?? 0)
  return chars
}
