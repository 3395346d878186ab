// How the tokens that one agent reported grew: what is seen from now on, and what the history tells of the minutes before.

import type { Agent } from '../../protocol/swarm.ts'
import { tokenSum } from './agentFigures.ts'
import { liveMomentMs } from './moment.ts'
import { model } from './session.ts'
import { pastClient } from './timeMachine.ts'
import { TravelWorld } from './travelWorld.ts'

export interface TokenPoint {
  /** In ms since 1970, by the server's clock. */
  atMs: number
  tokens: number
}

/** Who only walks through the list asks for no history. */
const REST_MS = 400
/** Of a larger swarm the way back costs more than a small chart is worth: it then begins with what is seen. */
const MAX_AGENTS = 500
const MAX_PAGES = 4
const MAX_POINTS = 2_000

/** Gives all points again with each new one; returns its end. */
export function watchTokens(
  agentId: string,
  spanMs: number,
  onPoints: (points: readonly TokenPoint[]) => void,
): () => void {
  let earlier: readonly TokenPoint[] = []
  let points: readonly TokenPoint[] = []
  let isWanted = true
  const see = (agent: Agent | undefined) => {
    const tokens = agent ? tokenSum(agent) : null
    if (tokens === null || tokens === points.at(-1)?.tokens) return
    points = [...points, { atMs: liveMomentMs(), tokens }].slice(-MAX_POINTS)
    onPoints([...earlier, ...points])
  }
  see(model.live.get('agent', agentId))
  const stop = model.onLiveChange(({ put }) => {
    if (put.some(({ entity, id }) => entity === 'agent' && id === agentId)) see(model.live.get('agent', agentId))
  })
  const timer = setTimeout(() => {
    if (model.live.all('agent').size > MAX_AGENTS) return
    pastTokens(agentId, liveMomentMs() - spanMs, () => isWanted).then(
      (found) => {
        if (!isWanted || found.length === 0) return
        earlier = found.filter(({ atMs }) => atMs < (points[0]?.atMs ?? Number.POSITIVE_INFINITY))
        onPoints([...earlier, ...points])
      },
      () => undefined, // the client answers with an error, it does not reject
    )
  }, REST_MS)
  return () => {
    isWanted = false
    clearTimeout(timer)
    stop()
  }
}

async function pastTokens(agentId: string, fromMs: number, isWanted: () => boolean): Promise<readonly TokenPoint[]> {
  const overview = await pastClient.overview(null)
  if (overview.type === 'failed' || overview.value.stateFromMs === null || !isWanted()) return []
  const startMs = Math.max(fromMs, overview.value.stateFromMs)
  const state = await pastClient.stateAt(startMs)
  if (state.type !== 'ok') return []
  const world = new TravelWorld(state.value)
  const points: TokenPoint[] = []
  const add = (agent: Agent | undefined, atMs: number) => {
    const tokens = agent ? tokenSum(agent) : null
    if (tokens !== null && tokens !== points.at(-1)?.tokens) points.push({ atMs, tokens })
  }
  add(world.store.get('agent', agentId), startMs)
  let { cursor } = world
  for (let page = 0; page < MAX_PAGES && isWanted(); page++) {
    const answer = await pastClient.eventsAfter(cursor)
    if (answer.type === 'failed') return points
    for (const { event, atMs } of answer.value.events) {
      if (event.type === 'agent.upserted' && event.entity.id === agentId) add({ ...event.entity, rev: 0 }, atMs)
    }
    if (answer.value.cursor === null) return points.slice(-MAX_POINTS)
    cursor = answer.value.cursor
  }
  // It would have a gap before what is seen.
  return []
}
