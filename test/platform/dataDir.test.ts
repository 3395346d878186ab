import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDataDir, openProjectDir } from '../../platform/dataDir.ts'
import { VERSION } from '../../platform/version.ts'
import { readFixture } from '../helpers/recordings.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  folder = temporaryFolder('data-dir')
})
afterEach(() => folder.remove())
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

test('the data dir is made, closed to others, also where folders above it are missing', () => {
  const path = openDataDir(join(folder.path, 'a/b/c'))
  expect(path).toBe(join(folder.path, 'a/b/c'))
  expect(modeOf(path)).toBe('700')
  expect(openDataDir(path)).toBe(path)
})

test('each project has a folder of its own, the same each time', () => {
  const [shop, other] = [openProjectDir(folder.path, '/home/dev/shop'), openProjectDir(folder.path, '/home/dev/other')]
  expect(shop).toMatch(/\/projects\/[0-9a-f]{16}$/)
  expect(shop).not.toBe(other)
  expect(openProjectDir(folder.path, '/home/dev/shop')).toBe(shop)
  expect(modeOf(shop)).toBe('700')
})

test('a data dir that is a file says so', () => {
  mkdirSync(join(folder.path, 'dir'))
  expect(() => openDataDir('/dev/null/x')).toThrow('ENOTDIR')
})

test("the version is the package's", () => {
  expect(VERSION).toBe((readFixture('../../package.json') as { version: string }).version)
})
