// The list's order, its search, its keys and its window.

import { describe, expect, it } from 'vitest'
import { parseFilter } from '../../web/store/agentFilter.ts'
import { countAgents, type ListRow, listRows } from '../../web/store/agentGroups.ts'
import { nearestAgentIndex, nextAgentIndex } from '../../web/store/agentRows.ts'
import { agentOf, smallWorld } from '../helpers/webWorld.ts'

const agentsOf = (world: ReturnType<typeof smallWorld>) => world.filter((entity) => entity.entity === 'agent')
const names = (rows: ListRow[]) =>
  rows.map((row) => (row.type === 'group' ? `# ${row.group} ${row.count}` : row.agent.name))

describe('the list', () => {
  it('tells first who needs somebody, then what failed, then who works, then the rest', () => {
    const groups = names(listRows(agentsOf(smallWorld()), null)).filter((name) => name.startsWith('#'))
    expect(groups).toEqual(['# needs-you 1', '# failed 1', '# working 9', '# rest 3'])
  })

  it('does not say of registered agents that they work, only that they are marked so', () => {
    const agents = [
      agentOf('seen'),
      agentOf('said', { kind: 'registered' }),
      agentOf('busy', { kind: 'registered', status: 'busy' }),
    ]
    expect(names(listRows(agents, null))).toEqual(['# working 1', 'seen', '# marked-active 2', 'busy', 'said'])
    expect(countAgents(agents)).toMatchObject({ working: 1, markedActive: 2 })
    expect(names(listRows(agents, parseFilter('status:marked-active')))).toEqual(['# marked-active 2', 'busy', 'said'])
  })

  it('counts numbers in names as numbers, and puts the ended last', () => {
    const agents = ['coder-10', 'coder-2', 'Coder-1'].map((name) => agentOf(name, { status: 'idle' }))
    agents.push(agentOf('aaa', { status: 'offline' }))
    expect(names(listRows(agents, null))).toEqual(['# rest 4', 'Coder-1', 'coder-2', 'coder-10', 'aaa'])
  })

  it.each([
    ['scout', ['scout', 'scout/1']],
    ['status:needs-you', ['reader']],
    ['status:failed', ['analyst']],
    ['type:tester', ['checker']],
    ['kind:registered', ['planner', 'writer']],
    ['status:working npm', ['builder-1']],
    ['STATUS:failed', ['analyst']],
    ['status:', 14],
    ['nobody', []],
    ['__proto__:x', []],
    ['constructor:x', 14], // not understood, and marked so
  ])('finds by %j', (text, found) => {
    const rows = listRows(agentsOf(smallWorld()), parseFilter(text))
    const agents = rows.flatMap((row) => (row.type === 'agent' ? [row.agent.name] : []))
    if (typeof found === 'number') expect(agents).toHaveLength(found)
    else expect(agents).toEqual(found)
  })

  it('finds all by nothing', () => expect(parseFilter('  ')).toBeNull())

  it('counts the kinds apart', () => {
    expect(countAgents(agentsOf(smallWorld()))).toEqual({
      agents: 14,
      working: 9,
      markedActive: 0,
      needsYou: 1,
      failed: 1,
      stuck: 0,
      idle: 2,
      offline: 1,
      registered: 2,
      observed: 12,
    })
  })

  it('moves by keys from agent to agent, over the headings, and stops at the ends', () => {
    const rows = listRows(agentsOf(smallWorld()), null)
    expect(nextAgentIndex(rows, 1, 'ArrowDown', 10)).toBe(3)
    expect(nextAgentIndex(rows, 3, 'ArrowUp', 10)).toBe(1)
    expect(nextAgentIndex(rows, 1, 'ArrowUp', 10)).toBe(1)
    expect(nextAgentIndex(rows, 1, 'End', 10)).toBe(rows.length - 1)
    expect(nextAgentIndex(rows, 9, 'Home', 10)).toBe(1)
    expect(nextAgentIndex(rows, 1, 'PageDown', 2)).toBe(5)
    expect(nextAgentIndex(rows, 1, 'x', 10)).toBeNull()
    expect(nextAgentIndex([], -1, 'ArrowDown', 10)).toBe(-1)
  })

  it('has somebody near any place, if it has anybody', () => {
    const rows = listRows(agentsOf(smallWorld()), null)
    expect(rows[2]?.type).toBe('group')
    expect([1, 2, 3, 99, -1].map((from) => nearestAgentIndex(rows, from))).toEqual([1, 3, 3, rows.length - 1, 1])
    expect(nearestAgentIndex([], 0)).toBe(-1)
  })
})
