// Who is measured: this relay, as it was built, and supergateway, each as a process in front of one echo server.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installApart } from '../../../scripts/lib/installApart.mjs'
import { ROOT } from '../../../scripts/lib/targets.mjs'

export const ECHO_SERVER = fileURLToPath(new URL('./echoServer.mjs', import.meta.url))
const RELAY = join(ROOT, 'dist/node/relay/main.js')
const PEER = { name: 'supergateway', version: '4.0.0' }
const PEER_FOLDER = join(ROOT, '.cache/peers', `${PEER.name}-${PEER.version}`)
const PEER_MAIN = join(PEER_FOLDER, 'node_modules', PEER.name, 'dist/index.js')
const TOKEN = 'token-of-the-benchmark'
const READY_TIMEOUT_MS = 20_000
const LOOK_EVERY_MS = 20

/**
 * @typedef {object} Contestant
 * @property {number} pid
 * @property {{ url: string, headers: Record<string, string> }} target
 * @property {() => Promise<void>} stop
 *
 * @typedef {{ name: string, start: (nodeArgs?: readonly string[]) => Promise<Contestant> }} Entrant `nodeArgs`: e.g. to profile it
 */

/** @type {Entrant} */
export const ours = {
  name: 'swarmscope',
  async start(nodeArgs = []) {
    const folder = mkdtempSync(join(tmpdir(), 'swarmscope-bench-'))
    const [dataDir, project] = ['data', 'project'].map((name) => join(folder, name))
    mkdirSync(project)
    const command = `"${process.execPath}" "${ECHO_SERVER}"`
    const args = ['--port', '0', '--data-dir', dataDir, '--project', project, '--claude-flow', command]
    const relay = spawn(process.execPath, [...nodeArgs, RELAY, ...args], {
      env: { PATH: process.env.PATH, HOME: folder, SWARMSCOPE_RELAY_TOKEN: TOKEN },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const stop = stopper(relay, () => rmSync(folder, { recursive: true, force: true }))
    const url = await new Promise((resolve, reject) => {
      let text = ''
      relay.once('exit', (code) => reject(new Error(`the relay ended with ${code}`)))
      relay.stdout.on('data', (chunk) => {
        text += chunk
        const found = /^Relay is ready: (\S+)$/m.exec(text)?.[1]
        if (found) resolve(found)
      })
    })
    return { pid: relay.pid ?? 0, target: { url, headers: { Authorization: `Bearer ${TOKEN}` } }, stop }
  },
}

/** @type {Entrant} */
const peer = {
  name: PEER.name,
  async start() {
    const port = await freePort()
    const command = `"${process.execPath}" "${ECHO_SERVER}"`
    const options = ['--stdio', command, '--outputTransport', 'ws', '--messagePath', '/ws', '--logLevel', 'none']
    const gateway = spawn(process.execPath, [PEER_MAIN, ...options, '--port', String(port)], { stdio: 'ignore' })
    const stop = stopper(gateway, () => undefined)
    await untilListening(port, gateway)
    return { pid: gateway.pid ?? 0, target: { url: `ws://127.0.0.1:${port}/ws`, headers: {} }, stop }
  },
}

/**
 * Installs the peer when it is first needed; `null`: it cannot be had, and the reason has been told.
 * @returns {Promise<Entrant | null>}
 */
export async function preparePeer() {
  const isHere = await installApart({ ...PEER, folder: PEER_FOLDER, time: 'some seconds' })
  if (isHere && existsSync(PEER_MAIN)) return peer
  process.stderr.write(`${PEER.name} ${PEER.version} is not here: only our own figures follow, without a ratio\n`)
  return null
}

/** @returns {() => Promise<void>} */
function stopper(/** @type {import('node:child_process').ChildProcess} */ child, /** @type {() => void} */ then) {
  const exited = once(child, 'exit')
  return async () => {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), READY_TIMEOUT_MS)
    await exited
    clearTimeout(timer)
    then()
  }
}

/** The peer takes no port 0. Between this and its start another program may take it: then it does not get ready. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}

async function untilListening(
  /** @type {number} */ port,
  /** @type {import('node:child_process').ChildProcess} */ child,
) {
  const deadline = performance.now() + READY_TIMEOUT_MS
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => null)
    if (answer) return
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`${PEER.name} is not ready`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
