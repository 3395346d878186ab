// What the panels say and offer follows from what the page knows, and is what the page says.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { SourceStatus } from '../../protocol/swarm.ts'
import { useBudget } from '../../web/store/budget.ts'
import { useLine } from '../../web/store/line.ts'
import { partCame, partIsMissing } from '../../web/store/missingParts.ts'
import { boardInput } from '../../web/xr/boardState.ts'

const PLAIN = {
  isDetailOpen: false,
  askingId: null,
  note: '',
  isSeated: false,
  isGoing: false,
  isGliding: false,
} as const
const now = () => boardInput(PLAIN)
const lost: SourceStatus = {
  id: 'relay',
  kind: 'claude-flow',
  state: 'waiting',
  url: 'ws://127.0.0.1:3000/ws',
  since: new Date().toISOString(),
  attempt: 1,
  retryAt: new Date(Date.now() + 8_000).toISOString(),
  lastError: {
    error: 'The relay does not answer',
    code: 'RELAY_UNREACHABLE',
    details: { suggestion: 'Start it with npm run relay.' },
  },
  counts: null,
}
const part = () => undefined

function say(mode: 'live' | 'stale', role: 'viewer' | 'operator', sources: SourceStatus[] = []): void {
  useLine.setState({
    connection: { state: 'live', since: 0, failures: 0 },
    downSinceMs: null,
    status: { type: 'status', mode, degraded: [], sources, viewers: 1, at: new Date().toISOString() },
    role,
    serverVersion: 'test',
  })
}

const before = useLine.getState()
beforeEach(() => vi.stubGlobal('__VERSION__', 'test'))
afterEach(() => {
  vi.unstubAllGlobals()
  useLine.setState(before, true)
  useBudget.setState({ budget: null })
  partCame(part)
})

describe('in there', () => {
  test.each([
    ['operator', [lost], true],
    ['viewer', [lost], false],
    ['operator', [], true],
    ['viewer', [], false],
  ] as const)('retry is offered to an %s while %j is lost: %#', (role, sources, canRetry) => {
    say('stale', role, [...sources])
    expect(now().canRetry).toBe(canRetry)
  })

  test('retry is offered to nobody while nothing is down, and to everybody for the own line', () => {
    say('live', 'operator')
    expect(now()).toMatchObject({ banner: null, canRetry: false })
    say('live', 'viewer')
    useLine.setState({
      connection: {
        state: 'waiting',
        since: 0,
        failures: 1,
        retryAt: Date.now() + 1_000,
        lastError: { error: 'lost', code: 'SERVER_UNREACHABLE', details: { suggestion: '' } },
      },
      downSinceMs: 0,
    })
    expect(now().canRetry).toBe(true)
  })

  test('a budget that is spent and a part that did not come hang above, alone or after what is worse', () => {
    say('live', 'operator')
    useBudget.setState({ budget: { level: 'exceeded', limitUsd: 5, spentUsd: 6 } })
    expect(now().banner).toMatchObject({ sentence: expect.stringContaining('budget'), tone: 'lost' })
    expect(now().banner?.sentence).toContain('reported so far')
    partIsMissing(part)
    expect(now().banner?.figures).toContain('could not be loaded')
    say('stale', 'operator', [lost])
    expect(now().banner).toMatchObject({ badges: [{ word: 'STALE' }], sentence: 'The relay does not answer.' })
    expect(now().banner?.figures).toMatch(/budget .*could not be loaded/)
    useBudget.setState({ budget: null })
    say('live', 'operator')
    expect(now().banner?.sentence).toContain('could not be loaded')
  })
})
