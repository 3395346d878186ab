// What `npm start` does before it is the server: tried on a small package of the same layout.

import { spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

let root: string
const write = (file: string, text: string) => writeFileSync(join(root, file), text)
const built = (file: string) => readFileSync(join(root, 'dist', file), 'utf8')

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'swarmscope-build-'))
  for (const folder of ['protocol', 'platform', 'relay', 'server', 'web', 'node_modules']) mkdirSync(join(root, folder))
  for (const file of ['scripts', 'tsconfig.json', 'tsconfig.base.json']) {
    cpSync(join(ROOT, file), join(root, file), { recursive: true })
  }
  for (const name of ['typescript', 'proper-lockfile', 'vite', '@types']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(root, 'node_modules', name))
  }
  write('package.json', '{"name": "small", "type": "module"}')
  write('package-lock.json', '{}')
  write('protocol/greeting.ts', "export const greeting: string = 'hello'\n")
  write(
    'server/main.ts',
    "import { greeting } from '../protocol/greeting.ts'\n" +
      'export async function main(argv: string[]): Promise<void> {\n' +
      '  console.log(JSON.stringify({ greeting, argv }))\n' +
      '  process.exitCode = 7\n' +
      '}\n',
  )
  write('web/vite.config.ts', 'export default {}\n')
  write(
    'web/tsconfig.json',
    '{"extends": "../tsconfig.base.json", "compilerOptions": {"noEmit": true, "lib": ["ES2023", "DOM"]}, "include": ["."]}',
  )
  write('web/index.html', '<!doctype html><title>small</title>')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

interface Result {
  code: number | null
  stdout: string
  stderr: string
}

function node(...args: string[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}
const buildNode = () => node('scripts/build.mjs', 'node')

describe('the build', () => {
  it('builds what is stale, says so on stderr alone, and then has nothing to do', async () => {
    const first = await buildNode()
    expect(first).toMatchObject({ code: 0, stdout: '' })
    expect(first.stderr).toMatch(/^Building the server and relay … \d+\.\d s\n$/)
    expect(built('node/protocol/greeting.js')).toContain('hello')
    expect(await buildNode()).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('goes by contents, not by times', async () => {
    await buildNode()
    utimesSync(join(root, 'protocol/greeting.ts'), new Date(), new Date(Date.now() + 60_000))
    expect((await buildNode()).stderr).toBe('')
    write('protocol/greeting.ts', "export const greeting: string = 'good day'\n")
    expect((await buildNode()).stderr).toContain('Building')
    expect(built('node/protocol/greeting.js')).toContain('good day')
    write('package-lock.json', '{"lockfileVersion": 3}')
    expect((await buildNode()).stderr).toContain('Building')
  })

  it('is done once, however many start at the same time', async () => {
    const results = await Promise.all([buildNode(), buildNode(), buildNode()])
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(results.filter(({ stderr }) => stderr.includes('Building'))).toHaveLength(1)
    expect(readdirSync(join(root, 'dist'))).toEqual(['node'])
  })

  it("fails on a type error with the compiler's words, and leaves the last good build in place", async () => {
    await buildNode()
    write('protocol/greeting.ts', 'export const greeting: string = 5\n')
    const failed = await buildNode()
    expect(failed).toMatchObject({ code: 1, stdout: '' })
    expect(failed.stderr).toMatch(/protocol\/greeting\.ts.*TS2322/)
    expect(built('node/protocol/greeting.js')).toContain('hello')
    expect(readdirSync(join(root, 'dist'))).toEqual(['node'])
  })

  it('takes over from a build that was killed', async () => {
    for (const left of ['.build.lock', '.node.new-1', '.node.old-1'])
      mkdirSync(join(root, 'dist', left), { recursive: true })
    const longAgo = new Date(Date.now() - 60_000)
    utimesSync(join(root, 'dist/.build.lock'), longAgo, longAgo)
    expect(await buildNode()).toMatchObject({ code: 0 })
    expect(readdirSync(join(root, 'dist'))).toEqual(['node'])
  })

  it('of the page fails on its type errors too, which its bundler does not see', async () => {
    write('web/index.html', '<!doctype html><script type="module" src="./main.ts"></script>')
    write('web/main.ts', 'export const count: number = 1\nconsole.log(count)\n')
    expect((await node('scripts/build.mjs', 'web')).stderr).toMatch(/^Building the web app … /)
    expect(built('web/index.html')).toContain('<script')
    write('web/main.ts', "export const count: number = 'one'\n")
    const failed = await node('scripts/build.mjs', 'web')
    expect(failed.code).toBe(1)
    expect(failed.stderr).toMatch(/web\/main\.ts.*TS2322/)
  })
})

describe('the start', () => {
  it('builds, then runs the server in the same process, with the arguments and the exit code', async () => {
    const started = await node('scripts/start.mjs', '--port', '0')
    expect(started).toMatchObject({ code: 7, stdout: '{"greeting":"hello","argv":["--port","0"]}\n' })
    expect(started.stderr).toMatch(/server and relay[\s\S]*web app/)
    expect(await node('scripts/start.mjs')).toEqual({ code: 7, stdout: '{"greeting":"hello","argv":[]}\n', stderr: '' })
  })

  it('does not build the page for --help', async () => {
    expect((await node('scripts/start.mjs', '--help')).stdout).toContain('"--help"')
    expect(existsSync(join(root, 'dist/web'))).toBe(false)
  })

  it('does not start what could not be built', async () => {
    write('server/main.ts', 'export const main: string = 5\n')
    const started = await node('scripts/start.mjs')
    expect(started).toMatchObject({ code: 1, stdout: '' })
    expect(started.stderr).toContain('TS2322')
  })

  it('of the relay never builds the page', async () => {
    write('relay/main.ts', "console.log('Relay is ready')\nexport {}\n")
    expect(await node('scripts/relay.mjs')).toMatchObject({ code: 0, stdout: 'Relay is ready\n' })
    expect(existsSync(join(root, 'dist/web'))).toBe(false)
  })

  it('without build tools uses what was built before, and says so', async () => {
    await node('scripts/build.mjs')
    rmSync(join(root, 'node_modules/typescript'))
    expect(await node('scripts/start.mjs')).toMatchObject({ code: 7, stderr: '' })
    write('protocol/greeting.ts', "export const greeting: string = 'changed'\n")
    const started = await node('scripts/start.mjs')
    expect(started).toMatchObject({ code: 7, stdout: '{"greeting":"hello","argv":[]}\n' })
    expect(started.stderr).toContain('using what was built before')
  })

  it('without build tools and without a build says what to do', async () => {
    rmSync(join(root, 'node_modules/typescript'))
    const started = await node('scripts/start.mjs')
    expect(started).toMatchObject({ code: 1, stdout: '' })
    expect(started.stderr).toContain('npm ci')
  })

  it('of an installed package, which has no sources, uses what came with it', async () => {
    await node('scripts/build.mjs')
    for (const file of ['tsconfig.json', 'protocol', 'server', 'web', 'node_modules']) {
      rmSync(join(root, file), { recursive: true })
    }
    expect(await node('scripts/start.mjs')).toMatchObject({ code: 7, stderr: '' })
  })
})
