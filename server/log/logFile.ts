// A log's file, written by one process: batches in, the folded state beside them in the same transaction. Synchronous:
// it lives in a worker (logWorker.ts).
//
// What survives: synchronous=NORMAL lets a commit return before the disk has it. A process that is killed loses nothing
// (its writes are the system's already); a power cut may lose the last commits. Whether the system went down meanwhile
// is told by its boot id: then, after a stop without `close`, the file gets another incarnation and so another epoch, for
// viewers may have seen what is lost. Marks are made with synchronous=FULL, so that they are never lost themselves.

import { randomUUID } from 'node:crypto'
import { chmodSync, statSync } from 'node:fs'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { EVENT_VERSION } from '../../protocol/events.ts'
import type { EntityKind } from '../../protocol/swarm.ts'
import { Versions } from '../../protocol/versions.ts'
import { type EventHead, eachEvent, kindOf, parseRef, refOf, upcastJson } from './batchText.ts'
import { Bodies, DICTIONARY } from './bodies.ts'
import { DEFAULT_MAX_AGE_MS, DEFAULT_MAX_BYTES } from './bounds.ts'
import { Database, type Statement, type Value } from './database.ts'
import type { Notes } from './eventLog.ts'
import { lockFile } from './fileLock.ts'
import { Keyframes } from './keyframes.ts'
import { type Migration, migrate } from './schema.ts'
import { removeStrayWal } from './strayWal.ts'
import { TURNS, type Turn, turnsOf } from './turns.ts'

/** Rows that one step of tidying deletes: some milliseconds. */
const TIDY_ROWS = 500
const TIDY_PAGES = 256
/** The file is kept this much below its bound: a commit may come before the next step. */
const FILL = 0.95
/** A tenth of a minute: fine enough for a timeline of the last quarter of an hour. */
export const COUNT_BUCKET_MS = 10_000
/** 16 MB of WAL before it is copied back: a commit waits for that copying. */
const MAX_WAL_PAGES = 4_000
const MAX_WAL_KEPT_BYTES = 32 * 1024 * 1024
/** It counts as used (it is on the disk): of a small bound it may not take all, or no history would be left. */
const WAL_SHARE = 0.25
/** In one call of SQLite: half of what it costs one by one; more at once gain no more. */
const UPSERTS_AT_ONCE = 16
const ENTITY_COLUMNS = ['ref', 'rev', 'incarnation', 'revision', 'source_id', 'v', 'json'] as const

export interface LogFileOptions {
  path: string
  maxAgeMs?: number
  maxBytes?: number
  /** Names the run of the system; `null`: not known, so that any unclean stop may have lost something. */
  bootId: string | null
  migrations?: readonly Migration[]
}

export interface LogFileFigures {
  /** The WAL's too. */
  fileBytes: number
  /** When the oldest batch that is kept came in; `null`: none is. */
  oldestMs: number | null
  keyframes: number
}

/** A batch as it crosses the thread. */
export interface WireBatch {
  seq: number
  atMs: number
  events: number
  /** Of `BatchEncoding`. */
  texts: readonly string[]
  marks: Uint8Array
  plights: readonly number[]
}

export interface OpenedLog {
  logId: string
  incarnation: string
  /** Of the last batch. */
  seq: number
  lastAtMs: number
  /** Of the first batch that is still kept; `seq + 1` if none is. */
  firstSeq: number
}

/** `Checkpoint` of protocol/fold.ts, as few long strings as possible. */
export interface WireCheckpoint {
  seq: number
  tombstoneFloor: number
  /** A JSON array of whole entities. */
  entities: string
  /** Incarnation and revision of each, one after the other. */
  versions: number[]
  ended: { entity: EntityKind; id: string; rev: number; version: [number, number] }[]
  incarnations: [string, number][]
  knownUntilMs: number
}

/** What a transaction leaves of an entity; `forgotten`: not even that it ended. */
type LastWord = { head: EventHead; seq: number; json: string | null } | 'forgotten'

export class LogFile {
  readonly #path: string
  readonly #database: Database
  readonly #unlock: () => void
  readonly #maxAgeMs: number
  readonly #maxBytes: number
  readonly #bodies: Bodies
  readonly #keyframes: Keyframes
  readonly #insertBatch: Statement
  readonly #upsertEntity: Statement
  readonly #upsertEntities: Statement
  readonly #endEntity: Statement
  readonly #forgetEntity: Statement
  readonly #setIncarnation: Statement
  readonly #versions: Versions
  readonly #incarnations: Map<string, number>
  readonly #count: Statement
  readonly #lastOf: Statement
  readonly #setMeta: Statement
  readonly #setNote: Statement
  readonly #deleteNote: Statement
  readonly opened: OpenedLog
  #seq: number
  #firstSeq: number
  #events: number
  /** When the last run heard anything, or ended in order. */
  #knownUntilMs = 0
  #closed = false

