import type { Request } from 'express'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Role } from '../../protocol/viewerWire.ts'
import { Audit } from '../../server/api/audit.ts'
import { keptLog } from '../helpers/silentLog.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function subject(level?: string) {
  const { log, lines } = keptLog(level)
  let role: Role | null = null
  let nowMs = 0
  const audit = new Audit({ guard: { knownRole: () => role }, log, now: () => nowMs })
  const watch = audit.watch()
  const attempt = (method = 'POST', originalUrl = '/api/v1/bots/agents'): Request => {
    const request = { method, originalUrl, socket: { remoteAddress: '127.0.0.1' } } as unknown as Request
    watch(request, {} as never, () => undefined)
    return request
  }
  const passes = (ms: number) => {
    nowMs += ms
    vi.advanceTimersByTime(ms)
  }
  const as = (given: Role | null) => {
    role = given
  }
  return { audit, lines, attempt, passes, as }
}

describe('[B5] the audit', () => {
  test('has exactly one line for an attempt, however often its end is told', () => {
    const { audit, lines, attempt } = subject()
    const request = attempt('DELETE', '/api/bots/tasks/a%2Fb?x=1')
    audit.failed(request, 'UNAUTHORIZED')
    audit.failed(request, 'INTERNAL')
    audit.done(request, {}, false)
    expect(lines()).toEqual([
      expect.objectContaining({
        command: 'cancel-task',
        by: 'anonymous',
        outcome: 'UNAUTHORIZED',
        subject: { id: 'a/b' },
      }),
    ])
  })

  test.each(['warn', 'error', 'silent'])('is written whatever else the level %s hides', (level) => {
    const { audit, lines, attempt } = subject(level)
    audit.done(attempt(), {}, false)
    for (let n = 0; n < 51; n++) audit.failed(attempt(), 'UNAUTHORIZED')
    audit.close()
    expect(lines().map(({ audit: isAudit, level: ofLine }) => [isAudit, ofLine])).toEqual([
      ...Array(50).fill([true, 30]),
      [true, 40],
    ])
  })

  test('cannot be filled by who may not command: what is left out is counted, by name and outcome', () => {
    const { audit, lines, attempt, passes, as } = subject()
    const refused = (times: number) => {
      for (let n = 0; n < times; n++) audit.failed(attempt(), 'UNAUTHORIZED')
    }
    refused(1_000)
    expect(lines()).toHaveLength(50)
    // Others are told of all the same, and so is what was done.
    as('viewer')
    audit.failed(attempt(), 'FORBIDDEN')
    as('operator')
    for (let n = 0; n < 60; n++) {
      const request = attempt()
      audit.runs(request)
      audit.done(request, { agentId: 'a' }, false)
    }
    expect(lines()).toHaveLength(111)
    passes(10_000)
    expect(lines().at(-1)).toMatchObject({
      audit: true,
      omitted: { 'anonymous UNAUTHORIZED': 950 },
      msg: expect.stringContaining('left out 950 refused commands'),
    })
    as(null)
    refused(51)
    expect(lines()).toHaveLength(162)
    audit.close()
    expect(lines().at(-1)).toMatchObject({ omitted: { 'anonymous UNAUTHORIZED': 1 } })
    passes(100_000)
    expect(lines()).toHaveLength(163)
  })
})
