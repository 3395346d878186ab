// Keyframes: the whole state as it was at a batch, so that a state of the past is read from the nearest one and not from
// the beginning. Dense for an hour, then one an hour, and never so few that the way from one costs more than a moment.

import type { Version } from '../../protocol/events.ts'
import type { Bodies } from './bodies.ts'
import type { Database } from './database.ts'

const DENSE_MS = 3_600_000
const SPARSE_MS = 3_600_000
/** In the dense hour: a keyframe when so much time has passed with something in it … */
const DENSE_EVERY_MS = 5 * 60_000
/** … or so many events, or as many as the state has entities: so keyframes stay about as large as the events. */
const MIN_EVENTS = 2_000
/** Under a load that writes so much within seconds, the writing comes first. */
const MIN_EVERY_MS = 2_000
/** What the thinning leaves between two: at 10,000 agents some 50 ms of reading. */
const MAX_GAP_EVENTS = 10_000

const SPACE = 0x20
const ZERO = 0x30

export class Keyframes {
  readonly #database: Database
  readonly #bodies: Bodies
  #lastEvents: number
  #lastAtMs: number
  #entities = 0
  #making = false
  /** The only one there was went with what was too old. */
  #missing = false

  constructor(database: Database, bodies: Bodies) {
    this.#database = database
    this.#bodies = bodies
    const last = database.prepare('SELECT events, at_ms, entities FROM keyframes ORDER BY seq DESC LIMIT 1').row()
    this.#lastEvents = Number(last?.[0] ?? 0)
    this.#lastAtMs = Number(last?.[1] ?? 0)
    this.#entities = Number(last?.[2] ?? 0)
  }

  isDue(atMs: number, events: number): boolean {
    const more = events - this.#lastEvents
    if (this.#making) return false
    if (this.#missing) return true
    if (more <= 0 || atMs - this.#lastAtMs < MIN_EVERY_MS) return false
    return more >= Math.max(MIN_EVENTS, this.#entities) || atMs - this.#lastAtMs >= DENSE_EVERY_MS
  }

  /** Resolves when it is kept; nothing happens unless it is due. `isWanted`: asked again after the packing. */
  async make(seq: number, atMs: number, events: number, isWanted: () => boolean): Promise<void> {
    if (!this.isDue(atMs, events)) return
    this.#making = true
    try {
      const columns = 'ref, incarnation, revision, rev, v, json'
      const rows = [
        ...this.#database.prepare(`SELECT ${columns} FROM entities WHERE json IS NOT NULL`).rows(),
        // In the order in which they are forgotten (SPEC.md, L4).
        ...this.#database.prepare(`SELECT ${columns} FROM entities WHERE json IS NULL ORDER BY rev, rowid`).rows(),
      ]
      let text = ''
      let entities = 0
      for (const [ref, incarnation, revision, rev, v, json] of rows) {
        text += `${ref}\n${incarnation} ${revision} ${rev} ${v}\n${json ?? ''}\n`
        if (json !== null) entities++
      }
      const body = await this.#bodies.packLater(text)
      if (!isWanted()) return
      this.#database.transaction(() => {
        this.#database
          .prepare('INSERT OR REPLACE INTO keyframes VALUES (?, ?, ?, ?, ?)')
          .run(seq, atMs, events, entities, body)
        this.#thin(atMs - DENSE_MS)
      })
      this.#missing = false
      this.#lastEvents = events
      this.#lastAtMs = atMs
      this.#entities = entities
    } finally {
      this.#making = false
    }
  }

  /** One whose next batch is gone leads nowhere. */
  forgetBefore(firstSeq: number): void {
    this.#database.prepare('DELETE FROM keyframes WHERE seq < ?').run(firstSeq - 1)
    this.#missing = this.#database.prepare('SELECT count(*) FROM keyframes').number() === 0
  }

  #thin(beforeMs: number): void {
    const old = this.#database
      .prepare('SELECT seq, at_ms, events, entities FROM keyframes WHERE at_ms < ? ORDER BY seq')
      .rows(beforeMs)
      .map(([seq, atMs, events, entities]) => ({
        seq: Number(seq),
        hour: Math.floor(Number(atMs) / SPARSE_MS),
        events: Number(events),
        entities: Number(entities),
      }))
    let kept = old[0]
    for (let index = 1; index + 1 < old.length; index++) {
      const keyframe = old[index]
      const next = old[index + 1]
      if (!kept || !keyframe || !next) break
      const gap = next.events - kept.events
      if (keyframe.hour === kept.hour && gap <= Math.max(MAX_GAP_EVENTS, keyframe.entities)) {
        this.#database.prepare('DELETE FROM keyframes WHERE seq = ?').run(keyframe.seq)
      } else kept = keyframe
    }
  }
}

/** `json` is empty for one that ended, else as version `v` stated it. */
export interface InKeyframe {
  ref: string
  version: Version
  rev: number
  v: number
  json: string
}

/** Calls `visit` for each entity of a keyframe, those that ended in the order of their ends. */
export function eachOfKeyframe(text: string, visit: (entity: InKeyframe) => void): void {
  let at = 0
  while (at < text.length) {
    const refEnd = text.indexOf('\n', at)
    const numbersEnd = text.indexOf('\n', refEnd + 1)
    const end = text.indexOf('\n', numbersEnd + 1)
    if (refEnd < 0 || numbersEnd < 0 || end < 0) throw new SyntaxError('a keyframe is cut short')
    // The first keyframes did not tell the version: there was but one.
    const [incarnation = 0, revision = 0, rev = 0, v = 1] = numbersIn(text, refEnd + 1, numbersEnd)
    const version = [incarnation, revision] as const
    visit({ ref: text.slice(at, refEnd), version, rev, v, json: text.slice(numbersEnd + 1, end) })
    at = end + 1
  }
}

/** Digit by digit: `split` and `Number` take six times as long, for each of 10,000 entities. */
function numbersIn(text: string, from: number, to: number): number[] {
  const numbers: number[] = []
  let number = 0
  for (let index = from; index < to; index++) {
    const code = text.charCodeAt(index)
    if (code === SPACE) {
      numbers.push(number)
      number = 0
    } else number = number * 10 + (code - ZERO)
  }
  numbers.push(number)
  return numbers
}
