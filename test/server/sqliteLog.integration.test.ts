// The durable log as it is built: in its worker, in processes that are killed.

import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applyBatch, emptyState, stateOf } from '../../protocol/fold.ts'
import { SqliteLog } from '../../server/log/sqliteLog.ts'
import { agentEvent, eventLogContract } from '../helpers/eventLogContract.ts'
import { InThread } from '../helpers/logFileInThread.ts'
import { ROOT, temporaryFolder } from '../helpers/swarmscope.ts'

type Built = typeof import('../../server/log/sqliteLog.ts')
let built: Built
const folder = temporaryFolder('log')
let files = 0
const newPath = () => join(folder.path, `events-${++files}.db`)

beforeAll(async () => {
  execFileSync(process.execPath, ['scripts/build.mjs', 'node'], { cwd: ROOT, stdio: 'pipe' })
  built = (await import(pathToFileURL(join(ROOT, 'dist/node/server/log/sqliteLog.js')).href)) as Built
}, 60_000)
afterAll(() => folder.remove())

eventLogContract('the log in SQLite in its worker', () => built.SqliteLog.open({ path: newPath(), bootId: 'boot' }))

test('[L9] a second process that wants the file is told so, at once', async () => {
  const path = newPath()
  const log = await built.SqliteLog.open({ path, bootId: 'boot' })
  const { stderr, status } = append(path, 1)
  expect(status).not.toBe(0)
  expect(stderr).toContain('LOG_IN_USE')
  await log.append([agentEvent('a')])
  await log.close()
  expect(append(path, 1).shown.at(-1)).toMatchObject({ seq: 2 })
})

/** Each costs a process: `npm run test:faults` takes every one. */
const STRIDE = Number(process.env.KILL_STRIDE ?? 11)

interface Shown {
  epoch: string
  seq: number
  hash: string
}

/** Runs a process that appends; what it showed until it ended or was killed. */
function append(path: string, batches: number, killAt = 0, boot = 'boot') {
  const { stdout, stderr, status, signal } = spawnSync(
    process.execPath,
    [
      ...(killAt > 0 ? ['--require', join(ROOT, 'test/helpers/killAtStep.cjs')] : []),
      join(ROOT, 'test/helpers/logAppender.mjs'),
      path,
      String(batches),
      boot,
    ],
    { env: { ...process.env, KILL_AT: String(killAt) }, encoding: 'utf8' },
  )
  const lines = stdout.split('\n').slice(0, -1)
  const shown = lines.map((line) => JSON.parse(line) as Shown | { done: true }).filter((line) => 'seq' in line)
  return { shown, stderr, status, signal }
}

const hashOf = (entities: Iterable<unknown>) =>
  createHash('sha256')
    .update(
      [...entities]
        .map((entity) => JSON.stringify(entity))
        .sort()
        .join(),
    )
    .digest('hex')

/** Opens what a killed process left, and checks every state that somebody was shown against it. */
async function checkLeft(path: string, shown: readonly Shown[], boot = 'boot') {
  const thread = new InThread()
  const log = await SqliteLog.open({ path, bootId: boot, thread })
  const checkpoint = await log.checkpoint()
  if (!checkpoint) throw new Error('no checkpoint')
  const folded = emptyState(log.epoch)
  const hashes = new Map([[0, hashOf([])]])
  for await (const batch of log.read(0, log.seq)) {
    applyBatch(folded, batch)
    hashes.set(batch.seq, hashOf(folded.store.values()))
  }
  const kept = stateOf(log.epoch, checkpoint)
  expect(hashOf(kept.store.values())).toBe(hashes.get(log.seq))
  expect(kept.store.seq).toBe(log.seq)
  for (const { epoch, seq, hash } of shown) {
    if (epoch !== log.epoch) continue // gets a snapshot
    expect(seq).toBeLessThanOrEqual(log.seq)
    expect(hash).toBe(hashes.get(seq))
  }
  await log.close()
  return { epoch: log.epoch, seq: log.seq }
}

describe.skipIf(process.platform === 'win32')('[L6, L7] SIGKILL', () => {
  test('at many a step of a first start, of commits and of the end: no state was shown that is not kept', async () => {
    let killed = 0
    for (let step = 3; ; step += STRIDE) {
      const path = newPath()
      const run = append(path, 3, step)
      if (run.signal === null) break
      killed++
      if (!existsSync(path)) continue
      const left = await checkLeft(path, run.shown)
      // The system ran on, so nothing that was shown is lost, and who was shown it may resume.
      for (const { epoch } of run.shown) expect(epoch).toBe(left.epoch)
    }
    expect(killed).toBeGreaterThan(40 / STRIDE)
  }, 120_000)

  test('again and again on one file, then a system that went down: the epoch changes, and only then', async () => {
    const path = newPath()
    const epochs = new Set<string>()
    append(path, 2)
    for (const killAt of [45, 50, 60, 70, 80]) {
      const { shown } = append(path, 4, killAt)
      const { epoch } = await checkLeft(path, shown)
      epochs.add(epoch)
    }
    expect(epochs.size).toBe(1)
    const { shown } = append(path, 4, 60)
    const left = await checkLeft(path, shown, 'another boot')
    expect(epochs).not.toContain(left.epoch)
  }, 60_000)

  test('a power cut that loses the last commits: nobody resumes onto what is no more', async () => {
    const path = newPath()
    const whole = append(path, 2)
    // What the disk had before the last run; what it wrote is lost.
    copyFileSync(path, `${path}.disk`)
    const run = append(path, 20, 120)
    expect(run.signal).toBe('SIGKILL')
    expect(run.shown.at(-1)?.seq).toBeGreaterThan(2)
    // The start is on disk for sure (synchronous=FULL): the mark that a run is on.
    for (let step = 30; append(`${path}.disk`, 1, step).shown.length === 0; step += 2);
    const left = await checkLeft(`${path}.disk`, whole.shown, 'after the power cut')
    expect(left.epoch).not.toBe(whole.shown[0]?.epoch)
    expect(left.seq).toBeLessThan(run.shown.at(-1)?.seq ?? 0)
  }, 60_000)
})
