// The durable log at 10,000 agents: what log, fold and hub take in with 100 viewers, for how long a large batch holds the
// event loop up, how fast the past is found over HTTP, and how fast a server is there again with a full log.

import { fork } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SqliteLog } from '../../dist/node/server/log/sqliteLog.js'
import { BenchEvents } from './log/events.mjs'
import { freshEventLog, NODE_FLAGS, recordedProject, startSwarmscope } from './startSwarmscope.mjs'

const AGENTS = 10_000
const VIEWERS = 100
const BATCH = 100
const SUSTAINED_MS = 10_000
const LARGE_BATCHES = 10
const DAY_MS = 24 * 3_600_000
const EVENTS = 1_000_000
const EVENTS_OF_DAY_BATCH = 20
const LOOKS = 100
const STARTS = 5
/** As the default has it; reached when the file is as large as it may get before its oldest batches go. */
const BOUND_BYTES = 512 * 1024 * 1024
const FULL = 0.9
const MAX_FILL_MS = 120_000
/** 2,400 characters that no compression makes small: or filling would take a quarter of an hour. */
const FILL = { count: 100, extra: 2_400 }
const MIN_EVENTS_A_SECOND = 50_000

/** @returns {AsyncIterable<{ name: string, value: number, unit: string, limit?: number }>} */
export async function* bench() {
  const { project, dataDir, remove } = recordedProject()
  try {
    yield* sustained(join(project, 'sustained.db'))
    yield* aDay({ project, dataDir })
  } finally {
    remove()
  }
}

async function* sustained(/** @type {string} */ path) {
  const server = start('server', path, String(AGENTS))
  const viewers = start('viewers')
  try {
    const to = await server.ask({ do: 'port' })
    /** @type {{ clockMs: number, processorMs: number }[]} */
    const turns = []
    for (let n = 0; n < LARGE_BATCHES; n++) turns.push(await server.ask({ do: 'all' }))
    const turn = `log and fold/longest turn of the event loop with one batch of ${AGENTS} agents, median of ${LARGE_BATCHES}`
    yield { name: turn, value: middle(turns.map(({ clockMs }) => clockMs)), unit: 'ms' }
    // What it used itself: others on the machine do not count.
    yield {
      name: `${turn}/processor`,
      value: middle(turns.map(({ processorMs }) => processorMs)),
      unit: 'ms',
      limit: 20,
    }
    await viewers.ask({ do: 'open', count: VIEWERS, ...to })
    const { events, seconds, p99Ms, cpuMs } = await server.ask({ do: 'load', forMs: SUSTAINED_MS, count: BATCH })
    const title = `log, fold and ${VIEWERS} viewers/${AGENTS} agents, batches of ${BATCH}, ${SUSTAINED_MS / 1_000} s`
    yield { name: title, value: events / seconds, unit: 'events/s' }
    yield {
      name: `${title}/time of an event`,
      value: (seconds * 1e6) / events,
      unit: 'µs',
      limit: 1e6 / MIN_EVENTS_A_SECOND,
    }
    yield { name: `${title}/processor time of an event`, value: (cpuMs * 1e3) / events, unit: 'µs' }
    yield { name: `${title}/append to told, p99`, value: p99Ms, unit: 'ms' }
    const { seq, hash } = await server.ask({ do: 'state' })
    const { hashes, frames, snapshots, closed } = await viewers.ask({ do: 'at', seq })
    if (hashes.length !== 1 || hashes[0] !== hash) throw new Error('a viewer has another state than the server')
    yield { name: `${title}/frames to each`, value: frames / VIEWERS, unit: '' }
    yield { name: `${title}/snapshots to each`, value: snapshots / VIEWERS, unit: '' }
    yield { name: `${title}/viewers that were closed`, value: closed, unit: '', limit: 0 }
    await server.ask({ do: 'close' })
  } finally {
    server.stop()
    viewers.stop()
  }
}

