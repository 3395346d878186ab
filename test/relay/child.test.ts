import type { ChildProcess } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { mkdirSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { type ErrorBody, errorBody } from '../../protocol/errors.ts'
import type { ChildStatus } from '../../protocol/relayWire.ts'
import { type ChildOptions, ChildSupervisor, childEnv } from '../../relay/child.ts'
import { type ChildCommand, ChildRun, spawnChild } from '../../relay/childProcess.ts'
import { RELAY_LIMITS } from '../../relay/limits.ts'
import { cleanup, fakeChild, isAlive, temporaryFolder } from '../helpers/relayFiles.ts'
import { until } from '../helpers/until.ts'

interface Facts {
  pid: number
  grandchild: number | null
  env: string[]
  cwd: string
}

/** A supervisor with a client that speaks JSON-RPC by hand. */
class Bench {
  readonly lines: string[] = []
  readonly gone: ErrorBody[] = []
  readonly states: string[] = []
  readonly child: ChildSupervisor
  #lastId = 0

  constructor(
    command: ChildCommand | null,
    options: Partial<ChildOptions> & { maxLineBytes?: number; when?: 'eager' | 'lazy' } = {},
  ) {
    const { maxLineBytes = 1024 * 1024, when = 'eager', ...rest } = options
    const initialize = { jsonrpc: '2.0', id: 'init', method: 'initialize', params: {} }
    this.child = new ChildSupervisor({
      command,
      cwd: temporaryFolder(),
      env: process.env,
      limits: { ...RELAY_LIMITS, maxLineBytes, childBackoff: { baseMs: 1, capMs: 5 }, childStableAfterMs: 10_000 },
      events: {
        onStarting: () => this.child.send(JSON.stringify(initialize)),
        onLine: (line) => this.#onLine(line.toString()),
        onTooLong: () => undefined,
        onGone: (error) => {
          if (error) this.gone.push(error)
        },
        onStatus: ({ state }) => this.states.push(state),
      },
      ...rest,
    })
    cleanup(() => this.child.end())
    this.child.start(when)
  }

  get status(): ChildStatus {
    return this.child.status
  }

  isUp = (): boolean => this.status.state === 'up'

  tell(name: string, args: object = {}): number {
    const id = ++this.#lastId
    this.child.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } }))
    return id
  }

  async ask<T>(name: string, args: object = {}): Promise<T> {
    const id = this.tell(name, args)
    await until(() => this.#answer(id) !== undefined)
    return JSON.parse(this.#answer(id).result.content[0].text) as T
  }

  #answer(id: number) {
    return this.lines
      .filter((line) => line.startsWith('{"jsonrpc":"2.0","id"'))
      .map((line) => JSON.parse(line))
      .find((message) => message.id === id)
  }

  #onLine(line: string): void {
    this.lines.push(line)
    if (!line.startsWith('{"jsonrpc":"2.0","id":"init"')) return
    const { result, error } = JSON.parse(line)
    if (result) this.child.ready(result)
    else this.child.fail(errorBody('CHILD_CRASHED', { detail: `it refused initialize: ${error.message}` }))
  }
}

