import { describe, expect, it } from 'vitest'
import {
  behindText,
  FAILED_SHOWN_MS,
  frontOf,
  JOIN_MS,
  MAX_TOASTS,
  ToastQueue,
  toastText,
  toastTitle,
} from '../../web/store/toastQueue.ts'
import type { Turn } from '../../web/store/turns.ts'
import { badgeText } from '../../web/ui/badgeText.ts'
import { titleOf } from '../../web/ui/titleOf.ts'
import { agentOf } from '../helpers/webWorld.ts'

const failed = (name: string, what: string | null = null): Turn => ({
  kind: 'failed',
  agent: agentOf(name, { status: 'error', lastFailure: what === null ? null : { what, at: '2026-11-24T12:00:00Z' } }),
})
const waiting = (name: string): Turn => ({
  kind: 'waiting',
  agent: agentOf(name, { attention: { reason: 'permission: Bash', since: '2026-11-24T12:00:00Z' } }),
})
const nobody = () => false
const everybody = () => true

describe('toasts', () => {
  it('tell one agent by name, with what was said', () => {
    const queue = new ToastQueue()
    queue.add([failed('analyst', 'Bash: exit code 1'), waiting('reader')], 0)
    expect(queue.toasts.map((toast) => [toastTitle(toast), toastText(toast)])).toEqual([
      ['analyst failed', 'Bash: exit code 1'],
      ['reader needs you', 'permission: Bash'],
    ])
  })

  it('are one for 100 failures, at once or one after the other', () => {
    const queue = new ToastQueue()
    queue.add(
      Array.from({ length: 60 }, (_, n) => failed(`a${n}`)),
      0,
    )
    for (let n = 60; n < 100; n++) queue.add([failed(`a${n}`)], n * 100)
    expect(queue.toasts).toHaveLength(1)
    const [toast] = queue.toasts
    expect(toast && [toastTitle(toast), toastText(toast)]).toEqual(['100 agents failed', 'a0, a1, a2 and 97 more'])
  })

  it('count nobody twice, and begin anew after a pause', () => {
    const queue = new ToastQueue()
    queue.add([failed('a')], 0)
    queue.add([failed('a')], 1_000)
    expect(queue.toasts[0]?.count).toBe(1)
    queue.add([failed('a')], 1_000 + JOIN_MS)
    expect(queue.toasts).toHaveLength(2)
  })

  it('are few: the oldest failure gives way, who waits for somebody stays', () => {
    const queue = new ToastQueue()
    queue.add([waiting('w')], 0)
    for (let n = 1; n <= 20; n++) queue.add([failed(`a${n}`)], n * JOIN_MS)
    expect(queue.toasts).toHaveLength(MAX_TOASTS)
    expect(queue.toasts.map((toast) => toastTitle(toast)).slice(0, 2)).toEqual(['w needs you', 'a10 failed'])
  })

  it('stand in front as far as there is room: who waits, then the newest, in the order in which they came', () => {
    const queue = new ToastQueue()
    for (const [n, turn] of [failed('a'), waiting('w'), failed('b'), waiting('v'), failed('c')].entries())
      queue.add([turn], n * JOIN_MS)
    const front = (few: number) => frontOf(queue.toasts, few).map(({ agents }) => agents[0]?.name)
    expect(front(1)).toEqual(['v'])
    expect(front(3)).toEqual(['w', 'v', 'c'])
    expect(front(9)).toEqual(['a', 'w', 'b', 'v', 'c'])
    const isFront = new Set(frontOf(queue.toasts, 1))
    expect(behindText(queue.toasts.filter((toast) => !isFront.has(toast)))).toBe('4 more: 1 needs you, 3 failed')
  })

  it('go when they are old or nobody waits any more, but not from under a reader', () => {
    const queue = new ToastQueue()
    queue.add([failed('a'), waiting('w')], 0)
    expect(queue.settle(FAILED_SHOWN_MS - 1, everybody)).toBe(false)
    expect(queue.settle(FAILED_SHOWN_MS, everybody, true)).toBe(false)
    expect(queue.settle(FAILED_SHOWN_MS, everybody)).toBe(true)
    expect(queue.toasts.map(({ kind }) => kind)).toEqual(['waiting'])
    expect(queue.settle(10 * FAILED_SHOWN_MS, everybody)).toBe(false)
    expect(queue.settle(10 * FAILED_SHOWN_MS, nobody)).toBe(true)
    expect(queue.toasts).toEqual([])
  })

  it('can be waved away', () => {
    const queue = new ToastQueue()
    const [toast] = queue.add([failed('a')], 0)
    queue.dismiss(toast?.id ?? -1)
    expect(queue.toasts).toEqual([])
  })

  it('stay small, however many fail', () => {
    const queue = new ToastQueue()
    const turns = Array.from({ length: 10_000 }, (_, n) => failed(`a${n}`))
    queue.add(turns, 0)
    expect(queue.toasts[0]?.count).toBe(10_000)
    expect(queue.toasts[0]?.agents.length).toBeLessThan(500)
  })
})

describe('the tab', () => {
  it.each([
    [0, ''],
    [1, '1'],
    [99, '99'],
    [100, '99+'],
  ])('has a badge for %i', (count, text) => {
    expect(badgeText(count)).toBe(text)
  })

  it('says that it shows the past, and who waits for somebody now', () => {
    expect(titleOf({ needsYou: 0, failed: 0 }, '14:03:22')).toBe('Past 14:03:22 · Swarmscope')
    expect(titleOf({ needsYou: 1, failed: 2 }, '14:03:22')).toBe('(1 needs you, 2 failed) Past 14:03:22 · Swarmscope')
    expect(titleOf({ needsYou: 0, failed: 0 })).toBe('Swarmscope')
    expect(titleOf({ needsYou: 1, failed: 0 }, null, true)).toBe('(1 needs you) MOCK · Swarmscope')
  })
})
