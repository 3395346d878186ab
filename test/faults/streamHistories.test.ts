import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { mutant } from '../helpers/mutant.ts'
import { SMALL_BOUNDS, type StreamSubject, streamPromise } from '../helpers/streamHistory.ts'

/** Each within a test's time. */
const SHARES = [1, 2, 3, 4]
const HISTORIES = 10_000

let subject: StreamSubject
beforeAll(async () => {
  subject = await mutant<StreamSubject>('test/helpers/streamSubject.ts', ...SMALL_BOUNDS)
})
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe(`[F1–F8, V4–V8, V13, V15] through ${HISTORIES} histories each page ends where its server is, by hash, and never shows a state that was not`, () => {
  test.each(SHARES)(`share %i of ${SHARES.length}`, async () => {
    await fc.assert(streamPromise(subject), { numRuns: HISTORIES / SHARES.length })
    expect(vi.getTimerCount()).toBe(0)
  })
})
