import { describe, expect, it } from 'vitest'
import type { Agent } from '../../protocol/swarm.ts'
import type { SwarmChange } from '../../web/store/swarmModel.ts'
import { TurnWatch } from '../../web/store/turns.ts'
import { agentOf, linkOf } from '../helpers/webWorld.ts'

const attention = { reason: 'permission: Bash', since: '2026-11-24T12:00:00Z' }
const put = (...agents: Agent[]): SwarmChange => ({ isReset: false, put: agents, del: [] })
const reset = (...agents: Agent[]): SwarmChange => ({ ...put(...agents), isReset: true })

function watch(...agents: Agent[]) {
  const watched = new TurnWatch()
  const see = (change: SwarmChange, epoch = 'e') =>
    watched
      .see(change, epoch)
      .map((turn) => `${turn.kind === 'conflict' ? turn.link.id : turn.agent.name} ${turn.kind}`)
  expect(see(reset(...agents))).toEqual([])
  return see
}

describe('turns', () => {
  it('are when an agent begins to fail or to wait, once each', () => {
    const see = watch(agentOf('a'))
    expect(see(put(agentOf('a', { status: 'error' })))).toEqual(['a failed'])
    expect(see(put(agentOf('a', { status: 'error', activity: 'still' })))).toEqual([])
    expect(see(put(agentOf('a', { status: 'error', attention })))).toEqual(['a waiting'])
    expect(see(put(agentOf('a')))).toEqual([])
    expect(see(put(agentOf('a', { status: 'error' })))).toEqual(['a failed'])
  })

  it('are when two begin to write the same file, and again only after that was over', () => {
    const see = watch(agentOf('a'), agentOf('b'))
    const conflict = linkOf('conflict', 'test/a', 'test/b')
    const putLink = (): SwarmChange => ({ isReset: false, put: [conflict], del: [] })
    expect(see(putLink())).toEqual([`${conflict.id} conflict`])
    expect(see(putLink())).toEqual([])
    see({ isReset: false, put: [], del: [{ entity: 'link', id: conflict.id }] })
    expect(see(putLink())).toEqual([`${conflict.id} conflict`])
    expect(see({ ...putLink(), isReset: true }, 'another')).toEqual([])
  })

  it('are none for what was so when the page was opened, or in another world', () => {
    const see = watch(agentOf('a', { status: 'error' }))
    expect(see(put(agentOf('a', { status: 'error', name: 'b' })))).toEqual([])
    expect(see(reset(agentOf('m', { status: 'error', attention })), 'another')).toEqual([])
  })

  it('include what came while the line was down, and who ended begins anew', () => {
    const see = watch(agentOf('a'), agentOf('b', { status: 'error' }))
    expect(see(reset(agentOf('a', { status: 'error' })))).toEqual(['a failed'])
    expect(see(reset(agentOf('a', { status: 'error' }), agentOf('b', { status: 'error' })))).toEqual(['b failed'])
    expect(see({ isReset: false, put: [], del: [{ entity: 'agent', id: 'test/a' }] })).toEqual([])
    expect(see(put(agentOf('a', { status: 'error' })))).toEqual(['a failed'])
  })
})
