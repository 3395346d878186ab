// Headless Chromium for tests. On Linux x64 it comes out of an npm package, so that nothing but Node has to be there;
// elsewhere an installed one is found. None is an error that says what to do: a browser test is never skipped.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir, userInfo } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type LaunchOptions } from 'playwright-core'
import lockfile from 'proper-lockfile'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PACKAGE = '@sparticuz/chromium'

/** Unpacking takes 2 s alone; a process that was killed at it is taken over after this. */
const UNPACK_LOCK_STALE_MS = 20_000

/** WebGL2 without a GPU, and nothing that calls home. */
const ARGS = [
  '--no-sandbox', // root, as in most CI jobs, may not use it; only our own pages are opened
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--no-default-browser-check',
  '--no-first-run',
  '--no-pings',
  '--font-render-hinting=none',
]

export interface BrowserOptions {
  /** More command line switches. */
  args?: readonly string[]
  /** Instead of this process's environment. */
  env?: Readonly<Record<string, string>>
}

export async function launchBrowser({ args = [], env = inherited() }: BrowserOptions = {}): Promise<Browser> {
  const shared: LaunchOptions = { headless: true, args: [...ARGS, ...args] }
  const reasons: string[] = []
  for (const find of candidates()) {
    try {
      const { env: more, ...found } = await find()
      return await chromium.launch({ ...shared, ...found, env: { HOME: tmpdir(), ...env, ...more } })
    } catch (error) {
      reasons.push((error as Error).message.trim())
    }
  }
  throw new Error(
    `No Chromium could be started for the browser tests. Install Chrome or Chromium, or set SWARMSCOPE_CHROME to the path of its program.\n${reasons.join('\n')}`,
  )
}

type Candidate = () => Promise<Pick<LaunchOptions, 'executablePath' | 'channel'> & { env?: Record<string, string> }>

function candidates(): Candidate[] {
  const chosen = process.env.SWARMSCOPE_CHROME
  if (chosen) return [async () => ({ executablePath: chosen })]
  const installed: Candidate[] = [
    async () => ({ executablePath: onPath(['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) }),
    async () => ({ channel: 'chrome' }),
    async () => ({ channel: 'msedge' }),
  ]
  return process.platform === 'linux' && process.arch === 'x64' ? [unpacked, ...installed] : installed
}

function onPath(names: readonly string[]): string {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
  if (!found) throw new Error(`none of ${names.join(', ')} is on PATH`)
  return found
}

const inherited = (): Record<string, string> =>
  Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined))

/** The package's Chromium, unpacked once for each version and user. */
async function unpacked() {
  const folder = openPrivateFolder()
  const ready = join(folder, 'ready')
  if (!existsSync(ready)) {
    const unlock = await lockfile.lock(folder, {
      stale: UNPACK_LOCK_STALE_MS,
      retries: { retries: 600, factor: 1, minTimeout: 200, maxTimeout: 200 },
    })
    try {
      if (!existsSync(ready)) await unpack(folder, ready)
    } finally {
      await unlock()
    }
  }
  return {
    executablePath: join(ready, 'chromium'),
    env: { LD_LIBRARY_PATH: join(ready, 'al2023', 'lib'), FONTCONFIG_FILE: join(ready, 'fonts.conf') },
  }
}

function openPrivateFolder(): string {
  const manifest = createRequire(import.meta.url)
    .resolve(PACKAGE)
    .replace(/build[\\/].*$/, 'package.json')
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  const { uid } = userInfo()
  const folder = join(tmpdir(), `swarmscope-chromium-${version}-${uid}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // The temporary folder is everybody's: a program that another user put there must not be run.
  const { uid: owner, mode } = statSync(folder)
  if (owner !== uid || (mode & 0o022) !== 0) throw new Error(`${folder} belongs to somebody else: remove it`)
  return folder
}

/** The package unpacks into TMPDIR and takes whatever is there for whole: so it gets a fresh one, in a process of its own. */
async function unpack(folder: string, ready: string): Promise<void> {
  const draft = join(folder, 'draft')
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft)
  const script = `const { default: chromium } = await import('${PACKAGE}'); await chromium.executablePath()`
  // The variable makes it unpack its NSS libraries too, which a bare machine has not.
  const env = { ...process.env, TMPDIR: draft, AWS_LAMBDA_JS_RUNTIME: 'nodejs20.x' }
  await run(process.execPath, ['--input-type=module', '--eval', script], env)
  writeFileSync(
    join(draft, 'fonts.conf'),
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>${join(ready, 'fonts')}</dir>
  <cachedir>${join(ready, 'fonts-cache')}</cachedir>
</fontconfig>
`,
  )
  renameSync(draft, ready)
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString('utf8')
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${PACKAGE} could not be unpacked: ${said.trim() || `code ${code}`}`))
    })
  })
}
