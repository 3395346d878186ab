// The built server with its relay, as `npm start` has them, on the recorded project and with the fake claude-flow.

import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const READY_TIMEOUT_MS = 20_000

/** A project and a data dir of its own; `remove` when all that was started in them has ended. */
export function recordedProject() {
  const folder = mkdtempSync(join(tmpdir(), 'swarmscope-bench-'))
  const project = join(folder, 'project')
  const dataDir = join(folder, 'data')
  cpSync(join(ROOT, 'test/fixtures/claude-flow-3.43.0-files'), join(project, '.claude-flow'), { recursive: true })
  return { project, dataDir, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Where the server of this place keeps its log, for one to be written in its stead: learnt from a start that is undone. */
export async function freshEventLog(/** @type {{ project: string, dataDir: string }} */ at) {
  await (await startSwarmscope(at)).stop()
  const [folder = ''] = readdirSync(join(at.dataDir, 'projects'))
  const path = join(at.dataDir, 'projects', folder, 'events.db')
  for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
  return path
}

/** Of node, as `npm start` gives them. */
export const NODE_FLAGS = /** @type {string} */ (
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts.start
)
  .split(' ')
  .filter((word) => word.startsWith('--'))

/** Resolves when it says that it is ready. */
export async function startSwarmscope(/** @type {{ project: string, dataDir: string }} */ { project, dataDir }) {
  const beganMs = performance.now()
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(SWARMSCOPE_|CLAUDE_FLOW_|INIT_CWD$|npm_)/.test(name)),
  )
  const child = spawn(
    process.execPath,
    [
      ...NODE_FLAGS,
      join(ROOT, 'dist/node/server/main.js'),
      ...['--project', project, '--data-dir', dataDir, '--port', '0', '--relay-port', '0'],
      ...['--claude-flow', `${process.execPath} ${join(ROOT, 'test/helpers/fakeMcpChild.mjs')}`],
    ],
    { stdio: ['ignore', 'pipe', 'ignore'], env },
  )
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const url = await new Promise((resolve, reject) => {
    let said = ''
    const timer = setTimeout(() => reject(new Error('Swarmscope was not ready in time')), READY_TIMEOUT_MS)
    child.once('exit', (code) => reject(new Error(`Swarmscope ended with ${code}`)))
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said += text
      const found = /ready: (http:\S+)\/#/.exec(said)?.[1]
      if (!found) return
      clearTimeout(timer)
      resolve(found)
    })
  })
  const readyMs = performance.now() - beganMs
  const token = readFileSync(join(dataDir, 'operator.token'), 'utf8').trim()
  return {
    url,
    token,
    readyMs,
    pid: /** @type {number} */ (child.pid),
    /** Ends at once. */
    stop: () => {
      child.kill('SIGINT')
      return exited
    },
  }
}

/** Of a process, whatever its name: Linux keeps them by parent. */
export const childrenOf = (/** @type {number} */ pid) =>
  readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  )

/** A viewer of the live stream; resolves with the snapshot in. `onMessage`: each message from then on. */
export async function watchStream(
  /** @type {{ url: string, token: string }} */ { url, token },
  /** @type {(message: any) => void} */ onMessage,
) {
  const { WebSocket } = await import('ws')
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/stream`, ['swarmscope.v1'], {
    headers: { Authorization: `Bearer ${token}` },
  })
  await new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'hello', protocol: { min: 1, max: 1 }, version: 'bench', resume: null })),
    )
    socket.on('message', (data) => {
      const message = JSON.parse(data.toString())
      if (message.type === 'ping') socket.send('{"type":"pong"}')
      else if (message.type === 'snapshot' && message.last) resolve(undefined)
      onMessage(message)
    })
  })
  return { close: () => socket.close() }
}

/** Resolves when the server shows the real agents. */
export async function untilLive(/** @type {{ url: string }} */ { url }) {
  const beganMs = performance.now()
  for (;;) {
    const { mode } = await (await fetch(`${url}/api/v1/bots/health`)).json()
    if (mode === 'live') return
    if (performance.now() - beganMs > READY_TIMEOUT_MS) throw new Error(`the view is ${mode}, not live`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
