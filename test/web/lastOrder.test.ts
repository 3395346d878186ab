// The order that is kept while agents change: always the same as if all were sorted anew, with few comparisons.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Agent } from '../../protocol/swarm.ts'
import { urgencyOrder } from '../../web/store/agentGroups.ts'
import { LastOrder } from '../../web/store/lastOrder.ts'
import { agentOf } from '../helpers/webWorld.ts'

const STATUSES = ['idle', 'active', 'error', 'offline'] as const

describe('a kept order', () => {
  it('is the order of a fresh sort, whoever changed, came, went, or is marked [fast-check]', () => {
    const change = { at: fc.nat(39), status: fc.constantFrom(...STATUSES, 'marked'), isGone: fc.boolean() }
    const step = fc.array(fc.record(change), { maxLength: 12 })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const order = new LastOrder()
        const agents = new Map<string, Agent>()
        for (let at = 0; at < 40; at += 2) put(agents, at, 'idle')
        for (const changes of steps) {
          const marked = new Set<string>()
          for (const { at, status, isGone } of changes) {
            const { id } = agentOf(`a${at}`)
            if (isGone) agents.delete(id)
            else if (status === 'marked') marked.add(id)
            else put(agents, at, status)
          }
          const byUrgency = urgencyOrder()
          const compare = (a: Agent, b: Agent) => Number(marked.has(b.id)) - Number(marked.has(a.id)) || byUrgency(a, b)
          expect(order.sorted('urgency', agents, compare, marked)).toEqual([...agents.values()].sort(compare))
        }
      }),
    )
  })

  it('costs few comparisons where few changed, and none where nobody did', () => {
    const agents = new Map<string, Agent>()
    for (let at = 0; at < 10_000; at++) put(agents, at, STATUSES[at % STATUSES.length] ?? 'idle')
    let comparisons = 0
    const byUrgency = urgencyOrder()
    const counting = (a: Agent, b: Agent) => {
      comparisons++
      return byUrgency(a, b)
    }
    const order = new LastOrder()
    order.sorted('urgency', agents, counting)
    comparisons = 0
    order.sorted('urgency', agents, counting)
    expect(comparisons).toBe(0)
    for (let at = 0; at < 10_000; at += 100) put(agents, at, 'error')
    expect(order.sorted('urgency', agents, counting)).toEqual([...agents.values()].sort(urgencyOrder()))
    // A hundred sorted, and each put in its place by halves: a fresh sort takes over 100,000.
    expect(comparisons).toBeLessThan(3_000)
  })

  it('costs one comparison of whoever was replaced by an equal, as by another moment', () => {
    const agents = new Map<string, Agent>()
    const putAll = (activity: string) => {
      for (let at = 0; at < 10_000; at++) put(agents, at, STATUSES[at % STATUSES.length] ?? 'idle', activity)
    }
    putAll('then')
    let comparisons = 0
    const order = new LastOrder()
    const byUrgency = urgencyOrder()
    const counting = (a: Agent, b: Agent) => {
      comparisons++
      return byUrgency(a, b)
    }
    order.sorted('urgency', agents, counting)
    comparisons = 0
    putAll('now')
    expect(order.sorted('urgency', agents, counting)).toEqual([...agents.values()].sort(urgencyOrder()))
    expect(comparisons).toBe(10_000)
  })

  it('is made anew for another order', () => {
    const agents = new Map<string, Agent>()
    for (const at of [1, 2, 3]) put(agents, at, 'idle')
    const order = new LastOrder()
    const byUrgency = urgencyOrder()
    order.sorted('up', agents, byUrgency)
    expect(order.sorted('down', agents, (a, b) => byUrgency(b, a)).map(({ name }) => name)).toEqual(['a3', 'a2', 'a1'])
  })
})

function put(agents: Map<string, Agent>, at: number, status: Agent['status'], activity: string | null = null): void {
  const agent = agentOf(`a${at}`, { status, activity })
  agents.set(agent.id, agent)
}
