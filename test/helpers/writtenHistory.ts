// A history as a server finds it when it starts: an hour of fourteen agents at work, written by the real log into the data
// dir that the server will use. The same each time but for the clock.

import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { EVENT_VERSION, type SwarmEvent } from '../../protocol/events.ts'
import type { Agent, Entity, Unnumbered } from '../../protocol/swarm.ts'
import { SqliteLog } from '../../server/log/sqliteLog.ts'
import { seededRandom } from '../protocol/samples.ts'
import { InThread } from './logFileInThread.ts'
import { startServerProcess } from './swarmscope.ts'
import { smallWorld } from './webWorld.ts'

export const HISTORY_SOURCE = 'test'
const MINUTE_MS = 60_000

const ACTIVITIES = ['Edit src/login/form.tsx', 'Bash npm test', 'Read OAuth docs', 'Write session.ts', 'Grep useMemo']

/** Where the server keeps its log, learnt from a start that is undone. */
async function eventLogOf(dataDir: string, args: readonly string[]): Promise<string> {
  const server = await startServerProcess({
    args: ['--port', '0', '--relay-port', '0', '--data-dir', dataDir, ...args],
  })
  await server.stop()
  const found = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).filter((name) => /events\.db/.test(name))
  for (const name of found) rmSync(join(dataDir, name))
  const path = found.find((name) => name.endsWith('events.db'))
  if (!path) throw new Error(`no event log in ${found.join(', ')}`)
  return join(dataDir, path)
}

export interface WrittenHistory {
  /** Of the first and the last batch. */
  fromMs: number
  toMs: number
}

/** `args`: those of the server that will read it, for its log goes by its project. */
export async function writeHistory(
  dataDir: string,
  args: readonly string[],
  { minutes = 55, untilMs = Date.now() - 20_000 } = {},
): Promise<WrittenHistory> {
  const path = await eventLogOf(dataDir, args)
  const log = await SqliteLog.open({ path, bootId: null, thread: new InThread() })
  const fromMs = untilMs - minutes * MINUTE_MS
  let revision = 0
  const upsert = (atMs: number, { rev: _, ...entity }: Entity): SwarmEvent => {
    const at = new Date(atMs).toISOString()
    return {
      v: EVENT_VERSION,
      type: `${entity.entity}.upserted`,
      key: `written/${++revision}`,
      sourceId: HISTORY_SOURCE,
      version: [1, revision],
      at,
      receivedAt: at,
      entity: entity as Unnumbered<Entity>,
    } as SwarmEvent
  }
  const world = smallWorld()
  const agents = world.filter((entity): entity is Agent => entity.entity === 'agent')
  const rest = world.filter((entity) => entity.entity !== 'agent')
  const random = seededRandom(11)
  // They come one after the other: at first there is only the queen.
  const comesAtMs = agents.map((_, index) => fromMs + index * MINUTE_MS * (minutes / 40))
  const now = new Map<string, Agent>()
  const appends: Promise<number>[] = []
  for (let atMs = fromMs; atMs < untilMs; atMs += 2_000 + random() * 9_000) {
    const events: SwarmEvent[] = []
    for (const [index, agent] of agents.entries()) {
      if (now.has(agent.id) || (comesAtMs[index] ?? 0) > atMs) continue
      const begun = {
        ...timed(agent, atMs),
        status: 'initializing' as const,
        attention: null,
        tokens: null,
        costUsd: null,
      }
      now.set(agent.id, { ...begun, createdAt: new Date(atMs).toISOString() })
      events.push(upsert(atMs, now.get(agent.id) ?? agent))
      if (now.size === agents.length) for (const entity of rest) events.push(upsert(atMs, entity))
    }
    // Bursts and lulls, as people work.
    const pace = 0.15 + 0.85 * Math.abs(Math.sin((atMs - fromMs) / (7 * MINUTE_MS)))
    for (const agent of [...now.values()]) {
      if (agent.kind !== 'observed' || random() > pace * 0.35) continue
      const next = lived(agent, atMs, random)
      now.set(agent.id, next)
      events.push(upsert(atMs, next))
    }
    if (events.length > 0) appends.push(log.append(events))
  }
  // As it ends, it looks like the picture of a good day.
  const last = agents.map((agent) => {
    const { tokens, costUsd } = now.get(agent.id) ?? agent
    return upsert(untilMs, { ...timed(agent, untilMs), tokens, costUsd })
  })
  appends.push(log.append(last))
  await Promise.all(appends)
  await log.close()
  return { fromMs, toMs: untilMs }
}

/** Said by its sources at that moment. */
function timed(agent: Agent, atMs: number): Agent {
  const at = new Date(atMs).toISOString()
  const sources = Object.fromEntries(Object.entries(agent.sources).map(([name, { source }]) => [name, { source, at }]))
  return { ...agent, sources, statusSince: at, lastActiveAt: at, updatedAt: at }
}

function lived(agent: Agent, atMs: number, random: () => number): Agent {
  const roll = random()
  const spent = Math.round(500 + random() * 3_500)
  const input = (agent.tokens?.input ?? 0) + spent
  const output = (agent.tokens?.output ?? 0) + Math.round(spent / 12)
  return {
    ...timed(agent, atMs),
    status: roll < 0.008 ? 'error' : roll < 0.5 ? 'busy' : 'active',
    activity: roll < 0.008 ? 'Tool failed: timeout' : (ACTIVITIES[Math.floor(random() * ACTIVITIES.length)] ?? null),
    attention: roll > 0.99 ? { reason: 'permission: Bash', since: new Date(atMs).toISOString() } : null,
    tokens: { input, output, cacheRead: null, cacheWrite: null },
    costUsd: (agent.costUsd ?? 0) + spent * 4e-6,
  }
}
