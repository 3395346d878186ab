// Reads a log's file for its history, beside the process that writes it. Entities pass through as the text that they are
// in the file: a state of the past is put together without parsing one of them.

import { EVENT_VERSION, type Version } from '../../protocol/events.ts'
import type { EntityKind } from '../../protocol/swarm.ts'
import { Versions } from '../../protocol/versions.ts'
import {
  agentsIn,
  type EventHead,
  eachEvent,
  eventOf,
  kindOf,
  markOf,
  parseRef,
  refOf,
  upcastJson,
} from '../log/batchText.ts'
import { Bodies } from '../log/bodies.ts'
import { Database } from '../log/database.ts'
import { eachOfKeyframe, type InKeyframe } from '../log/keyframes.ts'
import { COUNT_BUCKET_MS } from '../log/logFile.ts'
import { TURNS, type Turn } from '../log/turns.ts'

/** What one page of events may look at: a filter that fits nowhere must not keep the thread. */
const MAX_SCANNED_EVENTS = 50_000
const SCAN_ROWS = 100
/** An index behind the last event of any batch: who is there has had the whole batch. */
const BATCH_END = 9_999_999

export interface HistoryOverview {
  /** Times of the first and last batch that is kept; `null`: there is none. */
  first: number | null
  last: number | null
  /** From when on the state can be told; `null`: not at all. */
  stateFrom: number | null
  from: number
  to: number
  bucketMs: number
  /** Those with events in them. */
  buckets: HistoryBucket[]
}

/** Events by their type, and how often an agent began to fail, or to wait for a person. */
export type HistoryBucket = { at: number; counts: Record<string, number> } & Record<Turn, number>

export interface EventQuery {
  fromMs: number | null
  toMs: number | null
  /** An event type (`agent.upserted`) or a kind of entity (`agent`); `null`: all. */
  kind: string | null
  /** An agent's id: its own events, and those of links and tasks that name it; `null`: all. */
  agent: string | null
  /** `SEQ.INDEX` of the last event that was had. */
  after: string | null
  limit: number
}

export interface EventPage {
  /** One event a line. */
  lines: string
  /** For `after`; `null`: there are no more. */
  next: string | null
}

export interface PastState {
  seq: number
  /** When the last batch in it came in. */
  atMs: number
  /** For each kind the entities, each as JSON. */
  entities: Record<EntityKind, string[]>
  /** With which version each of them was said last, in the same order. */
  versions: Record<EntityKind, Version[]>
  /** Those that had ended, as far as the log knew: what comes late of them must not bring them back. */
  ended: { entity: EntityKind; id: string; version: Version }[]
}

/** What was stated of an entity, by the version `v`. */
interface Stated {
  json: string
  v: number
}

/** A state of the past, folded as the present one is, but with its entities as text. */
class PastFold {
  readonly versions = new Versions()
  readonly entities = new Map<string, Stated>()

  versionOf(ref: string): Version {
    return this.versions.alive.get(ref) ?? [0, 0]
  }

  restore({ ref, version, rev, v, json }: InKeyframe): void {
    if (json === '') this.versions.ended.set(ref, { version, rev })
    else {
      this.versions.alive.set(ref, version)
      this.entities.set(ref, { json, v })
    }
  }

  take({ type, id, version, v }: EventHead, json: string, seq: number): void {
    const ref = refOf(kindOf(type), id)
    if (!this.versions.take(ref, version, seq, json === '')) return
    if (json === '') this.entities.delete(ref)
    else this.entities.set(ref, { json, v })
  }
}

export class HistoryFile {
  readonly #database: Database
  readonly #bodies: Bodies

  /** Throws an error with SQLite's code. */
  constructor(path: string) {
    this.#database = new Database(path, { readOnly: true, busyTimeoutMs: 2_000 })
    const dictionary = this.#database.prepare("SELECT value FROM meta WHERE key = 'dictionary'").row()?.[0]
    this.#bodies = new Bodies(String(dictionary ?? ''))
  }

  overview(fromMs: number | null, toMs: number | null, maxBuckets: number): HistoryOverview {
    return this.#reading(() => this.#overview(fromMs, toMs, maxBuckets))
  }

