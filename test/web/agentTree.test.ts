// The tree by who spawned whom, the table's orders, and the keys in them.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Agent, Link } from '../../protocol/swarm.ts'
import { parseFilter } from '../../web/store/agentFilter.ts'
import type { AgentListRow } from '../../web/store/agentGroups.ts'
import { compareBy, readSort, SORT_COLUMNS, writeSort } from '../../web/store/agentOrder.ts'
import { rowsOf, treeStep } from '../../web/store/agentRows.ts'
import { ancestorsOf, treeRows } from '../../web/store/agentTree.ts'
import { agentOf, linkOf, smallWorld } from '../helpers/webWorld.ts'

const mapOf = (agents: readonly Agent[]) => new Map(agents.map((agent) => [agent.id, agent]))
const id = (name: string) => `test/${name}`
const world = smallWorld()
const agents = mapOf(world.filter((entity) => entity.entity === 'agent'))
const links = new Map(world.filter((entity) => entity.entity === 'link').map((link) => [link.id, link]))

const tree = (fields: Partial<Parameters<typeof treeRows>[0]> = {}): AgentListRow[] =>
  treeRows({ agents, links: links.values(), filter: null, collapsed: new Set(), ...fields })
const drawn = (rows: AgentListRow[]) =>
  rows.map(
    ({ agent, tree: place }) => `${'  '.repeat(place?.depth ?? 0)}${agent.name}${place?.isPassed ? ' (passed)' : ''}`,
  )

describe('the tree', () => {
  it('has each agent once, under who spawned it, the urgent first among siblings', () => {
    expect(drawn(tree())).toEqual([
      'queen',
      '  reader',
      '  scout',
      '    analyst',
      '    scout/1',
      '    old-hand',
      '  builder-1',
      '    checker',
      '    helper',
      '  builder-2',
      '    builder-2/1',
      '    tuner',
      '  planner',
      '  writer',
    ])
  })

  it('has the family of who waits for a person first, however deep it is; then those of who failed', () => {
    const attention = { reason: 'permission: Bash', since: '2026-11-23T22:00:00.000Z' }
    const many = mapOf([
      agentOf('a', { status: 'active' }),
      agentOf('b', { status: 'idle' }),
      agentOf('b1', { parentId: id('b'), status: 'idle' }),
      agentOf('b2', { parentId: id('b1'), status: 'error' }),
      agentOf('c', { status: 'offline' }),
      agentOf('c1', { parentId: id('c'), status: 'offline' }),
      agentOf('c2', { parentId: id('c1'), status: 'busy', attention }),
    ])
    expect(drawn(tree({ agents: many, links: [] }))).toEqual(['c', '  c1', '    c2', 'b', '  b1', '    b2', 'a'])
  })

  it('shows above a match who leads to it, and marks them as passed', () => {
    expect(drawn(tree({ filter: parseFilter('name:tuner') }))).toEqual([
      'queen (passed)',
      '  builder-2 (passed)',
      '    tuner',
    ])
  })

  it('folds what is below, and says how many', () => {
    const rows = tree({ collapsed: new Set([id('builder-1'), id('scout')]) })
    expect(drawn(rows)).not.toContain('    checker')
    expect(rows.find(({ agent }) => agent.name === 'scout')?.tree).toMatchObject({ childCount: 3, isExpanded: false })
  })

  it('goes by links where no parent was reported, and by the parent where both are', () => {
    const three = mapOf([agentOf('a'), agentOf('b', { parentId: id('a') }), agentOf('c')])
    const rows = treeRows({
      agents: three,
      links: [
        linkOf('inferred', id('b'), id('c')),
        linkOf('spawned', id('c'), id('b')),
        linkOf('message', id('a'), id('c')),
      ],
      filter: null,
      collapsed: new Set(),
    })
    expect(drawn(rows)).toEqual(['a', '  b', '    c'])
  })

  it('takes whoever names a parent that is not there for one without', () => {
    const rows = tree({ agents: mapOf([agentOf('a', { parentId: id('gone') }), agentOf('b', { parentId: id('b') })]) })
    expect(drawn(rows)).toEqual(['a', 'b'])
  })

  it('has everybody exactly once, whoever calls whom their parent [fast-check]', () => {
    const size = 12
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.nat(size)), { minLength: size, maxLength: size }),
        fc.array(fc.tuple(fc.nat(size), fc.nat(size)), { maxLength: 20 }),
        fc.array(fc.nat(size)),
        (parents, pairs, folded) => {
          const many = mapOf(
            parents.map((parent, index) =>
              agentOf(`a${index}`, { parentId: parent === null ? null : id(`a${parent}`) }),
            ),
          )
          const spawned: Link[] = pairs.map(([from, to]) => linkOf('spawned', id(`a${from}`), id(`a${to}`)))
          const input = { agents: many, links: spawned, filter: null }
          const whole = treeRows({ ...input, collapsed: new Set() })
          expect(whole.map(({ agent }) => agent.id).sort()).toEqual([...many.keys()].sort())
          for (const [index, { tree: place }] of whole.entries()) {
            expect(place!.depth).toBeLessThanOrEqual((whole[index - 1]?.tree?.depth ?? -1) + 1)
            expect(place!.position).toBeLessThanOrEqual(place!.siblings)
          }
          const part = treeRows({ ...input, collapsed: new Set(folded.map((at) => id(`a${at}`))) })
          expect(part.length).toBeLessThanOrEqual(whole.length)
        },
      ),
    )
  })

  it('bears a chain of 10,000', () => {
    const chain = Array.from({ length: 10_000 }, (_, index) =>
      agentOf(`a${index}`, { parentId: index === 0 ? null : id(`a${index - 1}`) }),
    )
    expect(tree({ agents: mapOf(chain), links: [] }).at(-1)?.tree?.depth).toBe(9_999)
  })
})

