import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { DEAD_AFTER_MS, IDLE_BEFORE_PING_MS, LineWatch, SILENT_AFTER_MS } from '../../server/connector/lineWatch.ts'

const events = { ping: vi.fn(), onSilent: vi.fn(), onDead: vi.fn() }
let watch: LineWatch
beforeEach(() => {
  vi.useFakeTimers()
  vi.resetAllMocks()
  watch = new LineWatch(events)
})
afterEach(() => {
  watch.stop()
  vi.useRealTimers()
})

/** Also runs what the timers leave to the next turn of the loop. */
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

test('a hang is seen within 2 s, whenever in the cadence it begins', () => {
  expect(IDLE_BEFORE_PING_MS + SILENT_AFTER_MS).toBeLessThanOrEqual(1_500)
})

test('an idle line is pinged each 0.8 s, and no more often', async () => {
  events.ping.mockImplementation(() => void setTimeout(() => watch.heard(), 5))
  await pass(60_000)
  expect(events.ping.mock.calls.length).toBeGreaterThanOrEqual(72)
  expect(events.ping.mock.calls.length).toBeLessThanOrEqual(75)
  expect(events.onSilent).not.toHaveBeenCalled()
})

test('a busy line is not pinged', async () => {
  for (let n = 0; n < 100; n++) {
    await pass(100)
    watch.heard()
  }
  expect(events.ping).not.toHaveBeenCalled()
})

test('[R14] no answer: silent after 700 ms, dead 8 s after the ping, each once', async () => {
  await pass(IDLE_BEFORE_PING_MS)
  expect(events.ping).toHaveBeenCalledTimes(1)
  await pass(SILENT_AFTER_MS - 1)
  expect(events.onSilent).not.toHaveBeenCalled()
  await pass(2)
  expect(events.onSilent.mock.calls).toEqual([[true]])
  await pass(DEAD_AFTER_MS - SILENT_AFTER_MS - 3)
  expect(events.onDead).not.toHaveBeenCalled()
  await pass(10)
  expect(events.onDead).toHaveBeenCalledTimes(1)
  await pass(60_000)
  expect(events.onDead).toHaveBeenCalledTimes(1)
  expect(events.onSilent).toHaveBeenCalledTimes(1)
})

test('a late answer makes a silent line as good as before', async () => {
  await pass(IDLE_BEFORE_PING_MS + SILENT_AFTER_MS + 1)
  watch.heard()
  expect(events.onSilent.mock.calls).toEqual([[true], [false]])
  events.ping.mockImplementation(() => void setTimeout(() => watch.heard(), 5))
  await pass(60_000)
  expect(events.onDead).not.toHaveBeenCalled()
  expect(events.onSilent).toHaveBeenCalledTimes(2)
})

test('an answer that came while we ourselves were busy counts: it is read before the verdict', () => {
  vi.advanceTimersByTime(IDLE_BEFORE_PING_MS)
  // The loop was blocked: the timer is due, and so is the socket; Node runs the timer first.
  vi.advanceTimersByTime(SILENT_AFTER_MS)
  watch.heard()
  vi.advanceTimersByTime(1)
  expect(events.onSilent).not.toHaveBeenCalled()
})

test('stopped, it does nothing more, whatever it hears', async () => {
  await pass(IDLE_BEFORE_PING_MS + SILENT_AFTER_MS + 1)
  watch.stop()
  watch.heard()
  await pass(60_000)
  expect(events.ping).toHaveBeenCalledTimes(1)
  expect(events.onSilent.mock.calls).toEqual([[true]])
  expect(events.onDead).not.toHaveBeenCalled()
  expect(vi.getTimerCount()).toBe(0)
})
