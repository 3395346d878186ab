// Which agents wrote the same file at about the same time, across all sessions of a machine.

import type { IsoTime, Link, Unnumbered } from '../../../protocol/swarm.ts'
import type { Said } from './session.ts'

/** Two writes that lie further apart are no conflict; and one that is older is over. */
export const CONFLICT_WINDOW_MS = 10 * 60_000
/** Of one file that are compared: the latest writers; and that are remembered. */
const MAX_WRITERS = 8
const MAX_REMEMBERED = 64
const MAX_CONFLICTS = 2_000

export interface Writer {
  id: string
  sourceId: string
  parentId: string | null
  endedAt: IsoTime | null
  host: string
  /** By what stands for the file's path: its name, and when it was written last. */
  writes: Readonly<Record<string, Said<string>>>
}

export class Conflicts {
  readonly #writers = new Map<string, Writer>()
  /** Files by machine and path, with who wrote them. */
  readonly #files = new Map<string, Set<string>>()
  readonly #shared = new Set<string>()
  #known: { links: Unnumbered<Link>[]; dueMs: number } | null = null

  put(writer: Writer): void {
    this.delete(writer.id)
    const hashes = Object.keys(writer.writes)
    if (hashes.length === 0) return
    this.#writers.set(writer.id, writer)
    for (const hash of hashes) {
      const file = `${writer.host}\n${hash}`
      const ids = this.#files.get(file) ?? new Set()
      if (ids.size >= MAX_REMEMBERED) continue
      ids.add(writer.id)
      this.#files.set(file, ids)
      if (ids.size < 2) continue
      this.#shared.add(file)
      this.#known = null
    }
  }

  delete(id: string): void {
    const writer = this.#writers.get(id)
    if (!writer) return
    this.#writers.delete(id)
    for (const hash of Object.keys(writer.writes)) {
      const file = `${writer.host}\n${hash}`
      const ids = this.#files.get(file)
      if (!ids?.delete(id)) continue
      if (this.#shared.has(file)) this.#known = null
      if (ids.size === 0) this.#files.delete(file)
      if (ids.size < 2) this.#shared.delete(file)
    }
  }

  /** As it is now, and when it will be different by time alone. */
  links(nowMs: number): { links: Unnumbered<Link>[]; dueMs: number } {
    if (!this.#known || this.#known.dueMs <= nowMs) this.#known = this.#find(nowMs)
    return this.#known
  }

  #find(nowMs: number): { links: Unnumbered<Link>[]; dueMs: number } {
    const found = new Map<string, Unnumbered<Link> & { names: Set<string> }>()
    let dueMs = Number.POSITIVE_INFINITY
    for (const file of this.#shared) {
      const hash = file.slice(file.indexOf('\n') + 1)
      const writers = this.#writersOf(file, hash)
      for (const [index, a] of writers.entries()) {
        for (const b of writers.slice(index + 1)) {
          const [first, second] = a.said.at <= b.said.at ? [a, b] : [b, a]
          const untilMs = Date.parse(second.said.at) + CONFLICT_WINDOW_MS
          if (untilMs <= nowMs || !isConflict(first, second)) continue
          dueMs = Math.min(dueMs, untilMs)
          noteConflict(found, a.writer, b.writer, second.said)
        }
      }
    }
    const links = [...found.values()]
      .sort((x, y) => (`${y.since} ${y.id}` < `${x.since} ${x.id}` ? -1 : 1))
      .slice(0, MAX_CONFLICTS)
      .map(({ names, ...link }) => ({ ...link, evidence: `both wrote ${[...names].sort().slice(0, 3).join(', ')}` }))
    return { links, dueMs }
  }

  #writersOf(file: string, hash: string): { writer: Writer; said: Said<string> }[] {
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

type Write = { writer: Writer; said: Said<string> }

function isConflict(first: Write, second: Write): boolean {
  if (Date.parse(second.said.at) - Date.parse(first.said.at) > CONFLICT_WINDOW_MS) return false
  // A caller goes on with what its subagent left behind.
  const isHandedOver = first.writer.parentId === second.writer.id || second.writer.parentId === first.writer.id
  return !(isHandedOver && first.writer.endedAt !== null && first.writer.endedAt <= second.said.at)
}

function noteConflict(
  found: Map<string, Unnumbered<Link> & { names: Set<string> }>,
  a: Writer,
  b: Writer,
  { at, value: name }: Said<string>,
): void {
  const id = `${a.id}/conflict/${b.id}`
  const known = found.get(id)
  if (known) {
    known.names.add(name)
    if (known.since !== null && at > known.since) known.since = at
    return
  }
  const ends = { source: a.id, target: b.id, sourceId: a.sourceId }
  const names = new Set([name])
  found.set(id, { entity: 'link', id, kind: 'conflict', ...ends, evidence: '', since: at, mock: false, names })
}