describe('a child', () => {
  test('starts in the project’s folder, without any setting or secret of ours', async () => {
    const cwd = temporaryFolder()
    const bench = new Bench(fakeChild(), {
      cwd,
      env: { ...process.env, SWARMSCOPE_TOKEN: 'a', swarmscope_x: 'b', KEPT: 'c' },
    })
    await until(bench.isUp)
    const facts = await bench.ask<Facts>('facts')
    expect(facts.cwd).toBe(cwd)
    expect(facts.env).toContain('KEPT')
    expect(facts.env.filter((name) => /^swarmscope/i.test(name))).toEqual([])
    expect(bench.states).toEqual(['starting', 'up'])
    expect(bench.status).toEqual({
      state: 'up',
      serverInfo: { name: 'ruflo', version: '3.0.0' },
      restarts: 0,
      lastError: null,
    })
  })

  test('that is killed is started again, and why it ended is told', async () => {
    const bench = new Bench(fakeChild())
    await until(bench.isUp)
    process.kill(bench.child.pid ?? 0, 'SIGKILL')
    await until(() => bench.status.restarts === 1 && bench.isUp())
    expect(bench.gone.map(({ code, details }) => [code, details.suggestion.includes('signal SIGKILL')])).toEqual([
      ['CHILD_CRASHED', true],
    ])
    expect(bench.states).toEqual(['starting', 'up', 'waiting', 'starting', 'up'])
  })

  test('ends with its whole group, when it is killed and when it is ended', async () => {
    const bench = new Bench(fakeChild('--grandchild'))
    await until(bench.isUp)
    const first = await bench.ask<Facts>('facts')
    expect(isAlive(first.grandchild ?? 0)).toBe(true)
    process.kill(first.pid, 'SIGKILL')
    await until(() => !isAlive(first.grandchild ?? 0))
    await until(() => bench.status.restarts === 1 && bench.isUp())
    const second = await bench.ask<Facts>('facts')
    await bench.child.end()
    await until(() => !isAlive(second.pid) && !isAlive(second.grandchild ?? 0))
  })

  test('that neither its closed input nor SIGTERM ends is killed, all within a second', async () => {
    const bench = new Bench(fakeChild('--stay-after-eof'))
    await until(bench.isUp)
    const pid = bench.child.pid ?? 0
    const startedMs = performance.now()
    await bench.child.end()
    expect(performance.now() - startedMs).toBeLessThan(1_000)
    expect(isAlive(pid)).toBe(false)
    expect(bench.status.state).toBe('stopped')
    expect(bench.gone).toEqual([])
  })

  test('that is ended stays ended', async () => {
    const bench = new Bench(fakeChild('--exit-at-start', '3'))
    await until(() => bench.gone.length >= 3)
    await bench.child.end()
    await bench.child.end()
    const starts = bench.status.restarts
    await until(() => bench.status.state === 'stopped')
    expect(bench.child.pid).toBeNull()
    expect(bench.child.send('x')).toBe(false)
    expect(bench.status.restarts).toBe(starts)
  })

  test('that ends right after its last answer, without a newline, is still heard before it counts as gone', async () => {
    const bench = new Bench(fakeChild())
    await until(bench.isUp)
    let linesWhenGone = -1
    const before = bench.lines.length
    const push = bench.gone.push.bind(bench.gone)
    bench.gone.push = (error) => {
      linesWhenGone = bench.lines.length
      return push(error)
    }
    bench.tell('noNewline', { value: 'last words' })
    await until(() => bench.gone.length === 1)
    expect(linesWhenGone).toBe(before + 1)
    expect(bench.lines.at(-1)).toContain('last words')
  })

  test('that sends a line without end is restarted', async () => {
    const bench = new Bench(fakeChild(), { maxLineBytes: 64 * 1024 })
    await until(bench.isUp)
    bench.tell('longLine', { bytes: 1_000_000 })
    await until(() => bench.gone.length === 1)
    expect(bench.gone[0]?.details.suggestion).toContain('a line of more than 65536 bytes')
    await until(() => bench.status.restarts === 1 && bench.isUp())
  })

  test('that closes its input is of no use, and is restarted', async () => {
    const bench = new Bench(fakeChild())
    await until(bench.isUp)
    await bench.ask('closeInput')
    await until(() => {
      bench.tell('echo')
      return bench.gone.length === 1
    })
    await until(() => bench.status.restarts === 1 && bench.isUp())
  })

  test('that does not answer initialize in time, or refuses it, is restarted', async () => {
    const limits = {
      ...RELAY_LIMITS,
      maxLineBytes: 1_000,
      childStartTimeoutMs: 50,
      childBackoff: { baseMs: 1, capMs: 1 },
      childStableAfterMs: 1,
    }
    const mute = new Bench(fakeChild('--never-ready'), { limits })
    await until(() => mute.gone.length >= 2)
    expect(mute.gone[0]?.details.suggestion).toContain('did not answer initialize within 0.05 s')
    const rude = new Bench(fakeChild('--refuse-initialize'))
    await until(() => rude.gone.length >= 1)
    expect(rude.gone[0]?.details.suggestion).toContain('not today')
  })

  test('has its last lines on stderr kept, redacted, also when it never came up', async () => {
    const bench = new Bench(fakeChild('--exit-at-start', '7'))
    await until(() => bench.gone.length >= 1 && bench.child.stderr.length > 0)
    expect(bench.child.stderr).toEqual(['it is broken, token=[redacted]'])
    expect(bench.gone[0]?.details.suggestion).toContain('exit code 7')
    expect(bench.gone[0]?.details.suggestion).toContain('its last words: it is broken, token=[redacted])')
  })

  test('says its last words without paths and stacks', async () => {
    const bench = new Bench(fakeChild())
    await until(bench.isUp)
    const text = [
      'first',
      "Error: Cannot find module '/home/somebody/project/lib/index.js'",
      '    at Module.load (node:internal/modules/cjs/loader:1:1)',
      'Node.js v20.20.0',
      'see file:///opt/tool/readme.md and https://example.org/a/b',
    ].join('\n')
    await bench.ask('complain', { text })
    process.kill(bench.child.pid ?? 0, 'SIGKILL')
    await until(() => bench.gone.length === 1)
    expect(bench.gone[0]?.details.suggestion).toContain(
      "(signal SIGKILL; its last words: first | Error: Cannot find module '…/index.js' | see …/readme.md and https://example.org/a/b)",
    )
  })

  test('keeps only the last lines of stderr', async () => {
    const bench = new Bench(fakeChild())
    await until(bench.isUp)
    const text = Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n')
    await bench.ask('complain', { text })
    await until(() => bench.child.stderr.at(-1) === 'line 99')
    expect(bench.child.stderr).toHaveLength(20)
  })
})

