import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Bug, mutant } from '../helpers/mutant.ts'
import { SMALL_BOUNDS, type StreamSubject, streamPromise } from '../helpers/streamHistory.ts'
import * as real from '../helpers/streamSubject.ts'

const ENTRY = 'test/helpers/streamSubject.ts'
/** test/faults runs as many as the promise says. */
const HISTORIES = 150

let small: StreamSubject
beforeAll(async () => {
  small = await mutant<StreamSubject>(ENTRY, ...SMALL_BOUNDS)
})
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('from the event log to the page, through any lags, stalls, cuts, fail-overs, restarts and changes of world', () => {
  test('[F1–F8, V4–V8, V13, V15] each page ends where its server is, by hash, and never shows a state that was not', async () => {
    await fc.assert(streamPromise(small), { numRuns: HISTORIES })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('the same with the bounds of production', async () => {
    await fc.assert(streamPromise(real), { numRuns: HISTORIES / 3 })
  })
})

const remove = (file: string, find: string): Bug => ({ file, find, replace: '' })
const BUGS: Record<string, Bug[]> = {
  'frames leave out the first revision': [
    {
      file: 'protocol/frames.ts',
      find: 'if (entity.rev > since) put.push',
      replace: 'if (entity.rev > since + 1) put.push',
    },
  ],
  'tombstones are forgotten': [remove('protocol/frames.ts', '    this.#bury(ref, rev)\n')],
  'a snapshot is laid over the old state': [remove('protocol/frames.ts', '    this.#byKind.clear()\n')],
  'the encoder resumes across epochs': [
    { file: 'server/hub/encoder.ts', find: 'epoch !== store.epoch || seq', replace: 'epoch === null || seq' },
  ],
  'a frame is served after the world has moved on': [
    { file: 'server/hub/encoder.ts', find: 'this.#framesTo !== store.seq', replace: 'this.#framesTo < 0' },
  ],
  'a frame begins after where its reader is': [
    { file: 'server/hub/encoder.ts', find: 'to - 2 ** Math.ceil', replace: 'to - 2 ** Math.floor' },
  ],
  'an old snapshot is served below the tombstone floor': [
    remove('server/hub/encoder.ts', ' && youngest.seq >= store.tombstoneFloor'),
    { file: 'server/hub/encoder.ts', find: 'MAX_SNAPSHOT_AGE_BATCHES = 4', replace: 'MAX_SNAPSHOT_AGE_BATCHES = 400' },
  ],
  'a snapshot says other revisions than the state has': [
    {
      file: 'server/hub/snapshotDelivery.ts',
      find: 'const text = JSON.stringify(entity)',
      replace: 'const text = JSON.stringify({ ...entity, rev: seq })',
    },
  ],
  'the page shows half a snapshot': [remove('protocol/frames.ts', "    if (!chunk.last) return 'incomplete'\n")],
}

/** Caught each time, and not by luck. */
const SEED = 1
const CATCH_TIMEOUT_MS = 60_000

describe(`bugs seeded into the sources are caught by the same property (seed ${SEED})`, () => {
  test.each(Object.entries(BUGS))(
    '%s',
    async (_, bugs) => {
      const subject = await mutant<StreamSubject>(ENTRY, ...SMALL_BOUNDS, ...bugs)
      expect((await fc.check(streamPromise(subject), { numRuns: 500, endOnFailure: true, seed: SEED })).failed).toBe(
        true,
      )
    },
    CATCH_TIMEOUT_MS,
  )
})
