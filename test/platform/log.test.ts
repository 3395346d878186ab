import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLog } from '../../platform/log.ts'
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
    const log = createLog({ name: 'test', file, level: 'fatal' })
    const token = 'a-token-that-must-not-be-here'
    log.fatal({
      token,
      authorization: `Bearer ${token}`,
      headers: { authorization: `Bearer ${token}` },
      options: { token },
      req: { headers: { cookie: token } },
    })
    log.fatal('the end')
    await until(() => existsSync(file) && readFileSync(file, 'utf8').includes('the end'))
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

  test('a file that cannot be written does not stop anything', async () => {
    const log = createLog({ name: 'test', file: '/dev/null/nowhere/server.log', level: 'silent' })
    log.fatal('still here')
    expect(log.level).toBe('silent')
  })
})