  /** Throws `LOG_IN_USE`, `LOG_NEWER`, or what libsql throws. */
  constructor(options: LogFileOptions) {
    const { path, maxAgeMs = DEFAULT_MAX_AGE_MS, maxBytes = DEFAULT_MAX_BYTES, bootId, migrations } = options
    this.#path = path
    this.#maxAgeMs = maxAgeMs
    this.#maxBytes = maxBytes
    this.#unlock = lockFile(path)
    try {
      removeStrayWal(path)
      // A backup or somebody's shell may hold it for a moment.
      this.#database = new Database(path, { busyTimeoutMs: 2_000 })
    } catch (error) {
      this.#unlock()
      throw error
    }
    try {
      const database = this.#database
      chmodSync(path, 0o600) // its -wal gets the same
      database.pragma('auto_vacuum = INCREMENTAL') // counts only before the first table
      database.pragma('journal_mode = WAL')
      database.pragma('synchronous = FULL')
      const walBoundBytes = Math.floor(maxBytes * WAL_SHARE)
      const walPages = Math.max(1, Math.floor(walBoundBytes / this.#pageBytes)) // 0 would mean never
      database.pragma(`wal_autocheckpoint = ${Math.min(MAX_WAL_PAGES, walPages)}`)
      database.pragma(`journal_size_limit = ${Math.min(MAX_WAL_KEPT_BYTES, walBoundBytes)}`)
      migrate(database, migrations)
      this.#setMeta = database.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)')
      this.#beginRun(bootId)
      database.pragma('synchronous = NORMAL')
      this.#bodies = new Bodies(this.#text('dictionary'))
      this.#insertBatch = database.prepare(
        'INSERT INTO batches (seq, at_ms, events, marks, body) VALUES (?, ?, ?, ?, ?)',
      )
      const columns = `entities (${ENTITY_COLUMNS.join(', ')})`
      const row = `(${ENTITY_COLUMNS.map(() => '?').join(', ')})`
      const upsert = (rows: number) =>
        database.prepare(
          `INSERT INTO ${columns} VALUES ${Array(rows).fill(row).join()}
           ON CONFLICT (ref) DO UPDATE SET rev = excluded.rev, incarnation = excluded.incarnation, revision = excluded.revision,
             source_id = excluded.source_id, v = excluded.v, json = excluded.json`,
        )
      this.#upsertEntity = upsert(1)
      this.#upsertEntities = upsert(UPSERTS_AT_ONCE)
      // A new row, for its number is the last: within one batch it tells the order of the ends.
      this.#endEntity = database.prepare(`INSERT OR REPLACE INTO ${columns} VALUES (?, ?, ?, ?, ?, ?, NULL)`)
      this.#forgetEntity = database.prepare('DELETE FROM entities WHERE ref = ?')
      this.#setIncarnation = database.prepare('INSERT OR REPLACE INTO incarnations VALUES (?, ?)')
      this.#count = database.prepare(
        'INSERT INTO counts VALUES (?, ?, ?) ON CONFLICT (bucket, type) DO UPDATE SET events = events + excluded.events',
      )
      this.#setNote = database.prepare('INSERT OR REPLACE INTO notes VALUES (?, ?)')
      this.#deleteNote = database.prepare('DELETE FROM notes WHERE key = ?')
      this.#lastOf = database.prepare('SELECT json FROM entities WHERE ref = ?')
      this.#seq = this.#number('seq')
      this.#events = this.#number('events')
      this.#firstSeq = database.prepare('SELECT min(seq) FROM batches').number() ?? this.#seq + 1
      this.#versions = this.#readVersions()
      this.#incarnations = new Map(this.#readIncarnations())
      this.#keyframes = new Keyframes(database, this.#bodies)
      this.opened = {
        logId: this.#text('log_id'),
        incarnation: this.#text('incarnation'),
        seq: this.#seq,
        lastAtMs: this.#number('at_ms'),
        firstSeq: this.#firstSeq,
      }
    } catch (error) {
      this.#database.close()
      this.#unlock()
      throw error
    }
  }

