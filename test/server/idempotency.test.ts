import { describe, expect, it } from 'vitest'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { Idempotency, type Outcome } from '../../server/api/idempotency.ts'

const done = (n: number): Outcome => ({ type: 'done', body: { n } })
const counting = () => {
  let runs = 0
  return { run: () => Promise.resolve(done(++runs)), runs: () => runs }
}

describe('[B4] an idempotency key', () => {
  it('gives the same answer again without a second run', async () => {
    const keys = new Idempotency()
    const { run, runs } = counting()
    expect(await keys.once('k', 'a', run)).toEqual({ outcome: done(1), replayed: false })
    expect(await keys.once('k', 'a', run)).toEqual({ outcome: done(1), replayed: true })
    expect(runs()).toBe(1)
  })

  it('of a run that is under way waits for it', async () => {
    const keys = new Idempotency()
    let finish: (outcome: Outcome) => void = () => undefined
    let runs = 0
    const run = () =>
      new Promise<Outcome>((resolve) => {
        runs++
        finish = resolve
      })
    const both = [keys.once('k', 'a', run), keys.once('k', 'a', run)]
    finish(done(7))
    expect((await Promise.all(both)).map(({ replayed }) => replayed)).toEqual([false, true])
    expect(runs).toBe(1)
  })

  it('keeps a failure of which it is not known that it did nothing', async () => {
    const keys = new Idempotency()
    const failed: Outcome = { type: 'failed', error: new SwarmscopeError('CHILD_TIMEOUT') }
    await keys.once('k', 'a', () => Promise.resolve(failed))
    expect(await keys.once('k', 'a', () => Promise.resolve(done(1)))).toEqual({ outcome: failed, replayed: true })
  })

  it('may try again after a rejection, by which nothing was done', async () => {
    const keys = new Idempotency()
    const refused = new SwarmscopeError('CONNECTION_REFUSED')
    await expect(keys.once('k', 'a', () => Promise.reject(refused))).rejects.toBe(refused)
    expect(keys.size).toBe(0)
    expect(await keys.once('k', 'a', () => Promise.resolve(done(1)))).toEqual({ outcome: done(1), replayed: false })
  })

  it('of another request is a conflict, also while that one is under way', async () => {
    const keys = new Idempotency()
    const { run } = counting()
    const first = keys.once('k', 'a', run)
    await expect(keys.once('k', 'b', run)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
    await first
    await expect(keys.once('k', 'b', run)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
  })

  it('is forgotten after a day', async () => {
    let nowMs = 0
    const keys = new Idempotency({ now: () => nowMs })
    const { run, runs } = counting()
    await keys.once('k', 'a', run)
    nowMs = 24 * 3_600_000 - 1
    await keys.once('k', 'a', run)
    expect(runs()).toBe(1)
    nowMs = 24 * 3_600_000
    await keys.once('k', 'a', run)
    expect(runs()).toBe(2)
  })

  it('pushes out the oldest when there are too many, but never one that is under way', async () => {
    const keys = new Idempotency({ now: () => 0, maxKeys: 3 })
    const { run, runs } = counting()
    let finish: (outcome: Outcome) => void = () => undefined
    const hanging = () =>
      new Promise<Outcome>((resolve) => {
        finish = resolve
      })
    const slow = keys.once('slow', 'a', hanging)
    for (const key of ['a', 'b', 'c', 'd']) await keys.once(key, 'a', run)
    expect(keys.size).toBeLessThanOrEqual(3)
    expect(runs()).toBe(4)
    const again = keys.once('slow', 'a', run)
    finish(done(9))
    expect((await slow).outcome).toEqual(done(9))
    expect(await again).toEqual({ outcome: done(9), replayed: true })
  })

  it('pushes out the oldest when their answers are too large together', async () => {
    const keys = new Idempotency({ now: () => 0 })
    const large = () => Promise.resolve<Outcome>({ type: 'done', body: { text: 'x'.repeat(1024 * 1024) } })
    for (let n = 0; n < 40; n++) await keys.once(`k${n}`, 'a', large)
    expect(keys.size).toBeLessThanOrEqual(17)
    expect(await keys.once('k39', 'a', large)).toMatchObject({ replayed: true })
  })

  it('is refused while all that there may be are under way', async () => {
    const keys = new Idempotency({ now: () => 0, maxKeys: 2 })
    const never = () => new Promise<Outcome>(() => undefined)
    void keys.once('a', 'a', never)
    void keys.once('b', 'a', never)
    await expect(keys.once('c', 'a', never)).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  })
})
