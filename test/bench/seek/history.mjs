// An hour of a swarm at work, written by the real log: each agent changes six times in it, some go and come back.

import { EVENT_VERSION } from '../../../dist/node/protocol/events.js'
import { SqliteLog } from '../../../dist/node/server/log/sqliteLog.js'

const SPAN_MS = 3_600_000
const CHANGES_OF_EACH = 6
const BATCH = 10
/** … of so many batches one ends a few agents, and the next one brings them back. */
const LEAVE_EACH = 20
const STATUSES = ['idle', 'active', 'busy', 'idle', 'error', 'idle', 'active', 'offline']

/**
 * @param {string} path of the log
 * @param {readonly any[]} entities
 * @param {number} untilMs
 */
export async function writeHour(path, entities, untilMs) {
  const fromMs = untilMs - SPAN_MS
  const log = await SqliteLog.open({ path, bootId: 'bench' })
  let revision = 0
  const event = (/** @type {number} */ atMs, /** @type {object} */ what) => {
    const at = new Date(atMs).toISOString()
    const key = `bench/${++revision}`
    return { v: EVENT_VERSION, key, sourceId: 'test', version: [1, revision], at, receivedAt: at, ...what }
  }
  const upsert = (/** @type {number} */ atMs, /** @type {any} */ { rev: _, ...entity }) =>
    event(atMs, { type: `${entity.entity}.upserted`, entity })
  const agents = entities.filter(({ entity }) => entity === 'agent')
  await log.append(/** @type {any} */ (entities.map((entity) => upsert(fromMs, entity))))
  const batches = (agents.length * CHANGES_OF_EACH) / BATCH
  let random = 1
  const next = (/** @type {number} */ below) => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((random / 2 ** 32) * below)
  }
  /** @type {any[]} */
  let away = []
  for (let n = 1; n <= batches; n++) {
    const atMs = fromMs + (n / (batches + 1)) * SPAN_MS
    const at = new Date(atMs).toISOString()
    const lived = (/** @type {any} */ agent) => {
      const status = STATUSES[next(STATUSES.length)]
      const tokens = { input: revision, output: next(900), cacheRead: null, cacheWrite: null }
      return upsert(atMs, {
        ...agent,
        status,
        tokens,
        attention: null,
        statusSince: at,
        lastActiveAt: at,
        updatedAt: at,
      })
    }
    const events = Array.from({ length: BATCH }, () => agents[next(agents.length)])
      .filter((agent) => !away.includes(agent))
      .map(lived)
    events.push(...away.splice(0).map(lived))
    // Those at the ends of the tree: the links of others do not end with them.
    if (n % LEAVE_EACH === 0 && n < batches) {
      away = Array.from({ length: 3 }, () => agents[agents.length - 1 - next(10)])
      away = [...new Set(away)]
      events.push(...away.map((agent) => event(atMs, { type: 'agent.retired', id: agent.id })))
    }
    const appended = log.append(/** @type {any} */ (events))
    if (n % 25 === 0) {
      await appended
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await log.close()
}
