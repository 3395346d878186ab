// With a loop by hand: what it does, and for how long it sleeps, is the test's.

import { expect, it } from 'vitest'
import { LoopTurns } from '../../platform/loopTurns.ts'

class Loop {
  nowMs = 1_000
  idleMs = 0
  #onTurnEnd: (() => void)[] = []
  readonly turns = new LoopTurns({
    nowMs: () => this.nowMs,
    idleMs: () => this.idleMs,
    onTurnEnd: (callback) => this.#onTurnEnd.push(callback),
  })

  work(ms: number): this {
    this.nowMs += ms
    return this
  }

  sleep(ms: number): this {
    this.idleMs += ms
    return this.work(ms)
  }

  endTurn(): this {
    for (const callback of this.#onTurnEnd.splice(0)) callback()
    return this
  }

  waitedMs(): number {
    return this.nowMs - this.turns.readableSinceMs()
  }
}

const running = (): Loop => {
  const loop = new Loop()
  loop.waitedMs()
  return loop.work(3).endTurn()
}

it('what woke the loop waited for what was handled before it since then', () => {
  const loop = running().sleep(50)
  expect(loop.waitedMs()).toBe(0)
  expect(loop.work(2).waitedMs()).toBe(2)
})

it('what was there when the loop did not sleep may have come at any moment of the turn before', () => {
  const loop = running().sleep(50).work(20).endTurn()
  // It began when the loop woke, 20 ms ago.
  expect(loop.work(1).waitedMs()).toBe(21)
  // Those before it are over.
  expect(loop.endTurn().work(4).waitedMs()).toBe(5)
  expect(loop.endTurn().sleep(9).work(1).waitedMs()).toBe(1)
})

it('a long pause is no waiting', () => {
  const loop = running()
  for (let turn = 0; turn < 100; turn++) loop.sleep(1_000).work(7).endTurn()
  expect(loop.sleep(60_000).work(1).waitedMs()).toBe(1)
})

it('in the real loop: what waits behind 30 ms of work has waited for them, and what comes after a pause for nothing', async () => {
  const turns = new LoopTurns()
  turns.readableSinceMs()
  const next = () => new Promise((resolve) => setImmediate(resolve))
  await next()
  const untilMs = performance.now() + 30
  while (performance.now() < untilMs);
  await next()
  expect(performance.now() - turns.readableSinceMs()).toBeGreaterThanOrEqual(29)
  const waits: number[] = []
  for (let n = 0; n < 5; n++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    waits.push(performance.now() - turns.readableSinceMs())
  }
  expect(Math.min(...waits)).toBeLessThan(10)
})
