// One frame to 1,000 viewers over real sockets, server and viewers in processes of their own; beside it a naive hub that
// turns each frame into text for each viewer. And what an idle viewer costs the server.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { NODE_FLAGS } from './startSwarmscope.mjs'

const VIEWERS = 1_000
/** Connected before memory is measured first: what comes with the first viewers belongs to the server. */
const WARM_VIEWERS = 100
const AGENTS = 200
/** Of the agents, how many change at once: a tenth. */
const CHANGED = 20
const FRAMES = 60
const WARM_UP_FRAMES = 10
/** Idle, so that each frame is sent at once. */
const PAUSE_MS = 60

/** @returns {AsyncIterable<{ name: string, value: number, unit: string, peer?: number, ratio?: number, bar?: number, limit?: number }>} */
export async function* bench() {
  const server = start('server')
  const viewers = start('viewers')
  try {
    const { ours, naive, token } = await server.ask({ do: 'ports' })
    await server.ask({ do: 'change', from: 0, count: AGENTS })
    await viewers.ask({ do: 'open', viewers: WARM_VIEWERS, port: ours, token })
    const before = await server.ask({ do: 'memory' })
    await viewers.ask({ do: 'open', viewers: VIEWERS, port: ours, token })
    const after = await server.ask({ do: 'memory' })
    yield { name: 'idle viewer/resident', value: (after.rss - before.rss) / VIEWERS / 1_000, unit: 'KB', limit: 30 }
    yield {
      name: 'idle viewer/heap and buffers',
      value: (after.held - before.held) / VIEWERS / 1_000,
      unit: 'KB',
      limit: 30,
    }
    await viewers.ask({ do: 'close' })
    await gone(server)

    await viewers.ask({ do: 'open', viewers: VIEWERS, port: ours, token })
    const hub = await measure(server, viewers, 'ours')
    await viewers.ask({ do: 'close' })
    await gone(server)
    await viewers.ask({ do: 'open', viewers: VIEWERS, port: naive, token: null })
    const peer = await measure(server, viewers, 'naive')
    const title = `frame of ${CHANGED} agents to ${VIEWERS} viewers`
    const beside = (/** @type {'p50' | 'p99' | 'cpuMs'} */ key) => ({
      value: hub[key],
      peer: peer[key],
      ratio: hub[key] / peer[key],
    })
    yield { name: `${title}/encodings`, value: hub.encodings, unit: 'per frame', limit: 1 }
    yield { name: `${title}/p50`, unit: 'ms', ...beside('p50') }
    yield { name: `${title}/p99`, unit: 'ms', limit: 50, ...beside('p99') }
    yield { name: `${title}/server CPU`, unit: 'ms', bar: 1, ...beside('cpuMs') }
  } finally {
    server.stop()
    viewers.stop()
  }
}

/**
 * @param {ReturnType<typeof start>} server
 * @param {ReturnType<typeof start>} viewers
 * @param {'ours' | 'naive'} to
 */
async function measure(server, viewers, to) {
  const send = async (/** @type {number} */ frames) => {
    let seq = 0
    for (let n = 0; n < frames; n++) {
      seq = await server.ask({ do: 'change', from: (n * CHANGED) % AGENTS, count: CHANGED, to })
      await pause(PAUSE_MS)
    }
    return (await viewers.ask({ do: 'at', seq })).delaysMs
  }
  await send(WARM_UP_FRAMES)
  // The count of viewers has been told.
  await pause(1_200)
  const encodedBefore = (await server.ask({ do: 'counts' })).encoded
  const cpuBefore = await server.ask({ do: 'cpuUs' })
  const delaysMs = (await send(FRAMES)).sort((/** @type {number} */ a, /** @type {number} */ b) => a - b)
  const cpuMs = ((await server.ask({ do: 'cpuUs' })) - cpuBefore) / 1_000 / FRAMES
  const encodings = ((await server.ask({ do: 'counts' })).encoded - encodedBefore) / FRAMES
  const at = (/** @type {number} */ share) => delaysMs[Math.floor(delaysMs.length * share)]
  return { p50: at(0.5), p99: at(0.99), cpuMs, encodings }
}

/** Until the server has seen them go. @param {ReturnType<typeof start>} server */
async function gone(server) {
  for (let n = 0; n < 200 && (await server.ask({ do: 'counts' })).viewers > 0; n++) await pause(20)
}

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))

function start(/** @type {'server' | 'viewers'} */ name) {
  const child = fork(fileURLToPath(new URL(`./hub/${name}.mjs`, import.meta.url)), {
    execArgv: ['--expose-gc', ...NODE_FLAGS],
  })
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