test('a line on stderr without end is cut, and the lines after it are kept', async () => {
  const bench = new Bench(fakeChild())
  await until(bench.isUp)
  await bench.ask('complain', { text: `first\n${'x'.repeat(200_000)}\nlast` })
  await until(() => bench.child.stderr.at(-1) === 'last')
  expect(bench.child.stderr.map((line) => line.slice(0, 5))).toEqual(['first', 'xxxxx', 'last'])
})

describe('the end of a process', () => {
  /** A process whose events come when the test says so. */
  function staged() {
    const events: string[] = []
    const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
    const fake = Object.assign(new EventEmitter(), streams, { kill: () => true, pid: undefined })
    const run = new ChildRun({
      command: { file: 'x', args: [] },
      cwd: '/',
      env: {},
      maxLineBytes: 1_000,
      spawn: () => fake as unknown as ChildProcess,
      onLine: (line) => events.push(line.toString()),
      onTooLong: () => undefined,
      onEnd: ({ detail }) => events.push(`end: ${detail}`),
    })
    return { fake, run, events }
  }

  test('comes after what it still had to say', async () => {
    const { fake, events } = staged()
    fake.emit('exit', 0, null)
    fake.stdout.write('last words\n')
    await until(() => events.length === 1)
    fake.emit('close', 0, null)
    fake.emit('close', 0, null)
    expect(events).toEqual(['last words', 'end: exit code 0'])
  })

  test('is not delayed by whoever still holds its output', async () => {
    const { fake, run, events } = staged()
    fake.emit('exit', null, 'SIGKILL')
    await until(() => events.length === 1, 500)
    expect(events).toEqual(['end: signal SIGKILL'])
    expect(run.send('x')).toBe(false)
    await run.end()
  })
})

describe('a signal', () => {
  const running = () => {
    const ends: string[] = []
    const run = new ChildRun({
      command: fakeChild(),
      cwd: temporaryFolder(),
      env: process.env,
      maxLineBytes: 1_000,
      spawn: spawnChild,
      onLine: () => undefined,
      onTooLong: () => undefined,
      onEnd: ({ detail }) => ends.push(detail),
    })
    const signals = vi.spyOn(process, 'kill')
    cleanup(() => {
      signals.mockRestore()
      run.kill('the test is over')
    })
    return { run, ends, signals }
  }

  test('goes to no group after the end: its number may be another’s by then', async () => {
    const { run, ends, signals } = running()
    run.kill('of no use')
    await until(() => ends.length === 1)
    signals.mockClear()
    run.kill('again')
    expect(signals).not.toHaveBeenCalled()
    expect(ends).toEqual(['of no use'])
  })

  test('that may not be sent ends nothing, least of all us', async () => {
    const { run, ends, signals } = running()
    signals.mockImplementation(() => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' })
    })
    run.kill('of no use')
    expect(ends).toEqual([])
    signals.mockRestore()
    run.kill('again')
    await until(() => ends.length === 1)
  })
})

