// The fold: state = every event of the log, applied. Deterministic: no clock, no random, no I/O (SPEC.md, L1–L5).

import type { Batch, SwarmEvent, Version } from './events.ts'
import { MAX_TOMBSTONES, RevisionedStore, refKey, type Tombstone } from './frames.ts'
import type { Entity, EntityKind, IsoTime, Unnumbered } from './swarm.ts'
import { Versions } from './versions.ts'

/** Rises when the fold's result changes for the same events, so that nobody resumes across it. */
export const FOLD_VERSION = 2

export type SwarmStore = RevisionedStore<Entity>

/** The folded state, and what the fold itself must remember. */
export interface SwarmState {
  store: SwarmStore
  versions: Versions
  /** The highest incarnation that each source has spoken in: a new run of it must begin above. */
  incarnations: Map<string, number>
}

export function emptyState(epoch: string, maxTombstones = MAX_TOMBSTONES): SwarmState {
  return {
    store: new RevisionedStore<Entity>(epoch, maxTombstones),
    versions: new Versions(),
    incarnations: new Map(),
  }
}

/** A folded state as an engine keeps it: what a start reads in place of folding the log again. */
export interface Checkpoint {
  seq: number
  tombstoneFloor: number
  entities: readonly { entity: Entity; version: Version }[]
  /** Oldest end first. One that never began is among them: to tell a reader of its end does no harm. */
  ended: readonly (Tombstone & { version: Version })[]
  incarnations: readonly (readonly [sourceId: string, incarnation: number])[]
  /** When the last batch came in, or the log was closed in order; `null`: it holds nothing. */
  knownUntil: IsoTime | null
}

export function stateOf(epoch: string, checkpoint: Checkpoint, maxTombstones = MAX_TOMBSTONES): SwarmState {
  const state = emptyState(epoch, maxTombstones)
  restoreEntities(state, checkpoint)
  restoreVersions(state, checkpoint)
  return state
}

/** The part of a checkpoint that can be shown. */
export function restoreEntities({ store }: SwarmState, { seq, tombstoneFloor, entities, ended }: Checkpoint): void {
  store.restore({ seq, tombstoneFloor, put: entities.map(({ entity }) => entity), tombstones: ended })
}

/** The part that only whoever folds on needs: before the first batch. */
export function restoreVersions({ versions, incarnations }: SwarmState, checkpoint: Checkpoint): void {
  for (const { entity, version } of checkpoint.entities) versions.alive.set(refKey(entity), version)
  for (const end of checkpoint.ended) versions.ended.set(refKey(end), { version: end.version, rev: end.rev })
  for (const [sourceId, incarnation] of checkpoint.incarnations) incarnations.set(sourceId, incarnation)
}

export interface Touched {
  entity: EntityKind
  id: string
}

/** Mutates `state`; returns what changed. Throws only if the batch's sequence number goes back. */
export function applyBatch(state: SwarmState, batch: Batch): Touched[] {
  const touched: Touched[] = []
  for (const event of batch.events) {
    const incarnation = state.incarnations.get(event.sourceId)
    if (incarnation === undefined || event.version[0] > incarnation) {
      state.incarnations.set(event.sourceId, event.version[0])
    }
    const target = targetOf(event)
    const key = refKey(target)
    const isEnd = !('entity' in event)
    if (!state.versions.take(key, event.version, batch.seq, isEnd)) continue
    if (!isEnd) {
      state.store.put(numbered(event.entity, batch.seq))
      touched.push(target)
    } else if (state.store.delete(target, batch.seq)) touched.push(target)
  }
  state.store.advance(batch.seq)
  state.versions.forget()
  return touched
}

function targetOf(event: SwarmEvent): Touched {
  return 'entity' in event
    ? { entity: event.entity.entity, id: event.entity.id }
    : { entity: event.type.slice(0, -'.retired'.length) as EntityKind, id: event.id }
}

/**
 * `rev` stands first on purpose: V8 gives `{...entity, rev}` a hidden class for each object, which makes every loop over
 * 10,000 of them some 50 times slower.
 */
function numbered(entity: Unnumbered<Entity>, rev: number): Entity {
  const given = entity as Entity | Unnumbered<Entity>
  // A log may have done it before, a few at a time: it is most of what folding 10,000 at once would cost.
  return 'rev' in given && given.rev === rev ? given : ({ rev, ...entity } as Entity)
}
