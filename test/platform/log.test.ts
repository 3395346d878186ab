import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLog, openLog } from '../../platform/log.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'
import { until } from '../helpers/until.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  folder = temporaryFolder('log')
})
afterEach(() => {
  vi.unstubAllEnvs()
  folder.remove()
})

describe('the log', () => {
  test('has no token of the places where one could stand, and is readable by its owner only', async () => {
    const file = join(folder.path, 'server.log')
    const { log, close } = openLog({ name: 'test', file, level: 'fatal' })
    const token = 'a-token-that-must-not-be-here'
    log.fatal({
      token,
      authorization: `Bearer ${token}`,
      headers: { authorization: `Bearer ${token}` },
      options: { token },
      req: { headers: { cookie: token } },
    })
    log.fatal('the end')
    await close()
    const written = readFileSync(file, 'utf8')
    expect(written).not.toContain(token)
    expect(written).toContain('[Redacted]')
    expect(
      written
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).name),
    ).toEqual(['test', 'test'])
    expect(statSync(file).mode & 0o077).toBe(0)
  })

  test.each([
    ['debug', 'debug'],
    ['ERROR', 'error'],
    [' warn ', 'warn'],
    ['silent', 'silent'],
    ['verbose', 'info'],
    ['', 'info'],
    ['constructor', 'info'],
  ])('SWARMSCOPE_LOG_LEVEL=%j means %s, and never keeps it from starting', (word, level) => {
    vi.stubEnv('SWARMSCOPE_LOG_LEVEL', word)
    expect(createLog({ name: 'test' }).level).toBe(level)
  })

  test('a file that is attached later begins with what was said before', async () => {
    const file = join(folder.path, 'server.log')
    const { log, attach, close } = openLog({ name: 'test', level: 'fatal' })
    log.fatal('before')
    expect(existsSync(file)).toBe(false)
    attach(file)
    log.fatal('after')
    await close()
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['before', 'after'])
  })

  test('a file that cannot be written does not stop anything', async () => {
    const log = createLog({ name: 'test', file: '/dev/null/nowhere/server.log', level: 'silent' })
    log.fatal('still here')
    expect(log.level).toBe('silent')
  })
})

describe('a log file that others rotate', () => {
  test('is opened anew, and every line is in exactly one of the files, in order', async () => {
    const file = join(folder.path, 'relay.log')
    const { log, reopen, close } = openLog({ name: 'test', file, level: 'fatal' })
    const [rotations, lines] = [20, 50]
    for (let rotation = 0; rotation < rotations; rotation++) {
      for (let line = 0; line < lines; line++) log.fatal({ line: rotation * lines + line })
      await until(() => existsSync(file))
      renameSync(file, `${file}.${String(rotation).padStart(2, '0')}`)
      log.fatal({ line: `moved-${rotation}` }) // still goes where the file went
      reopen()
    }
    log.fatal({ line: 'last' })
    await close()
    // A disk that is busy with others may take longer than `close` waits.
    await until(() => {
      const names = readdirSync(folder.path).filter((name) => !name.endsWith('.txt'))
      const all = names.map((name) => readFileSync(join(folder.path, name), 'utf8')).join('')
      return all.split('\n').length > rotations * (lines + 1) + 1
    })
    const texts = readdirSync(folder.path)
      .filter((name) => name.startsWith('relay.log.') && !name.endsWith('.txt'))
      .sort()
      .map((name) => readFileSync(join(folder.path, name), 'utf8'))
    expect(texts).toHaveLength(rotations)
    const parse = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).line)
    const expected = Array.from({ length: rotations }, (_, rotation) => [
      ...Array.from({ length: lines }, (_, line) => rotation * lines + line),
      `moved-${rotation}`,
    ])
    expect(texts.map(parse)).toEqual(expected)
    expect(parse(readFileSync(file, 'utf8'))).toEqual(['last'])
    expect(statSync(file).mode & 0o077).toBe(0)
  })

  test('that could not be opened may be so after the next reopen', async () => {
    const file = join(folder.path, 'blocked')
    mkdirSync(file)
    const { log, reopen, close } = openLog({ name: 'test', file, level: 'fatal' })
    const stderr = vi.spyOn(process.stderr, 'write')
    log.fatal('lost but for stderr')
    await until(() => stderr.mock.calls.some(([text]) => String(text).startsWith('log file: ')))
    stderr.mockRestore()
    rmdirSync(file)
    reopen()
    log.fatal('found')
    await close()
    expect(readFileSync(file, 'utf8')).toContain('found')
    await close() // may be called twice
  })

  test('without a file there is nothing to reopen or to close', async () => {
    const { reopen, close } = openLog({ name: 'test', level: 'silent' })
    reopen()
    await close()
  })
})