describe('the pause before the next start', () => {
  test('grows with each failure in a row, jittered, up to a cap', async () => {
    const pauses: number[] = []
    const spy = vi.spyOn(globalThis, 'setTimeout')
    cleanup(() => spy.mockRestore())
    const bench = new Bench(fakeChild('--exit-at-start', '1'), { random: () => 0.99999 })
    await until(() => bench.gone.length >= 6)
    await bench.child.end()
    for (const [, ms] of spy.mock.calls) if (ms !== undefined && ms > 0 && ms <= 5) pauses.push(ms)
    expect(pauses.slice(0, 5)).toEqual([1, 2, 4, 5, 5])
  })

  test('is short again after a stable run', async () => {
    const spy = vi.spyOn(globalThis, 'setTimeout')
    cleanup(() => spy.mockRestore())
    const limits = {
      ...RELAY_LIMITS,
      maxLineBytes: 1_000_000,
      childStartTimeoutMs: 10_000,
      childBackoff: { baseMs: 2, capMs: 16 },
      childStableAfterMs: 0,
    }
    const bench = new Bench(fakeChild(), { limits, random: () => 0.99999 })
    for (let restarts = 0; restarts < 3; restarts++) {
      await until(() => bench.status.restarts === restarts && bench.isUp())
      process.kill(bench.child.pid ?? 0, 'SIGKILL')
    }
    await until(() => bench.status.restarts === 3 && bench.isUp())
    expect(spy.mock.calls.map(([, ms]) => ms).filter((ms) => [2, 4, 8, 16].includes(ms ?? 0))).toEqual([2, 2, 2])
  })
})

describe('a child that is started when it is needed', () => {
  test('runs only after somebody asked for it', async () => {
    const bench = new Bench(fakeChild(), { when: 'lazy' })
    expect(bench.status).toMatchObject({ state: 'on-demand', lastError: null })
    expect(bench.child.pid).toBeNull()
    bench.child.demand()
    bench.child.demand()
    await until(bench.isUp)
    expect(bench.states).toEqual(['on-demand', 'starting', 'up'])
    expect(bench.gone).toEqual([])
  })

  test('without any command is missing, needed or not', () => {
    expect(new Bench(null, { when: 'lazy' }).status.state).toBe('missing')
    for (const file of ['/does/not/exist', 'no-such-program', './fakeMcpChild.mjs', '/']) {
      const bench = new Bench({ file, args: [] }, { when: 'lazy' })
      expect(bench.status).toMatchObject({ state: 'missing', lastError: { code: 'CHILD_NOT_FOUND' } })
    }
    expect(new Bench({ file: 'node', args: [] }, { when: 'lazy' }).status.state).toBe('on-demand')
  })

  test('is what one becomes that only ever ends; it is tried again when somebody asks, not at once', async () => {
    const limits = { ...RELAY_LIMITS, childBackoff: { baseMs: 1, capMs: 1 }, maxChildFailures: 3, childRetryMs: 60_000 }
    const bench = new Bench(fakeChild('--exit-at-start', '3'), { limits })
    await until(() => bench.status.state === 'on-demand')
    expect(bench.gone).toHaveLength(3)
    expect(bench.status.lastError?.details.suggestion).toContain('it ended 3 times in a row')
    bench.child.demand()
    expect(bench.status.state).toBe('on-demand')
    const soon = new Bench(fakeChild('--exit-at-start', '3'), { limits: { ...limits, childRetryMs: 0 } })
    await until(() => soon.gone.length === 3)
    soon.child.demand()
    expect(soon.status.state).toBe('starting')
    await until(() => soon.gone.length === 4)
    expect(soon.status.state).toBe('on-demand')
  })
})

