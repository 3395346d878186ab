// Which agents wrote the same file at about the same time, across all sessions of a machine.

import type { IsoTime, Link, Unnumbered } from '../../../protocol/swarm.ts'
import type { Said } from './said.ts'

/** Two writes that lie further apart are no conflict; and one that is older is over. */
export const CONFLICT_WINDOW_MS = 10 * 60_000
/** Of one file that are compared: the latest writers; and that are remembered. */
const MAX_WRITERS = 8
const MAX_REMEMBERED = 64
const MAX_CONFLICTS = 2_000
/** … that are looked at in one go; of the rest the next call tells. */
const MAX_FILES_AT_ONCE = 250

export interface Writer {
  id: string
  sourceId: string
  parentId: string | null
  endedAt: IsoTime | null
  host: string
  /** By what stands for the file's path: its name, and when it was written last. The same object says the same. */
  writes: Readonly<Record<string, Said<string>>>
}

/** One pair of agents. */
interface Conflict {
  /** By file: the later of the two writes. */
  writes: Map<string, Said<string>>
  link: Unnumbered<Link>
}

/**
 * Kept up by what changes: only files that one of two writers wrote again, or left, are looked at. Somebody who makes
 * thousands of agents write thousands of files is served in pieces, like everybody else.
 */
export class Conflicts {
  readonly #writers = new Map<string, Writer>()
  /** Files by machine and path, with who wrote them. */
  readonly #files = new Map<string, Set<string>>()
  /** Files that are to be looked at. */
  readonly #changed = new Set<string>()
  /** Files with conflicts: which pairs, and when the first of them is over. */
  readonly #found = new Map<string, { pairs: string[]; dueMs: number }>()
  /** Files with a conflict that found no room. */
  readonly #left = new Set<string>()
  readonly #conflicts = new Map<string, Conflict>()
  #links: Unnumbered<Link>[] | null = []
  /** Never too late. */
  #dueMs = Number.POSITIVE_INFINITY

  put(writer: Writer): void {
    const known = this.#writers.get(writer.id)
    if (isSame(known, writer)) return
    if (known && (known.host !== writer.host || known.sourceId !== writer.sourceId)) this.delete(writer.id)
    else if (known) {
      const isOther = known.parentId !== writer.parentId || known.endedAt !== writer.endedAt
      for (const hash of Object.keys(known.writes)) {
        if (writer.writes[hash] === undefined) this.#remove(known, hash)
        else if (isOther) this.#change(fileOf(known, hash))
      }
    }
    const hashes = Object.keys(writer.writes)
    if (hashes.length === 0) {
      this.#writers.delete(writer.id)
      return
    }
    const before = this.#writers.get(writer.id)?.writes ?? {}
    for (const hash of hashes) if (writer.writes[hash] !== before[hash]) this.#add(writer, hash)
    this.#writers.set(writer.id, writer)
  }

  delete(id: string): void {
    const writer = this.#writers.get(id)
    if (!writer) return
    this.#writers.delete(id)
    for (const hash of Object.keys(writer.writes)) this.#remove(writer, hash)
  }

