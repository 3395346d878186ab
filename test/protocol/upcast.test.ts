import { expect, test } from 'vitest'
import { EVENT_VERSION } from '../../protocol/events.ts'
import { upcast } from '../../protocol/upcast.ts'
import { sampleAgent, TIME } from './samples.ts'

const head = { v: 1, key: 'k', sourceId: 'source', version: [1, 1], at: null, receivedAt: TIME }
const NEW_IN_2 = [
  'openTools',
  'lastTool',
  'lastFailure',
  'unattributed',
  'crossCheck',
  'endedReason',
  'sessionId',
] as const

test('[L10] an agent of version 1 is understood as one of which nothing of version 2 was reported', () => {
  const now = sampleAgent('a', { status: 'busy' })
  const then: Record<string, unknown> = { ...now }
  for (const field of NEW_IN_2) delete then[field]
  expect(upcast({ ...head, type: 'agent.upserted', entity: then })).toEqual({
    ...head,
    v: EVENT_VERSION,
    type: 'agent.upserted',
    entity: now,
  })
})

test('[L10] what version 2 did not change stays as it was', () => {
  const ended = { ...head, type: 'agent.retired', id: 'a' }
  expect(upcast(ended)).toEqual({ ...ended, v: EVENT_VERSION })
})
