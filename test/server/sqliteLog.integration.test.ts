// The durable log as it is built: in its worker, in processes that are killed.

import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import Libsql from 'libsql'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { applyBatch, emptyState, stateOf } from '../../protocol/fold.ts'
import type { Entity } from '../../protocol/swarm.ts'
import { HistoryFile } from '../../server/history/historyFile.ts'
import { SqliteLog } from '../../server/log/sqliteLog.ts'
import { agentEnds, agentEvent, eventLogContract } from '../helpers/eventLogContract.ts'
import { InThread } from '../helpers/logFileInThread.ts'
import { ROOT, temporaryFolder } from '../helpers/swarmscope.ts'
import { canonicalHash, sampleAgent, TIME } from '../protocol/samples.ts'

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

  const DAY_MS = 24 * 3_600_000
  const START_MS = Date.parse(TIME)
  const withoutRev = (entities: Iterable<Entity>) => canonicalHash([...entities].map(({ rev: _, ...entity }) => entity))

  /** Two hours of 1,300 batches, with keyframes. */
  async function longFile(): Promise<string> {
    const path = newPath()
    const thread = new InThread()
    const log = await SqliteLog.open({ path, bootId: 'boot', thread })
    for (let n = 0; n < 1_300; n++) {
      const event = n % 5 === 4 ? agentEnds(`a${(n - 4) % 90}`) : agentEvent(`a${n % 90}`)
      const appended = log.append([{ ...event, receivedAt: new Date(START_MS + n * 5_000).toISOString() }])
      if (n % 200 !== 199) continue
      await appended
      await thread.held.keyframe()
    }
    await log.append([{ ...agentEvent('last'), receivedAt: new Date(START_MS + 2 * 3_600_000).toISOString() }])
    await log.close()
    return path
  }

  /** What somebody finds who opens it: that it is whole in itself is expected here. */
  async function found(path: string) {
    const log = await SqliteLog.open({ path, bootId: 'boot', thread: new InThread() })
    const checkpoint = await log.checkpoint()
    if (!checkpoint) throw new Error('no checkpoint')
    const { store, versions } = stateOf(log.epoch, checkpoint)
    const history = new HistoryFile(path)
    const { first, last, stateFrom } = history.overview(null, null, 10)
    const seqs = new Set<number>()
    let after: string | null = null
    do {
      const page = history.events({ fromMs: null, toMs: null, kind: null, agent: null, after, limit: 10_000 })
      for (const line of page.lines.split('\n').slice(0, -1)) seqs.add((JSON.parse(line) as { seq: number }).seq)
      after = page.next
    } while (after !== null)
    // Without a gap from the first that is kept to the last.
    expect([...seqs]).toEqual(Array.from({ length: seqs.size }, (_, n) => log.seq - seqs.size + 1 + n))
    if (last !== null) {
      const now = Object.values(history.stateAt(last).entities).flat()
      expect(canonicalHash(now.map((json) => JSON.parse(json)))).toBe(withoutRev(store.values()))
      expect(() => history.stateAt(stateFrom ?? Number.NaN)).not.toThrow()
    }
    const integrity = new Libsql(path)
    expect(integrity.prepare('PRAGMA integrity_check').raw().all([])).toEqual([['ok']])
    integrity.close()
    history.close()
    await log.close()
    const state = { hash: canonicalHash(store.values()), ended: [...versions.ended], seq: log.seq, epoch: log.epoch }
    return { state, first, store }
  }

  /** Calls `check` for each process that was killed; `base` is copied for each. */
  async function killedAtEach(
    base: string,
    given: (path: string) => readonly string[],
    check: (path: string) => Promise<void>,
  ): Promise<number> {
    let killed = 0
    for (let step = 1 + (STRIDE > 1 ? 2 : 0); ; step += STRIDE) {
      const path = newPath()
      copyFileSync(base, path)
      const { stdout, stderr, signal } = spawnSync(
        process.execPath,
        [
          '--require',
          join(ROOT, 'test/helpers/killAtStep.cjs'),
          join(ROOT, 'test/helpers/logSteps.mjs'),
          ...given(path),
        ],
        { env: { ...process.env, KILL_AT: String(step) }, encoding: 'utf8' },
      )
      await check(path)
      if (signal === null) {
        expect([stdout, stderr]).toEqual(['done', ''])
        return killed
      }
      expect(signal).toBe('SIGKILL')
      killed++
    }
  }

  test.each([
    ['making a keyframe', 'keyframe', 0, START_MS],
    ['tidying', 'tidy', START_MS + 7 * DAY_MS + 3_600_000, START_MS + 3_600_000],
  ])(
    'at many a step of %s: the state is what it was, history is whole from where it begins',
    async (_, what, nowMs, latestFirstMs) => {
      const base = await longFile()
      const { state } = await found(base)
      const firsts: (number | null)[] = []
      const check = async (path: string) => {
        const left = await found(path)
        expect(left.state).toEqual(state)
        firsts.push(left.first)
      }
      expect(await killedAtEach(base, (path) => [what, path, String(nowMs)], check)).toBeGreaterThan(30 / STRIDE)
      expect(firsts[0]).toBe(START_MS)
      expect(firsts.at(-1)).toBe(latestFirstMs)
    },
    300_000,
  )

  test('at many a step of a backup: it is whole or not there, and the file is what it was', async () => {
    const base = await longFile()
    const { state } = await found(base)
    let made = 0
    const check = async (path: string) => {
      expect((await found(path)).state).toEqual(state)
      if (!existsSync(`${path}.backup`)) return
      made++
      const { hash, ended, seq } = (await found(`${path}.backup`)).state
      expect({ hash, ended, seq }).toEqual({ hash: state.hash, ended: state.ended, seq: state.seq })
    }
    await killedAtEach(base, (path) => ['backup', path, `${path}.backup`], check)
    expect(made).toBe(1)
  }, 300_000)

  test('[L10] at many a step of taking along a file that an older version wrote: the next start does', async () => {
    const base = join(ROOT, 'test/fixtures/event-log-v1/events.db')
    const whole = newPath()
    copyFileSync(base, whole)
    const { state } = await found(whole)
    const check = async (path: string) => {
      const left = await found(path)
      expect(left.state).toEqual({ ...state, epoch: left.state.epoch })
      for (const agent of left.store.all('agent').values()) {
        expect(Object.keys(agent).sort()).toEqual(Object.keys({ ...sampleAgent('x'), rev: 1 }).sort())
      }
    }
    expect(await killedAtEach(base, (path) => ['open', path], check)).toBeGreaterThan(40 / STRIDE)
  }, 300_000)

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