  /** As it is now, the same list as long as nothing changed; and when it will be different by time alone. */
  links(nowMs: number): { links: Unnumbered<Link>[]; dueMs: number } {
    if (this.#dueMs <= nowMs) this.#expire(nowMs)
    let looked = 0
    for (const file of this.#changed) {
      if (looked++ >= MAX_FILES_AT_ONCE) break
      this.#changed.delete(file)
      this.#look(file, nowMs)
    }
    for (const file of this.#left) {
      if (this.#conflicts.size + this.#changed.size >= MAX_CONFLICTS) break
      this.#left.delete(file)
      this.#changed.add(file)
    }
    this.#links ??= [...this.#conflicts.values()].map(({ link }) => link)
    return { links: this.#links, dueMs: this.#changed.size > 0 ? nowMs : this.#dueMs }
  }

  #add(writer: Writer, hash: string): void {
    const file = fileOf(writer, hash)
    const ids = this.#files.get(file) ?? new Set()
    if (ids.size >= MAX_REMEMBERED && !ids.has(writer.id)) return
    ids.add(writer.id)
    this.#files.set(file, ids)
    this.#change(file)
  }

  #remove(writer: Writer, hash: string): void {
    const file = fileOf(writer, hash)
    const ids = this.#files.get(file)
    if (!ids?.delete(writer.id)) return
    if (ids.size === 0) this.#files.delete(file)
    this.#change(file)
  }

  #change(file: string): void {
    if ((this.#files.get(file)?.size ?? 0) > 1 || this.#found.has(file)) this.#changed.add(file)
  }

  #expire(nowMs: number): void {
    this.#dueMs = Number.POSITIVE_INFINITY
    for (const [file, { dueMs }] of this.#found) {
      if (dueMs <= nowMs) this.#changed.add(file)
      else this.#dueMs = Math.min(this.#dueMs, dueMs)
    }
  }

  /** Finds a file's conflicts anew. */
  #look(file: string, nowMs: number): void {
    for (const pair of this.#found.get(file)?.pairs ?? []) this.#forget(pair, file)
    this.#found.delete(file)
    this.#left.delete(file)
    const pairs: string[] = []
    let fileDueMs = Number.POSITIVE_INFINITY
    const writers = this.#writersOf(file)
    for (const [index, a] of writers.entries()) {
      for (const b of writers.slice(index + 1)) {
        const [first, second] = a.said.at <= b.said.at ? [a, b] : [b, a]
        const untilMs = Date.parse(second.said.at) + CONFLICT_WINDOW_MS
        if (untilMs <= nowMs || !isConflict(first, second)) continue
        const pair = `${a.writer.id}/conflict/${b.writer.id}`
        if (!this.#conflicts.has(pair) && this.#conflicts.size >= MAX_CONFLICTS) {
          this.#left.add(file)
          continue
        }
        const writes = this.#conflicts.get(pair)?.writes ?? new Map<string, Said<string>>()
        writes.set(file, second.said)
        this.#tell(pair, { writes, a: a.writer, b: b.writer })
        pairs.push(pair)
        fileDueMs = Math.min(fileDueMs, untilMs)
      }
    }
    if (pairs.length > 0) this.#found.set(file, { pairs, dueMs: fileDueMs })
    this.#dueMs = Math.min(this.#dueMs, fileDueMs)
  }

  #forget(pair: string, file: string): void {
    const conflict = this.#conflicts.get(pair)
    if (!conflict?.writes.delete(file)) return
    const { writes, link } = conflict
    if (writes.size > 0) this.#conflicts.set(pair, { writes, link: { ...link, ...saidOf(writes) } })
    else this.#conflicts.delete(pair)
    this.#links = null
  }

  #tell(id: string, { writes, a, b }: { writes: Map<string, Said<string>>; a: Writer; b: Writer }): void {
    const ends = { source: a.id, target: b.id, sourceId: a.sourceId }
    const link = { entity: 'link' as const, id, kind: 'conflict' as const, ...ends, ...saidOf(writes), mock: false }
    this.#conflicts.set(id, { writes, link })
    this.#links = null
  }

  #writersOf(file: string): Write[] {
    const hash = file.slice(file.indexOf('\n') + 1)
    return [...(this.#files.get(file) ?? [])]
      .map((id) => this.#writers.get(id))
      .flatMap((writer) => {
        const said = writer?.writes[hash]
        return writer && said ? [{ writer, said }] : []
      })
      .sort((a, b) => (`${a.said.at} ${a.writer.id}` < `${b.said.at} ${b.writer.id}` ? 1 : -1))
      .slice(0, MAX_WRITERS)
      .sort((a, b) => (a.writer.id < b.writer.id ? -1 : 1))
  }
}

/** Most of what an agent does is no write. */
const isSame = (known: Writer | undefined, now: Writer): boolean =>
  known?.writes === now.writes &&
  known.endedAt === now.endedAt &&
  known.parentId === now.parentId &&
  known.host === now.host &&
  known.sourceId === now.sourceId

type Write = { writer: Writer; said: Said<string> }

const fileOf = ({ host }: Writer, hash: string): string => `${host}\n${hash}`

function isConflict(first: Write, second: Write): boolean {
  if (Date.parse(second.said.at) - Date.parse(first.said.at) > CONFLICT_WINDOW_MS) return false
  // A caller goes on with what its subagent left behind.
  const isHandedOver = first.writer.parentId === second.writer.id || second.writer.parentId === first.writer.id
  return !(isHandedOver && first.writer.endedAt !== null && first.writer.endedAt <= second.said.at)
}

function saidOf(writes: ReadonlyMap<string, Said<string>>): { evidence: string; since: IsoTime } {
  const names = [...new Set([...writes.values()].map(({ value }) => value))].sort()
  const since = [...writes.values()].reduce((latest, { at }) => (at > latest ? at : latest), '')
  return { evidence: `both wrote ${names.slice(0, 3).join(', ')}`, since }
}
