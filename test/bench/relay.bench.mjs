// The relay beside a peer and beside nothing at all: many clients in front of one MCP server on stdio. In each round
// every contestant is started anew and given the same load, in another order, so that a busy moment of the machine
// falls on no one alone; each figure is the median of the rounds.

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { descendants, rssMb } from './procStat.mjs'
import { ECHO_SERVER, ours, preparePeer } from './relay/contestants.mjs'

const LOAD = fileURLToPath(new URL('./relay/load.mjs', import.meta.url))
const ROUNDS = 3
const CLIENTS = [1, 10, 100]
const IN_FLIGHT = 8
const PAYLOADS = [
  { tool: 'echo', title: 'echo' },
  { tool: 'agent_list', title: '4.7 KB' },
]
const WARM_UP_MS = 500
const MEASURE_MS = 2_000

/** What each figure may be of the peer's, at most. One that has none here is told, not judged. */
const BARS = { 'cpu per request': 0.8, rss: 1, p99: 1 }
const BARS_AT_CLIENTS = 100

const FLOOR = 'bare stdio'

/** Unit of each kind of figure. */
const UNITS = {
  requests: '1/s',
  p50: 'ms',
  p99: 'ms',
  'cpu per request': 'µs',
  rss: 'MB',
  children: 'processes',
}
/** @typedef {Partial<Record<keyof typeof UNITS, number>>} Figures */

/** @returns {AsyncIterable<{ name: string, value: number, unit: string, peer?: number, ratio?: number, bar?: number }>} */
export async function* bench() {
  if (process.platform !== 'linux') {
    process.stderr.write('relay: left out, since its figures come from /proc\n')
    return
  }
  const peer = await preparePeer()
  const entrants = peer ? [ours, peer] : [ours]
  /** @type {Map<string, Figures[]>} */
  const rounds = new Map()
  const note = (/** @type {string} */ name, /** @type {string} */ load, /** @type {Figures} */ figures) => {
    const key = `${name}/${load}`
    rounds.set(key, [...(rounds.get(key) ?? []), figures])
  }
  for (let round = 0; round < ROUNDS; round++) {
    process.stderr.write(`relay: round ${round + 1} of ${ROUNDS}\n`)
    for (const entrant of round % 2 ? [...entrants].reverse() : entrants) {
      for (const [load, figures] of await measure(entrant)) note(entrant.name, load, figures)
    }
    for (const [load, figures] of await measureFloor()) note(FLOOR, load, figures)
  }
  for (const payload of PAYLOADS) {
    for (const clients of CLIENTS) {
      const load = loadName(payload, clients)
      const [own, other, floor] = [ours.name, peer?.name, FLOOR].map((name) => medians(rounds.get(`${name}/${load}`)))
      for (const [kind, unit] of Object.entries(UNITS)) {
        const value = own?.[kind] ?? Number.NaN
        const theirs = other?.[kind]
        const bar = clients === BARS_AT_CLIENTS ? BARS[kind] : undefined
        yield {
          name: `relay ${kind}/${load}`,
          value,
          unit,
          ...(theirs === undefined ? {} : { peer: theirs, ratio: value / theirs }),
          ...(theirs === undefined || bar === undefined ? {} : { bar }),
        }
        if (floor?.[kind] !== undefined) yield { name: `${FLOOR} ${kind}/${load}`, value: floor[kind], unit }
      }
    }
  }
}

const loadName = (/** @type {{ title: string }} */ { title }, /** @type {number} */ clients) =>
  `${title}, ${clients} client${clients === 1 ? '' : 's'}`

/** @returns {Promise<[string, Figures][]>} */
async function measure(/** @type {import('./relay/contestants.mjs').Entrant} */ entrant) {
  const { pid, target, stop } = await entrant.start()
  /** @type {[string, Figures][]} */
  const figures = []
  try {
    for (const payload of PAYLOADS) {
      for (const clients of CLIENTS) {
        const result = await load({ target, pid, clients, tool: payload.tool })
        figures.push([loadName(payload, clients), { ...result, rss: rssMb(pid), children: descendants(pid) }])
      }
    }
  } finally {
    await stop()
  }
  return figures
}

/** One program spoken to directly, with as many requests in flight. */
async function measureFloor() {
  /** @type {[string, Figures][]} */
  const figures = []
  const target = { file: process.execPath, args: [ECHO_SERVER] }
  for (const payload of PAYLOADS) {
    for (const clients of CLIENTS) {
      const { requests, p50, p99 } = await load({ target, pid: null, clients, tool: payload.tool })
      figures.push([loadName(payload, clients), { requests, p50, p99 }])
    }
  }
  return figures
}

/** @returns {Promise<Figures>} */
function load(/** @type {Pick<import('./relay/load.mjs').LoadTask, 'target' | 'pid' | 'clients' | 'tool'>} */ what) {
  const task = { ...what, inFlight: IN_FLIGHT, warmUpMs: WARM_UP_MS, measureMs: MEASURE_MS }
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [LOAD, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code !== 0) {
        reject(new Error(`the load failed: ${JSON.stringify(what)}`))
        return
      }
      /** @type {import('./relay/load.mjs').LoadResult} */
      const { requests, seconds, p50Ms, p99Ms, cpuUs } = JSON.parse(text)
      const cpu = cpuUs === null ? {} : { 'cpu per request': cpuUs / requests }
      resolve({ requests: requests / seconds, p50: p50Ms, p99: p99Ms, ...cpu })
    })
  })
}

/** @returns {Figures | undefined} */
function medians(/** @type {Figures[] | undefined} */ all) {
  if (!all?.[0]) return undefined
  return Object.fromEntries(
    Object.keys(all[0]).map((kind) => {
      const values = all.map((figures) => figures[kind]).sort((a, b) => a - b)
      return [kind, values[Math.floor(values.length / 2)]]
    }),
  )
}
