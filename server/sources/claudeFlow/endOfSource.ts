// Sources of claude-flow of former runs that nobody speaks for any more: what they stated must not be shown as if it went on.

import type { SwarmEvent, Version } from '../../../protocol/events.ts'
import type { IsoTime, Source as SourceEntity } from '../../../protocol/swarm.ts'
import type { World } from '../../world.ts'
import { changesBetween } from './changes.ts'

/** All that it stated leaves, and it itself. */
export function endOfSource(world: World, source: SourceEntity, version: Version, now: IsoTime): SwarmEvent[] {
  const { rev: _, ...known } = source
  const { id } = known
  const context = { sourceId: id, sourceEpoch: `${id}/gone/${now}`, version, receivedAt: now }
  return changesBetween(world.statedBy(id).set(`source/${id}`, known), new Map(), context)
}

/** Of a server that does without claude-flow. History keeps them; one that is used again says all anew. */
export async function endFormerClaudeFlow(world: World): Promise<void> {
  const now = new Date().toISOString()
  const former = [...world.store.all('source').values()].filter(({ kind }) => kind === 'claude-flow')
  if (former.length === 0) return
  await world.append(former.flatMap((each) => endOfSource(world, each, [world.incarnationOf(each.id) + 1, 0], now)))
}