  get firstSeq(): number {
    return this.#firstSeq
  }

  /** One transaction. Throws what libsql throws: then nothing of it is kept, and nothing more can be written. */
  write(batches: readonly WireBatch[], notes: Notes = new Map()): void {
    const last = batches.at(-1)
    if (!last && notes.size === 0) return
    const words = new Map<string, LastWord>()
    const spokenIn = new Map<string, number>()
    const counts = new Map<string, { bucket: number; type: string; events: number }>()
    let events = this.#events
    let endedFloor: number | null = null
    this.#database.transaction(() => {
      for (const { seq, atMs, events: inBatch, texts, marks, plights } of batches) {
        const bucket = Math.floor(atMs / COUNT_BUCKET_MS)
        const count = (type: string) => {
          const key = `${bucket} ${type}`
          const known = counts.get(key)
          if (known) known.events++
          else counts.set(key, { bucket, type, events: 1 })
        }
        let place = 0
        let nextPlight = 0
        const take = (head: EventHead, entity: string) => {
          count(head.type)
          const isPlight = plights[nextPlight] === place++
          if (isPlight) nextPlight++
          const { version, sourceId } = head
          if (version[0] > (this.#incarnations.get(sourceId) ?? Number.NEGATIVE_INFINITY)) {
            this.#incarnations.set(sourceId, version[0])
            spokenIn.set(sourceId, version[0])
          }
          const ref = refOf(kindOf(head.type), head.id)
          const json = entity === '' ? null : entity
          // One that was overtaken, or comes again, changes nothing (SPEC.md, L2).
          if (this.#versions.take(ref, version, seq, json === null)) {
            if (isPlight) for (const turn of this.#turns(words.get(ref), ref, entity)) count(TURNS[turn])
            words.delete(ref) // so that ends are written in their order
            words.set(ref, { head, seq, json })
          }
        }
        for (const text of texts) eachEvent(text, take)
        for (const { key, rev } of this.#versions.forget()) {
          words.set(key, 'forgotten')
          endedFloor = rev
        }
        events += inBatch
        this.#insertBatch.run(seq, atMs, inBatch, marks, this.#bodies.pack(texts.join('')))
      }
      this.#writeWords(words)
      for (const [sourceId, incarnation] of spokenIn) this.#setIncarnation.run(sourceId, incarnation)
      if (endedFloor !== null) this.#setMeta.run('ended_floor', endedFloor)
      for (const { bucket, type, events: more } of counts.values()) this.#count.run(bucket, type, more)
      for (const [key, text] of notes) {
        if (text === null) this.#deleteNote.run(key)
        else this.#setNote.run(key, text)
      }
      if (!last) return
      this.#setMeta.run('seq', last.seq)
      this.#setMeta.run('at_ms', last.atMs)
      this.#setMeta.run('events', events)
    })
    if (last) this.#seq = last.seq
    this.#events = events
  }