describe('a silent child', () => {
  test('is told as such until it speaks again', async () => {
    const bench = new Bench(fakeChild())
    await until(bench.isUp)
    bench.child.silent(true)
    expect(bench.status).toMatchObject({ state: 'silent', lastError: { code: 'CHILD_SILENT' } })
    expect(bench.child.uptimeSeconds).not.toBeNull()
    bench.child.silent(false)
    expect(bench.status).toMatchObject({ state: 'up', lastError: null })
  })

  test('is ended for it, with that as the reason, and started again', async () => {
    const bench = new Bench(fakeChild())
    await until(bench.isUp)
    bench.child.silent(true)
    bench.child.fail(errorBody('CHILD_SILENT', { detail: 'nothing was heard from it for 9 s' }))
    await until(() => bench.status.restarts === 1 && bench.isUp())
    expect(bench.gone).toMatchObject([{ code: 'CHILD_SILENT' }])
    expect(bench.status.lastError).toBeNull()
  })
})

describe('no child', () => {
  test('is told with what to install', () => {
    const bench = new Bench(null)
    expect(bench.status).toMatchObject({ state: 'missing', lastError: { code: 'CHILD_NOT_FOUND' } })
    expect(bench.status.lastError?.details.suggestion).toContain('npm install claude-flow')
    expect(bench.gone).toHaveLength(1)
  })

  test('a command that does not exist is missing, and not tried again while nobody asks', async () => {
    const bench = new Bench({ file: '/does/not/exist', args: [] })
    await until(() => bench.status.state === 'missing')
    expect(bench.gone.map(({ code }) => code)).toEqual(['CHILD_NOT_FOUND'])
  })

  test('a command that is there at last is started when somebody asks, not sooner than the pause', async () => {
    const file = join(temporaryFolder(), 'claude-flow')
    const late = (childRetryMs: number): Bench =>
      new Bench({ file, args: fakeChild().args }, { limits: { ...RELAY_LIMITS, childRetryMs }, when: 'lazy' })
    const soon = late(0)
    const later = late(60_000)
    soon.child.demand()
    expect(soon.states).toEqual(['missing'])
    symlinkSync(fakeChild().file, file)
    later.child.demand()
    expect(later.status.state).toBe('missing')
    soon.child.demand()
    await until(soon.isUp)
    expect(soon.status.lastError).toBeNull()
  })

  test('without any command is missing for good', () => {
    const bench = new Bench(null, { limits: { ...RELAY_LIMITS, childRetryMs: 0 } })
    bench.child.demand()
    expect(bench.states).toEqual(['missing'])
  })

  test('a command that vanishes after it ran is waited for like a crash: it may be being updated', async () => {
    const file = join(temporaryFolder(), 'claude-flow')
    symlinkSync(fakeChild().file, file)
    const limits = { ...RELAY_LIMITS, childBackoff: { baseMs: 1, capMs: 1 }, childRetryMs: 0 }
    const bench = new Bench({ file, args: fakeChild().args }, { limits })
    await until(bench.isUp)
    unlinkSync(file)
    process.kill(bench.child.pid ?? 0, 'SIGKILL')
    await until(() => bench.gone.length >= 2)
    expect(bench.gone[1]).toMatchObject({ code: 'CHILD_CRASHED' })
    expect(bench.gone[1]?.details.suggestion).toContain('could not be started (ENOENT)')
    expect(bench.states).not.toContain('missing')
    symlinkSync(fakeChild().file, file)
    await until(() => {
      bench.child.demand()
      return bench.isUp()
    })
  })

  test('a project folder that does not exist yet is waited for', async () => {
    const cwd = join(temporaryFolder(), 'later')
    const bench = new Bench(fakeChild(), { cwd })
    await until(() => bench.gone.length >= 2)
    expect(bench.gone[0]).toMatchObject({ code: 'CHILD_CRASHED' })
    mkdirSync(cwd)
    await until(bench.isUp)
    expect(bench.status.lastError).toBeNull()
  })
})

test('the child’s environment is the relay’s without SWARMSCOPE_ variables', () => {
  expect(childEnv({ SWARMSCOPE_RELAY_TOKEN: 'x', Swarmscope_Y: 'z', PATH: 'p' })).toEqual({ PATH: 'p' })
})
