import { describe, expect, it } from 'vitest'
import { useMissingParts } from '../../web/store/missingParts.ts'
import { untilItComes } from '../../web/ui/lazyPart.ts'

describe('a part of the page', () => {
  it('that does not come is asked for again, ever more seldom, and is told to be missing until it comes', async () => {
    const pauses: number[] = []
    const missing: number[] = []
    let tries = 0
    const load = async () => {
      if (++tries < 9) throw new TypeError('Failed to fetch dynamically imported module')
      return 'part'
    }
    const part = await untilItComes(load, async (pauseMs) => {
      pauses.push(pauseMs)
      missing.push(useMissingParts.getState().parts.size)
    })
    expect(part).toBe('part')
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    expect(new Set(missing)).toEqual(new Set([1]))
    expect(useMissingParts.getState().parts.size).toBe(0)
  })

  it('that comes is asked for once', async () => {
    let tries = 0
    await untilItComes(
      async () => ++tries,
      async () => undefined,
    )
    expect(tries).toBe(1)
  })
})
