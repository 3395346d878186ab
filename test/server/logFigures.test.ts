import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Exposition } from '../../platform/exposition.ts'
import { KeptLog } from '../../server/log/keptLog.ts'
import { logFigures } from '../../server/log/logFigures.ts'
import { agentEvent } from '../helpers/eventLogContract.ts'
import { InThread } from '../helpers/logFileInThread.ts'
import { readExposition } from '../helpers/prometheus.ts'
import { silentLog } from '../helpers/silentLog.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'
import { TIME } from '../protocol/samples.ts'

let folder: ReturnType<typeof temporaryFolder>
const logs: KeptLog[] = []
beforeEach(() => {
  folder = temporaryFolder('figures')
})
afterEach(async () => {
  await Promise.all(logs.splice(0).map(({ eventLog }) => eventLog.close()))
  folder.remove()
})

async function scraped(realLog: KeptLog) {
  logs.push(realLog)
  const exposition = new Exposition()
  const look = logFigures(exposition, realLog)
  return async () => {
    await look()
    const { samples, faults } = readExposition(await exposition.text())
    expect(faults).toEqual([])
    return Object.fromEntries(
      samples.filter(({ labels }) => labels.le === undefined).map(({ name, value }) => [name, value]),
    )
  }
}

async function openFile() {
  const thread = new InThread()
  const path = join(folder.path, 'events.db')
  const realLog = await KeptLog.open({ path, thread, log: silentLog })
  return { thread, path, realLog, scrape: await scraped(realLog) }
}

test('are what was committed, and what is on file', async () => {
  const { thread, path, realLog, scrape } = await openFile()
  expect(await scrape()).toMatchObject({ swarmscope_log_durable: 1, swarmscope_log_batches_total: 0 })
  expect(await scrape()).not.toHaveProperty('swarmscope_log_oldest_timestamp_seconds')
  for (let n = 0; n < 5; n++) await realLog.eventLog.append([agentEvent('a'), agentEvent('b')])
  await thread.held.keyframe()
  expect(await scrape()).toEqual({
    swarmscope_log_durable: 1,
    swarmscope_log_batches_total: 5,
    swarmscope_log_events_total: 10,
    swarmscope_log_waiting_batches: 0,
    swarmscope_log_file_bytes: statSync(path).size + statSync(`${path}-wal`).size,
    swarmscope_log_oldest_timestamp_seconds: Date.parse(TIME) / 1_000,
    swarmscope_log_keyframes: 1,
    swarmscope_log_commit_duration_seconds_count: 5,
    swarmscope_log_commit_duration_seconds_sum: expect.any(Number),
  })
})

test('of a file that hangs are the last ones that were had, soon, and how much waits', async () => {
  const { thread, realLog, scrape } = await openFile()
  await realLog.eventLog.append([agentEvent('a')])
  const before = await scrape()
  let openGate: () => void = () => undefined
  thread.gate = new Promise((resolve) => {
    openGate = resolve
  })
  const { figures } = thread
  thread.figures = () => new Promise(() => undefined)
  const appended = [1, 2, 3].map((n) => realLog.eventLog.append([agentEvent(`b${n}`)]))
  expect(await scrape()).toEqual({ ...before, swarmscope_log_waiting_batches: 3 })
  thread.figures = figures
  openGate()
  await Promise.all(appended)
  expect(await scrape()).toMatchObject({ swarmscope_log_waiting_batches: 0, swarmscope_log_batches_total: 4 })
})

test('[L11] say when the log fell to memory, and count on', async () => {
  const { thread, realLog, scrape } = await openFile()
  await realLog.eventLog.append([agentEvent('a')])
  thread.failure = new Error('no')
  await realLog.eventLog.append([agentEvent('b'), agentEvent('c')])
  expect(await scrape()).toMatchObject({
    swarmscope_log_durable: 0,
    swarmscope_log_batches_total: 2,
    swarmscope_log_events_total: 3,
    swarmscope_log_waiting_batches: 0,
    swarmscope_log_commit_duration_seconds_count: 1,
  })
})

test('of a log in memory have nothing of a file', async () => {
  const realLog = KeptLog.inMemory(silentLog)
  const scrape = await scraped(realLog)
  await realLog.eventLog.append([agentEvent('a')])
  expect(await scrape()).toEqual({
    swarmscope_log_durable: 0,
    swarmscope_log_batches_total: 1,
    swarmscope_log_events_total: 1,
    swarmscope_log_waiting_batches: 0,
  })
})
