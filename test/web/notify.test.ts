// Few notifications, and never one too few: who waits for somebody is told.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Toast } from '../../web/store/toastQueue.ts'

const toast = (kind: Toast['kind'], name: string): Toast => ({
  id: 1,
  kind,
  agents: [{ id: name, name, reason: null, isMock: false }],
  count: 1,
  atMs: 0,
})
const told: string[] = []
let nowMs = 0
let notify: (toast: Toast, onClick: () => void) => void

beforeEach(async () => {
  class Recorded {
    static permission = 'granted'
    constructor(title: string) {
      told.push(title)
    }
  }
  vi.stubGlobal('Notification', Recorded)
  vi.stubGlobal('isSecureContext', true)
  vi.stubGlobal('document', { hidden: true })
  vi.stubGlobal('localStorage', { getItem: () => 'on' })
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  vi.resetModules()
  notify = (await import('../../web/store/notify.ts')).notify
})
afterEach(() => {
  told.length = 0
  nowMs = 0
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

const at = (ms: number, kind: Toast['kind'], name: string) => {
  nowMs = ms
  notify(toast(kind, name), () => undefined)
}

describe('a notification', () => {
  it('for who waits comes also right after one of a failure', () => {
    at(0, 'failed', 'analyst')
    at(2_000, 'waiting', 'reader')
    expect(told).toEqual(['analyst failed', 'reader needs you'])
  })

  it('is not one of a storm', () => {
    for (let n = 0; n < 9; n++) at(n * 1_000, 'failed', 'analyst')
    for (let n = 0; n < 9; n++) at(9_000 + n * 1_000, 'waiting', 'reader')
    at(18_000, 'conflict', 'anna and ben')
    expect(told).toEqual(['analyst failed', 'reader needs you'])
    at(19_000, 'waiting', 'reader')
    expect(told).toHaveLength(3)
  })
})
