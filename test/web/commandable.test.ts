import { describe, expect, it } from 'vitest'
import type { SourceStatus } from '../../protocol/swarm.ts'
import { isCommandable } from '../../web/store/commandable.ts'
import { type Line, useLine } from '../../web/store/line.ts'
import { liveSource } from '../helpers/webFakeServer.ts'
import { agentOf } from '../helpers/webWorld.ts'

const NOW_MS = 1_000_000
const claudeCode = liveSource({ id: 'hooks', kind: 'claude-code', state: 'receiving' })
const lineWith = (claudeFlow: Partial<SourceStatus>, fields: Partial<Line> = {}): Line => ({
  ...useLine.getState(),
  connection: { state: 'live', at: 0 } as unknown as Line['connection'],
  downSinceMs: null,
  role: 'operator',
  status: {
    type: 'status',
    at: '',
    mode: 'live',
    degraded: [],
    sources: [liveSource(claudeFlow), claudeCode],
    viewers: 1,
  },
  ...fields,
})
const worker = agentOf('builder', { origin: 'claude-flow', sourceId: 'test' })
const lost = { error: 'Nobody answers', code: 'CONNECTION_REFUSED', details: { suggestion: '' } } as const

describe('an agent can be commanded', () => {
  it('by an operator while its own claude-flow is there', () => {
    expect(isCommandable(worker, lineWith({}), NOW_MS)).toBe(true)
    expect(isCommandable(worker, lineWith({ state: 'limited' }), NOW_MS)).toBe(true)
  })

  it.each([
    ['its claude-flow is lost, though Claude Code is live', worker, lineWith({ state: 'waiting', lastError: lost })],
    ['only its files are there', worker, lineWith({ lastError: { ...lost, code: 'CHILD_NOT_FOUND' } })],
    ['its source is not told of', { ...worker, sourceId: 'other' }, lineWith({})],
    ['the user only watches', worker, lineWith({}, { role: 'viewer' })],
    ['the page is cut off', worker, lineWith({}, { downSinceMs: NOW_MS - 5_000 })],
    ['it is none of claude-flow', agentOf('coder', { origin: 'claude-code' }), lineWith({})],
    ['it is invented', { ...worker, mock: true }, lineWith({})],
  ])('not where %s', (_, agent, line) => {
    expect(isCommandable(agent, line, NOW_MS)).toBe(false)
  })
})