async function* aDay(/** @type {{ project: string, dataDir: string }} */ at) {
  const path = await freshEventLog(at)
  const made = new BenchEvents(AGENTS)
  const beganMs = Date.now() - DAY_MS
  const log = await SqliteLog.open({ path, bootId: 'bench' })
  await log.append(made.batch(beganMs, AGENTS, { from: 0 }))
  const batches = EVENTS / EVENTS_OF_DAY_BATCH
  for (let n = 0; n < batches; n++) {
    const appended = log.append(made.batch(beganMs + (n / batches) * DAY_MS, EVENTS_OF_DAY_BATCH))
    // As a day has them: never so dense that keyframes cannot keep up.
    if (n % 25 === 0) {
      await appended
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await log.close()
  yield { name: `log/${EVENTS} events of ${AGENTS} agents on disk`, value: megabytes(path), unit: 'MB' }
  yield* past(at, () => beganMs + 1 + made.random() * (DAY_MS - 2))

  const more = await SqliteLog.open({ path, bootId: 'bench', maxBytes: BOUND_BYTES })
  const fillingMs = performance.now()
  while (statSync(path).size < BOUND_BYTES * FULL && performance.now() - fillingMs < MAX_FILL_MS) {
    const appends = Array.from({ length: 20 }, () => more.append(made.batch(Date.now(), FILL.count, FILL)))
    await Promise.all(appends)
  }
  // The agents as they usually are.
  await more.append(made.batch(Date.now(), AGENTS, { from: 0 }))
  await more.close()
  yield* starts(at, megabytes(path))
}

async function* past(/** @type {{ project: string, dataDir: string }} */ at, /** @type {() => number} */ someTime) {
  const server = await startSwarmscope(at)
  try {
    const get = async (/** @type {string} */ route) => {
      const response = await fetch(`${server.url}/api/v1/history${route}`, {
        headers: { Authorization: `Bearer ${server.token}` },
      })
      if (!response.ok) throw new Error(`${route}: ${response.status}`)
      return response.text()
    }
    await get('')
    const times = []
    for (let n = 0; n < LOOKS; n++) {
      const from = performance.now()
      const text = await get(`/state?at=${Math.floor(someTime())}`)
      times.push(performance.now() - from)
      const agents = text.split('{"entity":"agent"').length - 1
      if (agents !== AGENTS) throw new Error(`${agents} agents in the past`)
      // Else the limit of requests is what would be measured.
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    times.sort((a, b) => a - b)
    const title = `history/GET state at any time of a day with ${EVENTS} events`
    yield { name: `${title}, p50 of ${LOOKS}`, value: middle(times), unit: 'ms', limit: 200 }
    yield { name: `${title}, slowest of ${LOOKS}`, value: times.at(-1) ?? Number.NaN, unit: 'ms', limit: 200 }
    const from = performance.now()
    await get('')
    yield { name: 'history/GET overview of the day', value: performance.now() - from, unit: 'ms' }
  } finally {
    await server.stop()
  }
}

async function* starts(/** @type {{ project: string, dataDir: string }} */ at, /** @type {number} */ fileMb) {
  const ready = []
  const shown = []
  for (let n = 0; n < STARTS; n++) {
    const beganMs = performance.now()
    const server = await startSwarmscope(at)
    const { status } = await fetch(`${server.url}/readyz`)
    if (status !== 200) throw new Error(`/readyz says ${status}`)
    ready.push(performance.now() - beganMs)
    const response = await fetch(`${server.url}/api/v1/bots/status`, {
      headers: { Authorization: `Bearer ${server.token}` },
    })
    const { totals } = await response.json()
    // And those of the project.
    if (totals.agents < AGENTS) throw new Error(`${totals.agents} agents after the start`)
    shown.push(performance.now() - beganMs)
    await server.stop()
  }
  const title = `start of the process with a log of ${Math.round(fileMb)} MB and ${AGENTS} agents`
  yield { name: `${title}, to ready, median of ${STARTS}`, value: middle(ready), unit: 'ms', limit: 1_500 }
  yield {
    name: `${title}, to the state being served, median of ${STARTS}`,
    value: middle(shown),
    unit: 'ms',
    limit: 1_500,
  }
}

const middle = (/** @type {number[]} */ values) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const megabytes = (/** @type {string} */ path) => statSync(path).size / 1024 / 1024

function start(/** @type {'server' | 'viewers'} */ name, /** @type {string[]} */ ...args) {
  const child = fork(fileURLToPath(new URL(`./log/${name}.mjs`, import.meta.url)), args, { execArgv: NODE_FLAGS })
  return {
    /** @returns {Promise<any>} */
    ask: (/** @type {object} */ command) =>
      new Promise((resolve, reject) => {
        const onExit = () => reject(new Error(`the ${name} ended`))
        child.once('exit', onExit)
        child.once('message', (answer) => {
          child.off('exit', onExit)
          resolve(answer)
        })
        child.send(command)
      }),
    stop: () => child.connected && child.disconnect(),
  }
}
