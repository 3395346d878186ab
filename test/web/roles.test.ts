import { describe, expect, it } from 'vitest'
import { AGENT_STATUSES } from '../../protocol/swarm.ts'
import { familyOf, radiusOf } from '../../web/theme/roles.ts'
import { isBusyLook, lookOf, statusText } from '../../web/theme/status.ts'

describe('the family of a role', () => {
  it.each([
    ['coordinator', 'lead'],
    ['task-orchestrator', 'lead'],
    ['hierarchical-coordinator', 'lead'],
    ['system-architect', 'lead'],
    ['Plan', 'lead'],
    ['coder', 'builder'],
    ['backend-dev', 'builder'],
    ['cicd-engineer', 'builder'],
    ['tester', 'checker'],
    ['code-reviewer', 'checker'],
    ['production-validator', 'checker'],
    ['researcher', 'other'],
    ['code-analyzer', 'other'],
    ['Explore', 'other'],
    ['general-purpose', 'other'],
    ['', 'other'],
    ['__proto__', 'other'],
    ['отладчик', 'other'],
  ])('of %j is %s', (type, family) => expect(familyOf(type)).toBe(family))

  it('makes who leads larger, the queen largest', () => {
    expect(radiusOf('coordinator', 'queen')).toBeGreaterThan(radiusOf('coordinator', 'c-1'))
    expect(radiusOf('coordinator', 'c-1')).toBeGreaterThan(radiusOf('coder', 'c-2'))
  })
})

describe('the look of a state', () => {
  it('is "needs you" whenever somebody is waited for', () => {
    for (const status of AGENT_STATUSES) {
      expect(lookOf({ status, attention: { reason: 'asks', since: '2026-01-01T00:00:00Z' } })).toBe('needs-you')
    }
  })

  it('is one of its own for each that a person tells apart', () => {
    const looks = AGENT_STATUSES.map((status) => lookOf({ status, attention: null }))
    expect(looks).toEqual(['initializing', 'idle', 'tool', 'active', 'failed', 'offline', 'offline', 'offline'])
    expect(looks.filter(isBusyLook)).toEqual(['initializing', 'tool', 'active'])
  })

  it('says in words what looks the same', () => {
    const text = (status: (typeof AGENT_STATUSES)[number]) => statusText({ status, attention: null, kind: 'observed' })
    expect([text('offline'), text('terminating'), text('unknown')]).toEqual(['offline', 'ending', 'unknown'])
  })
})