  #writeWords(words: ReadonlyMap<string, LastWord>): void {
    let values: Value[] = []
    for (const [ref, word] of words) {
      if (word === 'forgotten') {
        this.#forgetEntity.run(ref)
        continue
      }
      const { head, seq, json } = word
      const [incarnation, revision] = head.version
      if (json === null) {
        this.#endEntity.run(ref, seq, incarnation, revision, head.sourceId, head.v)
        continue
      }
      values.push(ref, seq, incarnation, revision, head.sourceId, head.v, json)
      if (values.length < UPSERTS_AT_ONCE * ENTITY_COLUMNS.length) continue
      this.#upsertEntities.run(...values)
      values = []
    }
    while (values.length > 0) this.#upsertEntity.run(...values.splice(0, ENTITY_COLUMNS.length))
  }

  /** What an event turns into, against what the log last said of the same agent (`word`: in this very transaction). */
  #turns(word: LastWord | undefined, ref: string, entity: string): Turn[] {
    const before = word === undefined ? this.#lastOf.row(ref)?.[0] : word === 'forgotten' ? null : word.json
    return turnsOf(typeof before === 'string' ? before : null, entity)
  }

  notes(prefix: string): Map<string, string> {
    const rows = this.#database
      .prepare('SELECT key, text FROM notes WHERE substr(key, 1, ?) = ?')
      .rows(prefix.length, prefix)
    return new Map(rows.map(([key, text]) => [String(key), String(text)]))
  }

  /** Batches after `from`, up to `to`, at most about `maxEvents` of events. Throws `RangeError` below the first. */
  read(from: number, to: number, maxEvents: number): { seq: number; text: string }[] {
    if (from + 1 < this.#firstSeq && from < to) {
      throw new RangeError(`the log begins at ${this.#firstSeq}, ${from + 1} was asked for`)
    }
    const found: { seq: number; text: string }[] = []
    let events = 0
    let after = from
    while (events < maxEvents) {
      const rows = this.#readBatches.rows(after, to)
      for (const [seq, inBatch, body] of rows) {
        if (found.length > 0 && events + Number(inBatch) > maxEvents) return found
        found.push({ seq: Number(seq), text: this.#bodies.unpack(body) })
        events += Number(inBatch)
        after = Number(seq)
      }
      if (rows.length === 0) break
    }
    return found
  }

  checkpoint(): WireCheckpoint {
    const entities: string[] = []
    const versions: number[] = []
    for (const [rev, incarnation, revision, json] of this.#database
      .prepare('SELECT rev, incarnation, revision, json FROM entities WHERE json IS NOT NULL ORDER BY rowid')
      .rows()) {
      // `rev` first, as the fold writes it (for V8's sake).
      entities.push(`{"rev":${rev},${String(json).slice(1)}`)
      versions.push(Number(incarnation), Number(revision))
    }
    const ended = [...this.#versions.ended].map(([ref, { version, rev }]) => ({
      ...parseRef(ref),
      rev,
      version: [version[0], version[1]] as [number, number],
    }))
    const incarnations = [...this.#incarnations]
    const tombstoneFloor = this.#number('ended_floor')
    const knownUntilMs = this.#knownUntilMs
    return {
      seq: this.#seq,
      tombstoneFloor,
      entities: `[${entities.join(',')}]`,
      versions,
      ended,
      incarnations,
      knownUntilMs,
    }
  }

  figures(): LogFileFigures {
    return {
      fileBytes: statSync(this.#path).size + walBytes(this.#path),
      oldestMs: this.#database.prepare('SELECT at_ms FROM batches WHERE seq = ?').number(this.#firstSeq),
      keyframes: this.#database.prepare('SELECT count(*) FROM keyframes').number() ?? 0,
    }
  }

  /** One short step of keeping the bounds; whether another is due. */
  tidy(nowMs: number): boolean {
    return this.#forgetOld(nowMs) || this.#shrink()
  }

  /** Makes the keyframe that is due, if one is; the packing happens off the thread. */
  async keyframe(): Promise<void> {
    await this.#keyframes.make(this.#seq, this.#number('at_ms'), this.#events, () => !this.#closed)
  }

  /** In order: what a next start finds is whole, and is the same log. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    try {
      this.#database.pragma('synchronous = FULL')
      this.#setMeta.run('clean', 1)
      this.#setMeta.run('stopped_at_ms', Date.now())
      this.#database.pragma('wal_checkpoint(TRUNCATE)')
    } finally {
      this.#database.close()
      this.#unlock()
    }
  }

  /** Without the mark of a stop in order: the next start finds what a kill leaves. */
  abandon(): void {
    if (this.#closed) return
    this.#closed = true
    this.#database.close()
    this.#unlock()
  }

  get #readBatches(): Statement {
    return this.#database.prepare(
      'SELECT seq, events, body FROM batches WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 100',
    )
  }

  #beginRun(bootId: string | null): void {
    this.#database.transaction(() => {
      const eventVersion = this.#number('event_version')
      if (eventVersion > EVENT_VERSION) {
        throw new SwarmscopeError('LOG_NEWER', {
          detail: `Its events are version ${eventVersion}, this Swarmscope knows up to ${EVENT_VERSION}`,
        })
      }
      if (this.#meta('log_id') === undefined) {
        this.#setMeta.run('log_id', randomUUID())
        this.#setMeta.run('created_at_ms', Date.now())
        this.#setMeta.run('dictionary', DICTIONARY)
        this.#setMeta.run('clean', 1)
      }
      const sameBoot = bootId !== null && this.#meta('boot_id') === bootId
      const wasClean = this.#number('clean') === 1
      this.#knownUntilMs = Math.max(this.#number('at_ms'), wasClean ? this.#number('stopped_at_ms') : 0)
      const mayHaveLost = !wasClean && !sameBoot
      if (mayHaveLost || this.#meta('incarnation') === undefined) {
        // Counted for people; the random part tells two that began from the same backup apart.
        const count = Number.parseInt(String(this.#meta('incarnation') ?? 0), 10) + 1
        this.#setMeta.run('incarnation', `${count}-${randomUUID()}`)
      }
      this.#setMeta.run('clean', 0)
      this.#setMeta.run('boot_id', bootId)
      if (eventVersion !== EVENT_VERSION) this.#upcastState()
    })
  }

  /** The state as it is stated now, once and for all; what happened stays as it was told, and is understood when read. */
  #upcastState(): void {
    const update = this.#database.prepare('UPDATE entities SET v = ?, json = ? WHERE ref = ?')
    for (const [ref, v, json] of this.#database
      .prepare('SELECT ref, v, json FROM entities WHERE v <> ?')
      .rows(EVENT_VERSION)) {
      update.run(EVENT_VERSION, json === null ? null : upcastJson(String(json), Number(v)), String(ref))
    }
    this.#setMeta.run('event_version', EVENT_VERSION)
  }

  /** Batches beyond the bounds, the oldest first. */
  #forgetOld(nowMs: number): boolean {
    const tooOldMs = nowMs - this.#maxAgeMs
    const oldest = this.#database.prepare('SELECT at_ms FROM batches WHERE seq = ?').number(this.#firstSeq)
    if (oldest === null) return false
    const tooLarge = this.#usedBytes() > this.#maxBytes * FILL
    if (oldest >= tooOldMs && !tooLarge) return false
    this.#database.transaction(() => {
      const upTo = this.#firstSeq + TIDY_ROWS
      const deleted = tooLarge
        ? this.#database.prepare('DELETE FROM batches WHERE seq < ?').run(upTo)
        : this.#database.prepare('DELETE FROM batches WHERE seq < ? AND at_ms < ?').run(upTo, tooOldMs)
      if (deleted === 0) return
      this.#firstSeq = this.#database.prepare('SELECT min(seq) FROM batches').number() ?? this.#seq + 1
      const firstMs = this.#database.prepare('SELECT at_ms FROM batches WHERE seq = ?').number(this.#firstSeq) ?? nowMs
      this.#database.prepare('DELETE FROM counts WHERE bucket < ?').run(Math.floor(firstMs / COUNT_BUCKET_MS))
      this.#keyframes.forgetBefore(this.#firstSeq)
    })
    return true
  }

  /** Gives free pages back when the file itself is too large (the bound was lowered). */
  #shrink(): boolean {
    const fileBytes = this.#database.pragmaNumber('page_count') * this.#pageBytes
    if (fileBytes <= this.#maxBytes || this.#database.pragmaNumber('freelist_count') === 0) return false
    this.#database.exec(`PRAGMA incremental_vacuum(${TIDY_PAGES})`)
    return true
  }

  #readVersions(): Versions {
    const versions = new Versions()
    for (const [ref, incarnation, revision] of this.#database
      .prepare('SELECT ref, incarnation, revision FROM entities WHERE json IS NOT NULL')
      .rows()) {
      versions.alive.set(String(ref), [Number(incarnation), Number(revision)])
    }
    for (const [ref, incarnation, revision, rev] of this.#database
      .prepare('SELECT ref, incarnation, revision, rev FROM entities WHERE json IS NULL ORDER BY rev, rowid')
      .rows()) {
      versions.ended.set(String(ref), { version: [Number(incarnation), Number(revision)], rev: Number(rev) })
    }
    return versions
  }

  #readIncarnations(): [sourceId: string, incarnation: number][] {
    return this.#database
      .prepare('SELECT source_id, incarnation FROM incarnations')
      .rows()
      .map(([sourceId, incarnation]) => [String(sourceId), Number(incarnation)])
  }

  #usedBytes(): number {
    const pages = this.#database.pragmaNumber('page_count') - this.#database.pragmaNumber('freelist_count')
    return pages * this.#pageBytes + walBytes(this.#path)
  }

  get #pageBytes(): number {
    return this.#database.pragmaNumber('page_size')
  }

  #meta(key: string): unknown {
    return this.#database.prepare('SELECT value FROM meta WHERE key = ?').row(key)?.[0]
  }

  #number(key: string): number {
    return Number(this.#meta(key) ?? 0)
  }

  #text(key: string): string {
    return String(this.#meta(key) ?? '')
  }
}

function walBytes(path: string): number {
  try {
    return statSync(`${path}-wal`).size
  } catch {
    return 0 // there is none between a checkpoint that truncated it and the next commit
  }
}
