import { appendFileSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { followFile, lastLines } from '../../platform/followFile.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'
import { until } from '../helpers/until.ts'

let folder: ReturnType<typeof temporaryFolder>
let file: string
const stops: (() => void)[] = []
beforeEach(() => {
  folder = temporaryFolder('follow')
  file = join(folder.path, 'server.log')
})
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
  folder.remove()
})

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index} äöü`)
const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')

function follow(lines: number) {
  const seen: string[] = []
  const errors: Error[] = []
  stops.push(followFile(file, { lines, onLine: (line) => seen.push(line), onError: (error) => errors.push(error) }))
  return { seen, errors }
}

describe('the last lines', () => {
  test.each([0, 1, 3, 10, 11, 100])('%i of ten are the last ones, in order', async (count) => {
    writeFileSync(file, textOf(numbered(0, 10)))
    expect(await lastLines(file, count)).toEqual(numbered(Math.max(0, 10 - count), 10))
  })

  test('of a file of many pieces are whole, whatever their length', async () => {
    const lines = numbered(0, 3_000).map((line, index) => line + 'ü'.repeat(index % 200))
    writeFileSync(file, textOf(lines))
    expect(await lastLines(file, 2_500)).toEqual(lines.slice(500))
  })

  test('do not include one that is being written', async () => {
    writeFileSync(file, 'one\ntwo\nthr')
    expect(await lastLines(file, 5)).toEqual(['one', 'two'])
  })

  test('of an empty file are none, and of no file an error', async () => {
    writeFileSync(file, '')
    expect(await lastLines(file, 5)).toEqual([])
    rmSync(file)
    await expect(lastLines(file, 5)).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('following', () => {
  test('gives the last lines, then each new one when it is whole', async () => {
    writeFileSync(file, textOf(numbered(0, 10)))
    const { seen } = follow(2)
    await until(() => seen.length === 2)
    appendFileSync(file, 'half')
    appendFileSync(file, ' and half\nnext\n')
    await until(() => seen.length === 4)
    expect(seen).toEqual([...numbered(8, 10), 'half and half', 'next'])
  })

  test('a line whose first half stood there already comes whole', async () => {
    writeFileSync(file, 'one\ntw')
    const { seen } = follow(5)
    await until(() => seen.length === 1)
    appendFileSync(file, 'o\n')
    await until(() => seen.length === 2)
    expect(seen).toEqual(['one', 'two'])
  })

  test('goes on in the file that takes the place of one that was moved away, and loses and repeats nothing', async () => {
    writeFileSync(file, 'start\n')
    const { seen } = follow(1)
    await until(() => seen.length === 1)
    const expected = ['start']
    for (let turn = 0; turn < 5; turn++) {
      const lines = numbered(turn * 100, turn * 100 + 100)
      for (const line of lines) appendFileSync(file, `${line}\n`)
      expected.push(...lines)
      await until(() => seen.length > turn * 100 + 1)
      renameSync(file, join(folder.path, `${turn}-server.log`))
      writeFileSync(file, '')
    }
    await until(() => seen.length === 501)
    expect(seen).toEqual(expected)
  })

  test('the last words of the file that was moved away come before the first ones of the next', async () => {
    writeFileSync(file, 'a\n')
    const { seen } = follow(1)
    await until(() => seen.length === 1)
    renameSync(file, join(folder.path, 'old.log'))
    appendFileSync(join(folder.path, 'old.log'), 'b\n')
    writeFileSync(file, 'c\n')
    await until(() => seen.length === 3)
    expect(seen).toEqual(['a', 'b', 'c'])
  })

  test('begins anew in a file that was cut short', async () => {
    writeFileSync(file, textOf(numbered(0, 50)))
    const { seen } = follow(1)
    await until(() => seen.length === 1)
    truncateSync(file, 0)
    appendFileSync(file, 'after\n')
    await until(() => seen.includes('after'))
    expect(seen).toEqual([...numbered(49, 50), 'after'])
  })

  test('waits for a file that is not there yet, and for its folder', async () => {
    file = join(folder.path, 'later', 'server.log')
    const { seen, errors } = follow(10)
    mkdirSync(join(folder.path, 'later'))
    writeFileSync(file, 'one\n')
    await until(() => seen.length === 1)
    expect(errors).toEqual([])
  })

  test('stops for good', async () => {
    writeFileSync(file, 'one\n')
    const { seen } = follow(1)
    const other = follow(1)
    await until(() => seen.length === 1 && other.seen.length === 1)
    stops[0]?.()
    appendFileSync(file, 'two\n')
    await until(() => other.seen.length === 2)
    expect(seen).toEqual(['one'])
  })
})
