// React's windows onto the model.

import { useCallback, useMemo, useSyncExternalStore } from 'react'
import type { EntityKind } from '../../protocol/swarm.ts'
import { parseFilter } from '../store/agentFilter.ts'
import { type Counts, countAgents, type ListRow } from '../store/agentGroups.ts'
import { rowsOf } from '../store/agentRows.ts'
import { type Concern, type Concerns, useConcerns } from '../store/concerns.ts'
import { useFilterBeat } from '../store/filterBeat.ts'
import { useLooking } from '../store/looking.ts'
import { model } from '../store/session.ts'
import type { EntityOf } from '../store/swarmModel.ts'

const subscribe = (listener: () => void) => model.subscribe(listener)

/** Rises at most once a frame, when anything changed. */
export const useModelVersion = (): number => useSyncExternalStore(subscribe, () => model.version)

/** Renders again only when this very entity changed. */
export function useEntity<K extends EntityKind>(kind: K, id: string | null): EntityOf<K> | undefined {
  const subscribeToOne = useCallback(
    (listener: () => void) => (id === null ? () => undefined : model.subscribeTo(kind, id, listener)),
    [kind, id],
  )
  return useSyncExternalStore(subscribeToOne, () => (id === null ? undefined : model.get(kind, id)))
}

/** Several parts of the page show counts: they are counted once. */
let counted: { version: number; concerns: Concerns; counts: Counts } | null = null

export function useCounts(): Counts {
  const version = useModelVersion()
  const concerns = useConcerns()
  if (counted?.version !== version || counted.concerns !== concerns) {
    counted = { version, concerns, counts: countAgents(model.agents.values()) }
  }
  return counted.counts
}

/** Of one agent; renders again only when it is another. */
export const useConcern = (agentId: string): Concern | undefined => useConcerns((state) => state.byId.get(agentId))

export function useRows(): ListRow[] {
  const version = useModelVersion()
  const filter = useLooking((state) => state.filter)
  const isTree = useLooking((state) => state.isTree)
  const sort = useLooking((state) => state.sort)
  const collapsed = useLooking((state) => state.collapsed)
  const concerns = useConcerns()
  const beat = useFilterBeat((state) => state.beat)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutated, and time goes on; version and beat say so
  return useMemo(() => {
    const { agents, links } = model
    return rowsOf({ agents, links, filter: parseFilter(filter), isTree, sort, collapsed })
  }, [version, filter, isTree, sort, collapsed, concerns, beat])
}

export function useMedia(query: string): boolean {
  const subscribeToMedia = useCallback(
    (listener: () => void) => {
      const media = matchMedia(query)
      media.addEventListener('change', listener)
      return () => media.removeEventListener('change', listener)
    },
    [query],
  )
  return useSyncExternalStore(subscribeToMedia, () => matchMedia(query).matches)
}
