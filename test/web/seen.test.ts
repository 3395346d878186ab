// Whether anybody looks is one question: a headset hides the page behind it, and is no less looked at for that.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { STUCK_AFTER_MS } from '../../protocol/derive.ts'
import { useConcerns } from '../../web/store/concerns.ts'
import { setHeadset } from '../../web/store/headset.ts'
import { isSeen, onSeen } from '../../web/store/seen.ts'
import { model } from '../../web/store/session.ts'
import { watchConcerns } from '../../web/store/watchConcerns.ts'
import { browserEdge } from '../../web/stream/browserEdge.ts'
import { agentOf } from '../helpers/webWorld.ts'

class Looked extends EventTarget {
  hidden = false
  visibilityState = 'visible'

  become(hidden: boolean): void {
    this.hidden = hidden
    this.visibilityState = hidden ? 'hidden' : 'visible'
    this.dispatchEvent(new Event('visibilitychange'))
  }
}

let page: Looked
let worn: Looked
const stops: (() => void)[] = []
const putOn = () => setHeadset({ state: 'inside', session: worn as unknown as XRSession })

beforeEach(() => {
  vi.useFakeTimers()
  page = new Looked()
  worn = new Looked()
  vi.stubGlobal('document', page)
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => setTimeout(callback, 16))
})
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
  setHeadset({ state: 'out' })
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('what is seen', () => {
  it('is a page in front, and a headset on a head whatever hides the page; not one that was put down, or left', () => {
    const seen: boolean[] = []
    stops.push(onSeen((now) => seen.push(now)))
    expect(isSeen()).toBe(true)
    putOn()
    page.become(true)
    expect(isSeen()).toBe(true)
    expect(browserEdge(isSeen).isHidden()).toBe(false)
    expect(seen).toEqual([])
    worn.become(true)
    expect(isSeen()).toBe(false)
    worn.become(false)
    setHeadset({ state: 'out' })
    expect(browserEdge(isSeen).isHidden()).toBe(true)
    page.become(false)
    expect(seen).toEqual([false, true, false, true])
    // Nothing of it is listened to any more.
    worn.become(true)
    expect(isSeen()).toBe(true)
  })

  it('is on the way into a headset no more than before', () => {
    page.become(true)
    setHeadset({ state: 'entering' })
    expect(isSeen()).toBe(false)
  })

  it('ends with whoever asked', () => {
    let calls = 0
    const stop = onSeen(() => calls++)
    putOn()
    stop()
    page.become(true)
    worn.become(true)
    expect(calls).toBe(0)
  })

  it('makes somebody stuck by time alone, inside a headset as before the page', async () => {
    const lastActiveAt = new Date().toISOString()
    model.load({ epoch: 'e', seq: 1, put: [agentOf('silent', { status: 'active', lastActiveAt })] })
    stops.push(watchConcerns())
    putOn()
    page.become(true)
    await vi.advanceTimersByTimeAsync(STUCK_AFTER_MS + 20_000)
    expect(useConcerns.getState().stuck).toBe(1)
  })

  it('is looked at again as soon as the headset is put on again, and not before', async () => {
    const lastActiveAt = new Date().toISOString()
    model.load({ epoch: 'e', seq: 2, put: [agentOf('silent', { status: 'active', lastActiveAt })] })
    putOn()
    page.become(true)
    stops.push(watchConcerns())
    worn.become(true)
    await vi.advanceTimersByTimeAsync(STUCK_AFTER_MS + 60_000)
    expect(useConcerns.getState().stuck).toBe(0)
    worn.become(false)
    expect(useConcerns.getState().stuck).toBe(1)
  })
})
