// What was used in a stretch of the past: its state at the beginning, and what was reported from there on, measured as if it
// were played.

import type { HistoryClient } from '../stream/historyClient.ts'
import { TravelWorld } from './travelWorld.ts'
import { USE_BUCKET_MS, UsageMeter } from './usageMeter.ts'

/** Beyond it the way back is not worth its time: the chart then begins later. */
const MAX_EVENTS = 40_000
/** Measures a stretch of the past, as it was reported then. `null`: the history does not tell it. */
export async function measurePast(
  history: HistoryClient,
  fromMs: number,
  toMs: number,
  isWanted: () => boolean = () => true,
): Promise<UsageMeter | null> {
  const state = await history.stateAt(fromMs)
  if (state.type !== 'ok' || !isWanted()) return null
  const world = new TravelWorld(state.value)
  const meter = new UsageMeter(fromMs, world.store.values())
  let events = 0
  let hasMore = true
  for (let atMs = fromMs; atMs < toMs; ) {
    atMs = Math.min(toMs, atMs + USE_BUCKET_MS)
    while (hasMore && world.knownUntilMs < atMs) {
      const page = await history.eventsAfter(world.cursor)
      if (page.type === 'failed' || !isWanted()) return null
      events += page.value.events.length
      if (events > MAX_EVENTS) return null
      hasMore = page.value.cursor !== null
      // All that happened until `toMs` is in it, if nothing more is there.
      world.add(page.value, hasMore ? atMs : toMs + USE_BUCKET_MS)
    }
    const { put, del } = world.advance(atMs)
    meter.see(put, del, atMs - 1)
  }
  return meter
}
