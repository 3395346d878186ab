// The durable log at 10,000 agents: what it takes in, how fast a start reads it, how fast the past is found.

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EVENT_VERSION } from '../../dist/node/protocol/events.js'
import { History } from '../../dist/node/server/history/history.js'
import { SqliteLog } from '../../dist/node/server/log/sqliteLog.js'
import { World } from '../../dist/node/server/world.js'

const AGENTS = 10_000
const BATCH = 100
const DAY_MS = 24 * 3_600_000
const EVENTS = 1_000_000
const SUSTAINED_MS = 10_000
/** Appends under way at a time: a source that does not run ahead of the log. */
const AHEAD = 150
/** More than are ever under way. */
const MADE_BATCHES = 500
const LOOKS = 25
const WORDS =
  'add fix login page cart search index cache test retry review merge split rename queue worker token'.split(' ')

let revision = 0
let seed = 1
const random = () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}
const words = (/** @type {number} */ count) =>
  Array.from({ length: count }, () => WORDS[Math.floor(random() * WORDS.length)]).join(' ')

function event(/** @type {number} */ index, /** @type {string} */ receivedAt) {
  const id = `k3jx9a/agent-${index}`
  const version = [1, ++revision]
  const entity = {
    entity: 'agent',
    id,
    nativeId: `agent-${index}`,
    sourceId: 'k3jx9a',
    origin: 'claude-flow',
    kind: 'registered',
    name: `agent ${index}`,
    type: 'coder',
    rawType: 'coder',
    status: random() < 0.5 ? 'busy' : 'idle',
    rawStatus: 'busy',
    mock: false,
    swarmId: 'k3jx9a/swarm-1',
    parentId: null,
    model: 'sonnet',
    health: Math.round(random() * 100) / 100,
    currentTask: words(6),
    tasksActive: Math.floor(random() * 5),
    tasksCompleted: revision % 97,
    tokens: null,
    costUsd: null,
    cpuUsage: null,
    memoryBytes: null,
    capabilities: null,
    activity: words(4),
    attention: null,
    project: 'shop',
    host: 'powerdev',
    tools: null,
    statusSince: receivedAt,
    createdAt: receivedAt,
    lastActiveAt: receivedAt,
    updatedAt: receivedAt,
    sources: { status: { source: 'k3jx9a', at: receivedAt }, health: { source: 'k3jx9a', at: receivedAt } },
    openTools: null,
    lastTool: null,
    lastFailure: null,
    unattributed: null,
    crossCheck: null,
    endedReason: null,
    sessionId: null,
  }
  return {
    v: EVENT_VERSION,
    type: 'agent.upserted',
    key: `${id}@${revision}`,
    sourceId: 'k3jx9a',
    version,
    at: receivedAt,
    receivedAt,
    entity,
  }
}

const batch = (/** @type {number} */ ms, count = BATCH, from = Math.floor(random() * AGENTS)) => {
  const receivedAt = new Date(ms).toISOString()
  return Array.from({ length: count }, (_, offset) => event((from + offset * 7) % AGENTS, receivedAt))
}

/** @returns {AsyncIterable<{ name: string, value: number, unit: string }>} */
export async function* bench() {
  const folder = mkdtempSync(join(tmpdir(), 'swarmscope-bench-'))
  try {
    yield* sustained(join(folder, 'sustained.db'))
    yield* aDay(join(folder, 'day.db'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function* sustained(/** @type {string} */ path) {
  const log = await SqliteLog.open({ path, bootId: 'bench' })
  const world = await World.open('real', log)
  // Made before: what is measured is the log, not the making up of events.
  const made = Array.from({ length: MADE_BATCHES }, () => batch(Date.now()))
  const next = (/** @type {number} */ n) => {
    const events = made[n % MADE_BATCHES] ?? []
    for (const event of events) event.version = [1, ++revision]
    return events
  }
  const began = performance.now()
  let events = 0
  let batches = 0
  const waiting = new Set()
  const latencies = []
  while (performance.now() - began < SUSTAINED_MS) {
    const from = performance.now()
    const appended = world.append(next(batches++)).then(() => {
      waiting.delete(appended)
      latencies.push(performance.now() - from)
      events += BATCH
    })
    waiting.add(appended)
    if (waiting.size >= AHEAD) await Promise.race(waiting)
  }
  await Promise.all(waiting)
  const seconds = (performance.now() - began) / 1_000
  latencies.sort((a, b) => a - b)
  yield {
    name: `log and fold/${AGENTS} agents, batches of ${BATCH}, ${SUSTAINED_MS / 1_000} s`,
    value: events / seconds,
    unit: 'events/s',
  }
  yield {
    name: 'log and fold/append to told, p99',
    value: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
    unit: 'ms',
  }
  await world.close()
}

async function* aDay(/** @type {string} */ path) {
  const log = await SqliteLog.open({ path, bootId: 'bench' })
  const beganMs = Date.now() - DAY_MS
  const perBatch = 20
  const batches = EVENTS / perBatch
  await log.append(Array.from({ length: AGENTS }, (_, index) => event(index, new Date(beganMs).toISOString())))
  for (let n = 0; n < batches; n++) {
    const appended = log.append(batch(beganMs + (n / batches) * DAY_MS, perBatch))
    // As a day has them: never so dense that keyframes cannot keep up.
    if (n % 25 === 0) {
      await appended
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await log.close()
  yield {
    name: `log/${EVENTS} events of ${AGENTS} agents on disk`,
    value: statSync(path).size / 1024 / 1024,
    unit: 'MB',
  }

  const began = performance.now()
  const again = await SqliteLog.open({ path, bootId: 'bench' })
  const world = await World.open('real', again)
  yield { name: `log/start with ${EVENTS} events, ${AGENTS} agents`, value: performance.now() - began, unit: 'ms' }

  const history = new History(path)
  const times = []
  let agents = 0
  await history.ask({ type: 'overview', fromMs: null, toMs: null, maxBuckets: 200 })
  for (let n = 0; n < LOOKS; n++) {
    const from = performance.now()
    const state = await history.ask({ type: 'stateAt', atMs: beganMs + 1 + random() * (DAY_MS - 2) })
    times.push(performance.now() - from)
    agents = state.lists.agents.split('{"entity":"agent"').length - 1
  }
  if (agents !== AGENTS) throw new Error(`${agents} agents in the past`)
  times.sort((a, b) => a - b)
  yield {
    name: `history/state at any time of a day with ${EVENTS} events, median of ${LOOKS}`,
    value: times[Math.floor(LOOKS / 2)] ?? Number.NaN,
    unit: 'ms',
  }
  yield { name: `history/state at any time, slowest of ${LOOKS}`, value: times.at(-1) ?? Number.NaN, unit: 'ms' }
  const from = performance.now()
  await history.ask({ type: 'overview', fromMs: null, toMs: null, maxBuckets: 200 })
  yield { name: 'history/overview of the day', value: performance.now() - from, unit: 'ms' }
  history.close()
  await world.close()
}
