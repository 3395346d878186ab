import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  bearerOf,
  readSecret,
  readSecretFile,
  SECRETS,
  SecretError,
  type SecretName,
  sameSecret,
} from '../../platform/secrets.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'

/** What happens just before a secret's file is linked into its place. */
const otherProcess = vi.hoisted(() => ({ run: null as (() => void) | null }))
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const linkSync: typeof fs.linkSync = (from, to) => {
    const { run } = otherProcess
    otherProcess.run = null
    run?.()
    fs.linkSync(from, to)
  }
  return { ...fs, linkSync }
})

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  folder = temporaryFolder('secrets')
})
afterEach(() => folder.remove())

const pathOf = (name: SecretName) => join(folder.path, SECRETS[name].file)
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

describe('a secret', () => {
  test.each(Object.keys(SECRETS) as SecretName[])('%s is random, readable by its owner only, and kept', (name) => {
    const secret = readSecret(name, folder.path, {})
    expect(secret).toMatch(/^[\w-]{32}$/)
    expect(readFileSync(pathOf(name), 'utf8')).toBe(`${secret}\n`)
    expect(modeOf(pathOf(name))).toBe('600')
    expect(readSecret(name, folder.path, {})).toBe(secret)
    expect(readdirSync(folder.path)).toEqual([SECRETS[name].file])
  })

  test('is readable by its owner only, whatever the umask', () => {
    const before = process.umask(0)
    try {
      readSecret('operator', folder.path, {})
    } finally {
      process.umask(before)
    }
    expect(modeOf(pathOf('operator'))).toBe('600')
  })

  test('is another for each purpose', () => {
    const all = (Object.keys(SECRETS) as SecretName[]).map((name) => readSecret(name, folder.path, {}))
    expect(new Set(all).size).toBe(4)
  })

  test('from the environment is used as it is, and written nowhere', () => {
    expect(readSecret('viewer', folder.path, { SWARMSCOPE_VIEWER_TOKEN: ' from-the-environment ' })).toBe(
      'from-the-environment',
    )
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('from an empty variable is as from none', () => {
    const secret = readSecret('relay', folder.path, { SWARMSCOPE_RELAY_TOKEN: '  ' })
    expect(readSecret('relay', folder.path, {})).toBe(secret)
  })

  test.each(['short', 'with a space in it', 'ümläuts-in-a-token', 'line\nbreak-in-it', 'x'.repeat(513)])(
    'that no header could carry (%j) is refused, and not repeated in the message',
    (value) => {
      const read = () => readSecret('operator', folder.path, { SWARMSCOPE_TOKEN: value })
      expect(read).toThrow('SWARMSCOPE_TOKEN must be 8 to 512 visible characters without spaces')
      expect(read).not.toThrow(value)
    },
  )

  test.each(['', 'cut', 'two words of text'])('in a broken file (%j) is replaced, its mode too', (content) => {
    writeFileSync(pathOf('operator'), content, { mode: 0o644 })
    chmodSync(pathOf('operator'), 0o644)
    const secret = readSecret('operator', folder.path, {})
    expect(secret).toMatch(/^[\w-]{32}$/)
    expect(readSecret('operator', folder.path, {})).toBe(secret)
    expect(modeOf(pathOf('operator'))).toBe('600')
    expect(readdirSync(folder.path)).toHaveLength(1)
  })

  test('that cannot be read says so', () => {
    mkdirSync(pathOf('operator'))
    expect(() => readSecret('operator', folder.path, {})).toThrow('EISDIR')
  })

  test('that two make at the same moment is one for both', () => {
    // The other one's comes between our look and our link.
    otherProcess.run = () => writeFileSync(pathOf('operator'), 'token-of-the-other\n', { mode: 0o600 })
    expect(readSecret('operator', folder.path, {})).toBe('token-of-the-other')
    expect(otherProcess.run).toBeNull()
    expect(readSecret('operator', folder.path, {})).toBe('token-of-the-other')
    expect(readdirSync(folder.path)).toHaveLength(1)
  })
})

describe('a secret in a file of somebody else’s', () => {
  const file = (content: string, mode: number) => {
    const path = join(folder.path, 'given.token')
    writeFileSync(path, content)
    chmodSync(path, mode)
    return path
  }

  test.each([
    [0o600, false],
    [0o400, false],
    [0o640, true],
    [0o604, true],
    [0o444, true],
  ])('is taken without the line break; mode %o: others may read it: %s', (mode, isReadableByOthers) => {
    expect(readSecretFile(file('given-by-a-file\n', mode))).toEqual({ secret: 'given-by-a-file', isReadableByOthers })
  })

  test.each(['', 'short', 'two words of text'])(
    'that is none (%j) is refused with the path, not the content',
    (content) => {
      const path = file(content, 0o600)
      const message = `What stands in the token file ${path} must be 8 to 512 visible characters without spaces`
      expect(() => readSecretFile(path)).toThrow(new SecretError(message))
    },
  )

  test('that is not there says so', () => {
    const path = join(folder.path, 'none')
    expect(() => readSecretFile(path)).toThrow(new SecretError(`The token file ${path} cannot be read (ENOENT)`))
  })
})

describe('a bearer token', () => {
  test.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['Bearer   abc', 'abc'],
    [`Bearer ${'x'.repeat(512)}`, 'x'.repeat(512)],
    [`Bearer ${'x'.repeat(513)}`, null],
    ['Bearer', null],
    ['Bearer ', null],
    ['Bearer a b', null],
    [' Bearer abc', null],
    ['Bearerabc', null],
    ['Basic abc', null],
    ['abc', null],
    ['', null],
    [undefined, null],
    ['Bearer ü', null],
    ['Bearer a\nb', null],
  ])('of %j is %j', (header, token) => {
    expect(bearerOf(header)).toBe(token)
  })
})

test('secrets are the same only if they are equal, whatever their lengths', () => {
  expect(sameSecret('abc', 'abc')).toBe(true)
  for (const [a, b] of [
    ['abc', 'abd'],
    ['abc', 'ab'],
    ['', 'abc'],
    ['abc', 'abc '],
    ['\u00e9', 'e\u0301'],
  ] as const) {
    expect(sameSecret(a, b)).toBe(false)
  }
})
