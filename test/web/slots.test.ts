import { describe, expect, it } from 'vitest'
import { Slots } from '../../web/layout/slots.ts'

describe('slots', () => {
  it('are kept for life', () => {
    const slots = new Slots()
    const first = slots.acquire('a')
    slots.acquire('b')
    slots.release(slots.slotOf('b'))
    expect(slots.acquire('a')).toBe(first)
    expect(slots.slotOf('b')).toBe(-1)
  })

  it('are used again, each time with another generation', () => {
    const slots = new Slots()
    const slot = slots.acquire('a')
    const generation = slots.generationOf(slot)
    slots.release(slot)
    expect(slots.acquire('b')).toBe(slot)
    expect(slots.generationOf(slot)).not.toBe(generation)
    expect(slots.end).toBe(1)
  })

  it('are not given away while their last owner fades', () => {
    const slots = new Slots()
    const slot = slots.acquire('a')
    slots.retire(slot)
    expect(slots.slotOf('a')).toBe(-1)
    expect(slots.acquire('a')).not.toBe(slot)
    slots.release(slot)
    expect(slots.slotOf('a')).not.toBe(-1)
    expect(slots.acquire('b')).toBe(slot)
  })

  it('are released once, however often they are told to', () => {
    const slots = new Slots()
    const slot = slots.acquire('a')
    slots.release(slot)
    slots.release(slot)
    expect(slots.acquire('b')).not.toBe(slots.acquire('c'))
  })

  it('grow past their first capacity', () => {
    const slots = new Slots()
    for (let n = 0; n < 1_000; n++) slots.acquire(`agent ${n}`)
    expect(slots.size).toBe(1_000)
    expect(slots.generationOf(999)).toBe(1)
  })
})
