// From a write in claude-flow's files to the frame at a subscriber, through the relay as a process: a small store and
// one of 10 MB, and how long the relay's main thread is blocked meanwhile.

import { fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url))
const RELAY = here('../../dist/node/relay/main.js')
const CHILD = here('../helpers/fakeMcpChild.mjs')
const LOOP_DELAY = here('../helpers/loopDelay.mjs')
const STORE = '.claude-flow/agents/store.json'
const TOKEN = 'relay-token-of-the-bench'
const PATIENCE_MS = 30_000
/** Between two writes: claude-flow's own calls are further apart. Also lets the file's time settle. */
const PAUSE_MS = 75
/** A bit over the 10 MB of the promise. */
const LARGE = { agents: 10_000, textLength: 600, writes: 20 }
const SMALL = { agents: 20, textLength: 0, writes: 200 }

/** @returns {AsyncIterable<{ name: string, value: number, unit: string }>} */
export async function* bench() {
  yield* measure('20 agents', SMALL)
  yield* measure('10,000 agents, 10 MB', LARGE)
}

/** @param {string} name @param {{ agents: number, textLength: number, writes: number }} size */
async function* measure(name, { agents, textLength, writes }) {
  const folder = mkdtempSync(join(tmpdir(), 'swarmscope-bench-'))
  const store = storeOf(agents, textLength)
  write(folder, store)
  const relay = await startRelay(folder)
  try {
    const beganMs = performance.now()
    const subscriber = await subscribe(relay.url)
    const records = await subscriber.snapshot
    if (records !== agents) throw new Error(`the snapshot has ${records} records of ${agents}`)
    yield { name: `watch/${name}: snapshot to a new subscriber`, value: performance.now() - beganMs, unit: 'ms' }
    await relay.load() // from here on, without the start
    const times = []
    for (let round = 1; round <= writes; round++) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      const id = `agent-${Math.floor((agents * round) / (writes + 1))}`
      store.agents[id].taskCount = round
      const frame = subscriber.next()
      const text = JSON.stringify(store, null, 2)
      write(folder, text)
      const wroteMs = performance.now()
      const { atMs, put } = await frame
      if (put.length !== 1 || put[0].nativeId !== id || put[0].data.taskCount !== round) {
        throw new Error(`the frame does not tell of ${id} alone`)
      }
      times.push(atMs - wroteMs)
    }
    times.sort((a, b) => a - b)
    yield { name: `watch/${name}: write to frame, p50`, value: quantile(times, 0.5), unit: 'ms' }
    yield { name: `watch/${name}: write to frame, p99`, value: quantile(times, 0.99), unit: 'ms' }
    const load = await relay.load()
    yield { name: `watch/${name}: main thread blocked, max`, value: load.maxDelayMs, unit: 'ms' }
    yield { name: `watch/${name}: CPU of the main thread per write`, value: load.mainCpuMs / writes, unit: 'ms' }
    yield { name: `watch/${name}: CPU of all threads per write`, value: load.allCpuMs / writes, unit: 'ms' }
    yield { name: `watch/${name}: memory of the relay`, value: load.rssBytes / 1024 / 1024, unit: 'MiB' }
    subscriber.close()
  } finally {
    await relay.end()
    rmSync(folder, { recursive: true, force: true })
  }
}

const quantile = (/** @type {number[]} */ sorted, /** @type {number} */ part) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN

/** As claude-flow 3.x writes it. */
function storeOf(/** @type {number} */ count, /** @type {number} */ textLength) {
  const agents = Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const agentId = `agent-${index}`
      const config = { provider: 'anthropic', capabilities: ['code', 'review'], notes: 'x'.repeat(textLength) }
      const times = { createdAt: '2026-11-23T21:07:25.000Z' }
      return [agentId, { agentId, agentType: 'coder', status: 'idle', health: 1, taskCount: 0, config, ...times }]
    }),
  )
  return { agents, version: '3.0.0' }
}

/** In place, as claude-flow does. */
function write(/** @type {string} */ folder, /** @type {string | object} */ store) {
  const path = join(folder, STORE)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, typeof store === 'string' ? store : JSON.stringify(store, null, 2))
}

async function startRelay(/** @type {string} */ project) {
  const args = ['--project', project, '--data-dir', join(project, 'data'), '--port', '0']
  const command = ['--claude-flow', `${process.execPath} ${CHILD}`]
  const relay = fork(RELAY, [...args, ...command], {
    execArgv: ['--import', LOOP_DELAY],
    env: { ...process.env, SWARMSCOPE_RELAY_TOKEN: TOKEN },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const exited = new Promise((resolve) => relay.once('exit', resolve))
  /** @param {(message: any) => boolean} matches @returns {Promise<any>} */
  const told = (matches) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the relay says nothing')), PATIENCE_MS)
      relay.on('message', function listen(message) {
        if (!matches(message)) return
        clearTimeout(timer)
        relay.off('message', listen)
        resolve(message)
      })
    })
  const ask = (/** @type {string} */ type) => {
    const answer = told((message) => message.type === type)
    relay.send({ type })
    return answer
  }
  const { url } = await told(({ type }) => type === 'ready')
  return {
    url,
    /** Since the last call. */
    load: () => ask('load'),
    async end() {
      relay.kill('SIGTERM')
      await exited
    },
  }
}

async function subscribe(/** @type {string} */ url) {
  const socket = new WebSocket(url, ['mcp'], { headers: { Authorization: `Bearer ${TOKEN}` } })
  let records = 0
  /** @type {(count: number) => void} */
  let loaded
  /** @type {(frame: { atMs: number, put: any[] }) => void} */
  let came = () => undefined
  const snapshot = new Promise((resolve) => {
    loaded = resolve
  })
  socket.on('message', (data) => {
    const atMs = performance.now()
    const { method, params } = JSON.parse(data.toString())
    if (method === 'swarmscope/snapshot') {
      records += params.put.length
      if (params.last) loaded(records)
    } else if (method === 'swarmscope/frame') {
      came({ atMs, put: params.put })
    }
  })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  const send = (/** @type {string} */ method, /** @type {object} */ params) =>
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: method, method, params }))
  send('swarmscope/hello', { version: '0.0.0', protocol: { min: 1, max: 1 } })
  send('swarmscope/subscribe', { epoch: null, rev: 0 })
  return {
    snapshot,
    /** The next frame. @returns {Promise<{ atMs: number, put: any[] }>} */
    next: () =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('no frame came')), PATIENCE_MS)
        came = (frame) => {
          clearTimeout(timer)
          resolve(frame)
        }
      }),
    close: () => socket.terminate(),
  }
}
