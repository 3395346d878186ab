// Reads a state of the past, checked as far as it keeps the page from breaking on it. Line by line (SPEC.md, H10), in slices,
// so that 10,000 agents hold nothing up; and what an earlier moment said in the same words is the same object, so that nobody
// who shows it has anything to do for it.

import type { Version } from '../../protocol/events.ts'
import type { Checkpoint } from '../../protocol/fold.ts'
import { isSoundEntity } from '../../protocol/soundEntity.ts'
import type { Entity, EntityKind } from '../../protocol/swarm.ts'
import { isRecord, isVersion } from './pastFields.ts'
import { Slices } from './slices.ts'

/** Entities by the very text that they were told by. */
export type Told = ReadonlyMap<string, Entity>

export interface PastState {
  atMs: number
  checkpoint: Checkpoint
  told: Told
}

const LISTS = { agents: 'agent', links: 'link', tasks: 'task', swarms: 'swarm', sources: 'source' } as const
const NOTHING: Told = new Map()
/** Between two looks at the clock. */
const AT_ONCE = 32

export interface StateWish {
  /** Aborted when this moment is not wanted any more. What the server is at work on it ends in its own time. */
  signal?: AbortSignal
  /** What an earlier moment told: what is the same is the same object. */
  told?: Told | undefined
}

/** `null`: it is no state, or is not wanted any more. Throws for what is no JSON. */
export async function readPastState(text: string, atMs: number, wish: StateWish = {}): Promise<PastState | null> {
  const { told = NOTHING, signal } = wish
  const { body, lines } = apart(text)
  if (!isRecord(body) || typeof body.seq !== 'number' || !isRecord(body.versions)) return null
  const { seq, versions } = body
  const slices = new Slices()
  const entities: { entity: Entity; version: Version }[] = []
  const toldNow = new Map<string, Entity>()
  for (const [list, kind] of Object.entries(LISTS)) {
    const stated = lines.get(list) ?? body[list]
    const versionsOfList = versions[list]
    if (!Array.isArray(stated) || !Array.isArray(versionsOfList)) return null
    for (const [index, each] of (stated as unknown[]).entries()) {
      if (index % AT_ONCE === 0 && slices.isOver) {
        await slices.next()
        if (signal?.aborted) return null
      }
      const version: unknown = versionsOfList[index]
      if (!isVersion(version)) return null
      const known = typeof each === 'string' ? told.get(each) : undefined
      const entity = known ?? entityOf(each, kind, seq)
      if (entity === null) return null
      if (entity === 'unsound') continue
      entities.push({ entity, version })
      if (typeof each === 'string') toldNow.set(each, entity)
    }
  }
  const ended = Array.isArray(body.ended) ? body.ended.filter(isEnded).map((end) => ({ ...end, rev: seq })) : []
  const checkpoint = { seq, tombstoneFloor: 0, entities, ended, incarnations: [], knownUntil: null }
  return { atMs, checkpoint, told: toldNow }
}

/** The lists' lines, each an entity, and what is around them. A list that has no lines of its own stays in the body. */
function apart(text: string): { body: unknown; lines: Map<string, string[]> } {
  const lines = new Map<string, string[]>()
  let list: string[] | null = null
  let body = ''
  for (const line of text.split('\n')) {
    if (list !== null && line.startsWith('{')) {
      list.push(line.endsWith(',') ? line.slice(0, -1) : line)
      continue
    }
    body += line
    const name = /"(\w+)":\[$/.exec(line)?.[1]
    list = name === undefined ? null : []
    if (name !== undefined && list !== null) lines.set(name, list)
  }
  return { body: JSON.parse(body), lines }
}

/** `null`: none of this kind; `unsound`: it cannot be shown. */
function entityOf(stated: unknown, kind: EntityKind, rev: number): Entity | 'unsound' | null {
  // Which batch touched it last is not told, and nobody resumes from here. First, as the fold writes it.
  const entity: unknown =
    typeof stated === 'string'
      ? JSON.parse(`{"rev":${rev},${stated.slice(1)}`)
      : isRecord(stated)
        ? { rev, ...stated }
        : null
  if (!isRecord(entity) || entity.entity !== kind || typeof entity.id !== 'string') return null
  return isSoundEntity(entity) ? (entity as unknown as Entity) : 'unsound'
}

const isEnded = (value: unknown): value is { entity: EntityKind; id: string; version: Version } =>
  isRecord(value) && typeof value.entity === 'string' && typeof value.id === 'string' && isVersion(value.version)
