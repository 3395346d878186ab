// npm run dev [-- server options]: compiler, server and web app, each at work again when a source of it is saved. The
// page is vite's (it reloads by itself); vite passes /api on to the server.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ensureBuilt } from './lib/ensureBuilt.mjs'
import { endGroup } from './lib/run.mjs'
import { builtFolder, ROOT, stampFile } from './lib/targets.mjs'

const WEB_PORT = 5173
const WEB_URL = `http://localhost:${WEB_PORT}`
const SERVER_PORT = 8080

const argv = process.argv.slice(2)
const givenPort = argv[argv.indexOf('--port') + 1]
const serverPort = argv.includes('--port') && givenPort ? givenPort : SERVER_PORT

const bin = (/** @type {string} */ path) => join(ROOT, 'node_modules', path)
const tsc = [bin('typescript/bin/tsc'), '-p', 'tsconfig.json', '--watch', '--preserveWatchOutput']
// The page comes from vite's address: without this the server refuses its Origin.
const server = [
  '--watch',
  '--watch-preserve-output',
  join(builtFolder('node'), 'server/main.js'),
  '--public-url',
  WEB_URL,
  ...argv,
]
const vite = [
  bin('vite/bin/vite.js'),
  'web',
  '--config',
  'web/vite.config.ts',
  '--port',
  String(WEB_PORT),
  '--strictPort',
]

if (await ensureBuilt(['node'])) start()
else process.exitCode = 1

function start() {
  // From here the compiler writes into the built folder: what stands in it is no longer what the stamp says.
  rmSync(stampFile(builtFolder('node')), { force: true })
  writePlaceholder()

  const parts = [tsc, server, vite].map((args) =>
    spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, SWARMSCOPE_DEV_TARGET: `http://127.0.0.1:${serverPort}` },
      stdio: ['ignore', args === server ? 'pipe' : 'inherit', 'inherit'],
      // A group of its own each: what they start ends with them.
      detached: true,
    }),
  )
  const [, serverPart] = parts
  if (serverPart?.stdout) createInterface({ input: serverPart.stdout }).on('line', tellLink)

  let ending = false
  const endAll = () => {
    if (ending) return
    ending = true
    for (const part of parts) endGroup(part)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, endAll)
  for (const part of parts) {
    part.on('exit', (code) => {
      if (!ending && code) process.exitCode = code
      endAll()
    })
  }
}

/** The server's line, with the address of vite's page. */
function tellLink(/** @type {string} */ line) {
  console.log(line.replace(/^(Swarmscope is ready: )https?:\/\/[^/]+/, `$1${WEB_URL}`))
}

/** The server refuses to start without a page; a built one may well be out of date, or fail to build, here. */
function writePlaceholder() {
  const page = join(builtFolder('web'), 'index.html')
  if (existsSync(page)) return
  mkdirSync(builtFolder('web'), { recursive: true })
  writeFileSync(page, `<!doctype html><title>Swarmscope</title><p>The page under development is at ${WEB_URL}</p>\n`)
}