describe('keys in the tree', () => {
  const rows = tree({ collapsed: new Set([id('scout')]) })
  const at = (name: string) => rows.findIndex(({ agent }) => agent.name === name)

  it('lead right into what is open, and open what is shut', () => {
    expect(treeStep(rows, at('queen'), 'ArrowRight')).toEqual({ type: 'go', index: at('reader') })
    expect(treeStep(rows, at('scout'), 'ArrowRight')).toEqual({ type: 'toggle', id: id('scout') })
    expect(treeStep(rows, at('checker'), 'ArrowRight')).toBeNull()
  })

  it('shut what is open to the left, and then lead up', () => {
    expect(treeStep(rows, at('builder-1'), 'ArrowLeft')).toEqual({ type: 'toggle', id: id('builder-1') })
    expect(treeStep(rows, at('checker'), 'ArrowLeft')).toEqual({ type: 'go', index: at('builder-1') })
    expect(treeStep(rows, at('scout'), 'ArrowLeft')).toEqual({ type: 'go', index: at('queen') })
  })

  it('do nothing at the top, nor where there is no tree', () => {
    const shut = tree({ collapsed: new Set([id('queen')]) })
    expect(treeStep(shut, 0, 'ArrowLeft')).toBeNull()
    const flat = rowsOf({ agents, links, filter: null, isTree: false, sort: null, collapsed: new Set() })
    expect(treeStep(flat, 1, 'ArrowRight')).toBeNull()
    expect(treeStep([], -1, 'ArrowLeft')).toBeNull()
  })
})

