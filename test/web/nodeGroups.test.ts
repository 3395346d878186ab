import { describe, expect, it } from 'vitest'
import type { Agent } from '../../protocol/swarm.ts'
import { NodeGroups } from '../../web/scene/nodeGroups.ts'
import { agentOf, taskOf } from '../helpers/webWorld.ts'

function grouped(agents: Agent[], more: ReturnType<typeof taskOf>[] = []) {
  const byId = new Map(agents.map((agent) => [agent.id, agent]))
  const groups = new NodeGroups((id) => byId.get(id))
  return {
    groups,
    update: (nodes: (Agent | null)[] = agents) => groups.update(nodes.length + more.length, [...nodes, ...more]),
  }
}

describe('groups', () => {
  it('are swarms, and sessions of whoever has no swarm; one alone is none', () => {
    const { update } = grouped([
      agentOf('a', { swarmId: 's' }),
      agentOf('b', { swarmId: 's' }),
      agentOf('main'),
      agentOf('main/1', { parentId: 'test/main' }),
      agentOf('main/1/1', { parentId: 'test/main/1' }),
      agentOf('alone'),
    ])
    const [a, b, main, child, grandchild, alone] = update() ?? []
    expect([b, child, grandchild, alone]).toEqual([a, main, main, -1])
    expect(a).not.toBe(main)
  })

  it('have the tasks of their agents', () => {
    const { update } = grouped(
      [agentOf('a', { swarmId: 's' }), agentOf('b', { swarmId: 's' })],
      [taskOf('work', ['test/b'])],
    )
    expect([...(update() ?? [])]).toEqual([0, 0, 0])
  })

  it('keep their number while they live, and are told only when one changed', () => {
    const agents = [agentOf('a', { swarmId: 's' }), agentOf('b', { swarmId: 's' })]
    const later = [agentOf('c', { swarmId: 't' }), agentOf('d', { swarmId: 't' })]
    const { groups, update } = grouped([...agents, ...later])
    update([...agents, ...later])
    expect(update([...agents, ...later])).toBeNull()
    expect([...(update([null, null, ...later]) ?? [])]).toEqual([-1, -1, 1, 1])
    expect(groups.count).toBe(1)
  })

  it('survive a circle of parents', () => {
    const { update } = grouped([agentOf('a', { parentId: 'test/b' }), agentOf('b', { parentId: 'test/a' })])
    expect(update()).toHaveLength(2)
  })
})
