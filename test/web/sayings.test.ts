import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hush, SAID_FOR_MS, say, useSayings } from '../../web/store/sayings.ts'

const said = () => useSayings.getState().sayings.map(({ text }) => text)

describe('what is said', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => {
    hush()
    vi.useRealTimers()
  })

  it('is another saying each time, also with the same words', () => {
    say('analyst failed.')
    say('analyst failed.')
    const [first, second] = useSayings.getState().sayings
    expect(first?.text).toBe(second?.text)
    expect(first?.id).not.toBe(second?.id)
  })

  it('is gone when it has been said', () => {
    say('analyst failed.')
    vi.advanceTimersByTime(SAID_FOR_MS / 2)
    say('reader needs you.', true)
    vi.advanceTimersByTime(SAID_FOR_MS / 2)
    expect(said()).toEqual(['reader needs you.'])
    vi.advanceTimersByTime(SAID_FOR_MS / 2)
    expect(said()).toEqual([])
  })

  it('is taken back when it is so no more, and never piles up', () => {
    for (let n = 0; n < 100; n++) say(`failure ${n}`)
    expect(said().length).toBeLessThan(10)
    expect(said().at(-1)).toBe('failure 99')
    hush()
    expect(said()).toEqual([])
    say('of another world')
    // The timers of what was taken back touch nothing.
    vi.advanceTimersByTime(SAID_FOR_MS - 1)
    expect(said()).toEqual(['of another world'])
  })
})
