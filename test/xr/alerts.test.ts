// What is heard of alerts in a headset, and the stops on the way back in time.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Turn } from '../../web/store/turns.ts'
import { AlertBell } from '../../web/xr/alertBell.ts'
import { earlierMs, laterMs, STOPS_MS } from '../../web/xr/timeSteps.ts'
import { agentOf, linkOf } from '../helpers/webWorld.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const failed = (id: string): Turn => ({ kind: 'failed', agent: agentOf(id) })
const waiting = (id: string): Turn => ({ kind: 'waiting', agent: agentOf(id) })

function bell() {
  const heard: string[] = []
  const made = new AlertBell((turn) =>
    heard.push(turn.kind === 'conflict' ? 'conflict' : `${turn.kind} ${turn.agent.id}`),
  )
  return { heard, made, see: (...turns: Turn[]) => made.see(turns, performance.now()) }
}

describe('the bell', () => {
  test('tells of a burst once: who waits for somebody before who only failed', () => {
    const { heard, see } = bell()
    see(failed('a'), failed('b'))
    see(waiting('c'))
    see(failed('d'))
    vi.advanceTimersByTime(300)
    expect(heard).toEqual(['waiting test/c'])
    vi.advanceTimersByTime(10_000)
    expect(heard).toHaveLength(1)
  })

  test('leaves two seconds between two, and forgets none that comes meanwhile', () => {
    const { heard, see } = bell()
    see(failed('a'))
    vi.advanceTimersByTime(300)
    see(waiting('b'))
    vi.advanceTimersByTime(1_500)
    expect(heard).toEqual(['failed test/a'])
    vi.advanceTimersByTime(600)
    expect(heard).toEqual(['failed test/a', 'waiting test/b'])
  })

  test('is silent about conflicts, and after its end', () => {
    const { heard, made, see } = bell()
    see({ kind: 'conflict', link: linkOf('conflict', 'test/a', 'test/b') })
    vi.advanceTimersByTime(3_000)
    see(failed('a'))
    made.close()
    vi.advanceTimersByTime(3_000)
    expect(heard).toEqual([])
  })
})

describe('time by buttons', () => {
  const NOW_MS = 1_700_000_000_000
  const HOUR_MS = 3_600_000

  test('goes back in steps that grow, and comes forward by the same stops, to now', () => {
    const back: number[] = []
    for (let headMs = NOW_MS; back.length < STOPS_MS.length; ) {
      headMs = earlierMs(headMs, NOW_MS, 0)
      back.push(NOW_MS - headMs)
    }
    expect(back).toEqual(STOPS_MS)
    const forth: number[] = []
    for (let headMs = NOW_MS - (STOPS_MS.at(-1) ?? 0); headMs < NOW_MS; ) {
      headMs = laterMs(headMs, NOW_MS)
      forth.push(NOW_MS - headMs)
    }
    expect(forth).toEqual([...STOPS_MS.slice(0, -1).reverse(), 0])
  })

  test('never before what is known, and on although time goes on between two presses', () => {
    expect(earlierMs(NOW_MS, NOW_MS, NOW_MS - 5_000)).toBe(NOW_MS - 5_000)
    const headMs = earlierMs(NOW_MS, NOW_MS, 0)
    expect(earlierMs(headMs, NOW_MS + 1_500, 0)).toBe(NOW_MS + 1_500 - 30_000)
    expect(laterMs(NOW_MS - HOUR_MS - 1_500, NOW_MS)).toBe(NOW_MS - 40 * 60_000)
  })
})