describe('an order', () => {
  const names = (text: string) => [...agents.values()].sort(compareBy(readSort(text)!)).map((agent) => agent.name)

  it('has by figures the largest first, and what nobody reported last whichever way', () => {
    const unreported = ['helper', 'planner', 'writer']
    expect(names('-cost').slice(0, 2)).toEqual(['queen', 'builder-2'])
    expect(names('cost').slice(0, 2)).toEqual(['old-hand', 'builder-2/1'])
    for (const text of ['cost', '-cost', 'tokens', '-tokens']) expect(names(text).slice(-3)).toEqual(unreported)
  })

  it('counts numbers in names as numbers', () => {
    const many = ['a10', 'a9', 'A1'].map((name) => agentOf(name))
    expect(many.sort(compareBy({ column: 'name', isDescending: false })).map(({ name }) => name)).toEqual([
      'A1',
      'a9',
      'a10',
    ])
  })

  it('has by time in state the longest first when descending', () => {
    const [longest] = names('-since')
    const oldest = [...agents.values()].sort((a, b) => ((a.statusSince ?? '') < (b.statusSince ?? '') ? -1 : 1))[0]
    expect(longest).toBe(oldest?.name)
  })

  it('is the same however the agents come in [fast-check]', () => {
    const all = [...agents.values()]
    fc.assert(
      fc.property(
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.constantFrom(...SORT_COLUMNS),
        fc.boolean(),
        (shuffled, column, isDescending) => {
          const compare = compareBy({ column, isDescending })
          expect([...shuffled].sort(compare)).toEqual([...all].sort(compare))
        },
      ),
    )
  })

  it('is written and read back', () => {
    for (const column of SORT_COLUMNS) {
      for (const isDescending of [true, false]) {
        expect(readSort(writeSort({ column, isDescending }))).toEqual({ column, isDescending })
      }
    }
  })
})

describe('rows', () => {
  it('have who waits for a person first, however they are sorted', () => {
    for (const sort of ['name', '-name', 'tokens', '-cost', '-status']) {
      const [first, ...rest] = rowsOf({
        agents,
        links,
        filter: null,
        isTree: false,
        sort: readSort(sort),
        collapsed: new Set(),
      })
      expect(first).toMatchObject({ agent: { name: 'reader' } })
      expect(rest.map((row) => row.type === 'agent' && row.agent.attention)).toEqual(rest.map(() => null))
    }
  })

  const rowIds = (many: ReadonlyMap<string, Agent>, sort: string) =>
    rowsOf({
      agents: many,
      links: new Map(),
      filter: null,
      isTree: false,
      sort: readSort(sort),
      collapsed: new Set(),
    }).flatMap((row) => (row.type === 'agent' ? [row.agent.id] : []))

  it('are the same whatever was put in order before [fast-check]', () => {
    const statuses = ['idle', 'active', 'error', 'offline'] as const
    const one = fc.record({ name: fc.nat(9), status: fc.constantFrom(...statuses), costUsd: fc.option(fc.nat(3)) })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(one, { maxLength: 12 }), fc.constantFrom('', 'name', '-cost')), { maxLength: 6 }),
        (steps) => {
          for (const [some, sort] of steps) {
            const many = mapOf(some.map(({ name, ...fields }) => agentOf(`a${name}`, fields)))
            const shuffled = new Map([...many].reverse())
            const ids = rowIds(many, sort)
            expect([...ids].sort()).toEqual([...many.keys()].sort())
            rowIds(new Map(), sort === 'name' ? '' : 'name')
            expect(rowIds(shuffled, sort)).toEqual(ids)
          }
        },
      ),
    )
  })
})

describe('who stands above an agent', () => {
  it('is told the nearest first, by links too, and ends in a circle', () => {
    const agents = new Map(
      [agentOf('queen'), agentOf('lead', { parentId: 'test/queen' }), agentOf('worker')].map((agent) => [
        agent.id,
        agent,
      ]),
    )
    const links = [linkOf('spawned', 'test/lead', 'test/worker'), linkOf('spawned', 'test/worker', 'test/queen')]
    expect(ancestorsOf('test/worker', { agents, links: links.slice(0, 1) })).toEqual(['test/lead', 'test/queen'])
    expect(ancestorsOf('test/worker', { agents, links }).length).toBeLessThan(3)
    expect(ancestorsOf('test/nobody', { agents, links })).toEqual([])
  })
})