  /** Throws `RangeError` for a time that the log does not reach back to. Without versions: also without what had ended. */
  stateAt(atMs: number, withVersions = true): PastState {
    return this.#reading(() => {
      const { fold, ...rest } = this.#foldTo(atMs)
      const entities: PastState['entities'] = { agent: [], task: [], swarm: [], link: [], source: [] }
      const versions: PastState['versions'] = { agent: [], task: [], swarm: [], link: [], source: [] }
      for (const [ref, { json, v }] of fold.entities) {
        const kind = kindIn(ref)
        entities[kind].push(upcastJson(json, v))
        if (withVersions) versions[kind].push(fold.versionOf(ref))
      }
      if (!withVersions) return { ...rest, entities, versions, ended: [] }
      const ended = [...fold.versions.ended].map(([ref, { version }]) => ({ ...parseRef(ref), version }))
      return { ...rest, entities, versions, ended }
    })
  }

  /** Throws `RangeError` when what comes after the cursor is no longer there. */
  events(query: EventQuery): EventPage {
    return this.#reading(() => this.#events(query))
  }

  /**
   * The state at `fromMs`, or at the first time after it that the log still reaches back to, as events, one a line, to
   * begin a recording with; `next`: the cursor for what comes after it. Throws `RangeError` when no state can be told.
   */
  beginning(fromMs: number): { lines: string; next: string; fromMs: number } {
    return this.#reading(() => this.#beginning(fromMs))
  }

  close(): void {
    this.#database.close()
  }

  /** In one transaction: what is tidied away meanwhile is still there for every statement of `work`. */
  #reading<T>(work: () => T): T {
    this.#database.exec('BEGIN')
    try {
      return work()
    } finally {
      this.#database.exec('COMMIT')
    }
  }

  #overview(fromMs: number | null, toMs: number | null, maxBuckets: number): HistoryOverview {
    const first = this.#database.prepare('SELECT min(at_ms) FROM batches').number()
    const last = this.#database.prepare('SELECT max(at_ms) FROM batches').number()
    const from = Math.max(fromMs ?? 0, first ?? 0)
    const to = Math.min(toMs ?? Number.MAX_SAFE_INTEGER, last ?? 0)
    const fine = Math.max(1, Math.ceil((to - from + 1) / COUNT_BUCKET_MS / maxBuckets))
    const bucketMs = fine * COUNT_BUCKET_MS
    const buckets = new Map<number, HistoryBucket>()
    const rows = this.#database
      // libsql binds every number as a float, which would divide as one.
      .prepare(
        'SELECT bucket / CAST(? AS INTEGER), type, sum(events) FROM counts WHERE bucket >= ? AND bucket <= ? GROUP BY 1, 2',
      )
      .rows(fine, Math.floor(from / COUNT_BUCKET_MS), Math.floor(to / COUNT_BUCKET_MS))
    for (const [bucket, type, events] of rows) {
      const at = Number(bucket) * bucketMs
      const found = buckets.get(at) ?? { at, counts: {}, failed: 0, waiting: 0 }
      buckets.set(at, found)
      if (type === TURNS.failed) found.failed = Number(events)
      else if (type === TURNS.waiting) found.waiting = Number(events)
      else found.counts[String(type)] = Number(events)
    }
    return {
      first,
      last,
      stateFrom: this.#stateFromMs(first),
      from,
      to,
      bucketMs,
      buckets: [...buckets.values()].sort((a, b) => a.at - b.at),
    }
  }

  #foldTo(atMs: number): { fold: PastFold; seq: number; atMs: number } {
    const batch = this.#database
      .prepare('SELECT seq, at_ms FROM batches WHERE at_ms <= ? ORDER BY at_ms DESC, seq DESC LIMIT 1')
      .row(atMs)
    const keyframe = this.#database
      .prepare('SELECT seq, at_ms, body FROM keyframes WHERE at_ms <= ? AND seq <= ? ORDER BY seq DESC LIMIT 1')
      .row(atMs, batch ? Number(batch[0]) : Number.MAX_SAFE_INTEGER)
    const firstSeq = this.#database.prepare('SELECT min(seq) FROM batches').number()
    if (!keyframe && !(batch && firstSeq === 1)) throw new RangeError('the history begins later')
    const fold = new PastFold()
    if (keyframe) eachOfKeyframe(this.#bodies.unpack(keyframe[2]), (entity) => fold.restore(entity))
    const fromSeq = Number(keyframe?.[0] ?? 0)
    const seq = Math.max(fromSeq, Number(batch?.[0] ?? 0))
    for (let after = fromSeq; after < seq; ) {
      const rows = this.#database
        .prepare('SELECT seq, body FROM batches WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?')
        .rows(after, seq, SCAN_ROWS)
      if (rows.length === 0) throw new RangeError(`batch ${after + 1} is gone`)
      for (const [rowSeq, body] of rows) {
        if (rowSeq !== after + 1) throw new RangeError(`batch ${after + 1} is gone`)
        eachEvent(this.#bodies.unpack(body), (head, json) => fold.take(head, json, rowSeq))
        fold.versions.forget()
        after = rowSeq
      }
    }
    return { fold, seq, atMs: Number(batch?.[1] ?? keyframe?.[1] ?? 0) }
  }

  #events({ fromMs, toMs, kind, agent, after, limit }: EventQuery): EventPage {
    const [afterSeq = 0, afterIndex = -1] = after === null ? [] : after.split('.').map(Number)
    if (after !== null) this.#assertKeptAfter(afterSeq, afterIndex)
    const mark = agent === null ? null : markOf(agent)
    const read = this.#database.prepare(
      `SELECT seq, body FROM batches WHERE seq >= ? AND seq <= ?${mark ? ' AND instr(marks, ?) > 0' : ''}
       ORDER BY seq LIMIT ${SCAN_ROWS}`,
    )
    // Times rise with the numbers, so a span of time is a span of these.
    const lastSeq = this.#lastSeqTo(toMs)
    let lines = ''
    let found = 0
    let scanned = 0
    let next = Math.max(afterSeq, this.#firstSeqFrom(fromMs))
    let cursor = after
    for (;;) {
      const rows = read.rows(next, lastSeq, ...(mark ? [mark] : []))
      if (rows.length === 0) return { lines, next: null }
      for (const [seq, body] of rows) {
        let index = -1
        let full = false
        eachEvent(this.#bodies.unpack(body), (head, entity, headText) => {
          index++
          if (full || (seq === afterSeq && index <= afterIndex)) return
          if (found >= limit) {
            full = true
            return
          }
          scanned++
          cursor = `${seq}.${index}`
          if (kind !== null && head.type !== kind && kindOf(head.type) !== kind) return
          if (agent !== null && !agentsIn(eventOf(head, entity)).includes(agent)) return
          found++
          lines += `{"seq":${seq},${fieldsNow(head, headText, entity)}}\n`
        })
        if (full) return { lines, next: cursor }
        next = Number(seq) + 1
      }
      if (found >= limit || scanned >= MAX_SCANNED_EVENTS) return { lines, next: cursor }
    }
  }

  #beginning(wantedMs: number): { lines: string; next: string; fromMs: number } {
    const first = this.#database.prepare('SELECT min(at_ms) FROM batches').number()
    const stateFromMs = this.#stateFromMs(first)
    if (stateFromMs === null) throw new RangeError('no state can be told')
    const fromMs = Math.max(wantedMs, stateFromMs)
    const { fold, seq } = this.#foldTo(fromMs)
    const receivedAt = new Date(fromMs).toISOString()
    const head = (ref: string, what: string, sourceId: string, version: Version): string => {
      const named = { v: EVENT_VERSION, type: `${kindIn(ref)}.${what}`, key: `recording/${ref}`, sourceId }
      return `{"seq":${seq},${JSON.stringify({ ...named, version, at: null, receivedAt }).slice(1, -1)}`
    }
    let lines = ''
    // What has ended, too, in the order of the ends: or a late event would begin it anew (SPEC.md, L4).
    for (const [ref, { version }] of fold.versions.ended) {
      const { id } = parseRef(ref)
      // Nothing else of an ended one is kept; its id begins with its source's.
      lines += `${head(ref, 'retired', id.split('/', 1)[0] ?? '', version)},"id":${JSON.stringify(id)}}\n`
    }
    for (const [ref, stated] of fold.entities) {
      const json = upcastJson(stated.json, stated.v)
      const { id, sourceId = id } = JSON.parse(json) as { id: string; sourceId?: string }
      lines += `${head(ref, 'upserted', sourceId, fold.versionOf(ref))},"entity":${json}}\n`
    }
    return { lines, next: `${seq}.${BATCH_END}`, fromMs }
  }

  #assertKeptAfter(seq: number, index: number): void {
    const lastSeq = Number(this.#database.prepare("SELECT value FROM meta WHERE key = 'seq'").row()?.[0] ?? 0)
    const firstSeq = this.#database.prepare('SELECT min(seq) FROM batches').number() ?? lastSeq + 1
    // Of the last batch that is gone nobody can tell whether there was more in it.
    const hadWhole = seq === 0 || index >= BATCH_END
    if (seq < firstSeq - 1 || (seq === firstSeq - 1 && !hadWhole)) {
      throw new RangeError(`the log begins at ${firstSeq}, what comes after ${seq}.${index} was asked for`)
    }
  }

  #firstSeqFrom(fromMs: number | null): number {
    if (fromMs === null) return 0
    return (
      this.#database.prepare('SELECT seq FROM batches WHERE at_ms >= ? ORDER BY at_ms, seq LIMIT 1').number(fromMs) ??
      Number.MAX_SAFE_INTEGER
    )
  }

  #lastSeqTo(toMs: number | null): number {
    if (toMs === null) return Number.MAX_SAFE_INTEGER
    return (
      this.#database
        .prepare('SELECT seq FROM batches WHERE at_ms <= ? ORDER BY at_ms DESC, seq DESC LIMIT 1')
        .number(toMs) ?? 0
    )
  }

  #stateFromMs(firstMs: number | null): number | null {
    if (this.#database.prepare('SELECT min(seq) FROM batches').number() === 1) return firstMs
    return this.#database.prepare('SELECT min(at_ms) FROM keyframes').number()
  }
}

/** An event's fields as JSON without the braces, as they would be now: what is of today passes as it is. */
function fieldsNow(head: EventHead, headText: string, entity: string): string {
  const text = head.v === EVENT_VERSION ? headText : JSON.stringify({ ...head, v: EVENT_VERSION })
  return `${text.slice(1, -1)}${entity === '' ? '' : `,"entity":${upcastJson(entity, head.v)}`}`
}

const kindIn = (ref: string): EntityKind => ref.slice(0, ref.indexOf(' ')) as EntityKind
