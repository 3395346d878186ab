import { describe, expect, it } from 'vitest'
import type { Entity } from '../../protocol/swarm.ts'
import { groupLabels, keyOfGroup } from '../../web/scene/groupLabels.ts'
import { NodeView } from '../../web/scene/nodeView.ts'
import { SwarmGraph } from '../../web/scene/swarmGraph.ts'
import { SwarmModel } from '../../web/store/swarmModel.ts'
import { agentOf, swarmOf, taskOf } from '../helpers/webWorld.ts'

const MEMBERS = ['a', 'b', 'c']
const world: Entity[] = [
  ...MEMBERS.map((name) => agentOf(name, { swarmId: 'test/s' })),
  ...['x', 'y'].map((name) => agentOf(name, { swarmId: 'test/nameless' })),
  ...['z', 'zz'].map((name) => agentOf(name, { swarmId: 'test/u' })),
  agentOf('main'),
  agentOf('main/1', { parentId: 'test/main' }),
  taskOf('work', ['test/a']),
  swarmOf('s', { name: 'checkout' }),
  swarmOf('nameless', { topology: 'mesh' }),
]

/** Each node at a height of its own: the later in the alphabet, the lower in the window. */
function harness() {
  const model = new SwarmModel(() => undefined)
  model.load({ epoch: 'e', seq: 1, put: world })
  const graph = new SwarmGraph(model)
  graph.update()
  const view = new NodeView()
  const place = (name: string, y: number) => view.seen.set([100, y, 6, 20], graph.slotOfAgent(`test/${name}`) * 4)
  for (const [index, { name }] of [...model.agents.values()].entries()) place(name, 100 + 50 * index)
  const slot = (name: string) => graph.slotOfAgent(`test/${name}`)
  const group = (name: string) => keyOfGroup(graph.groupAt(slot(name)))
  return { graph, view, place, slot, group }
}

describe('the names of swarms', () => {
  it('stand above the highest member, say how many agents there are, and name no session', () => {
    const { graph, view, slot, group } = harness()
    const found = groupLabels(
      graph,
      view,
      () => true,
      () => -1,
    )
    // Its task is in the group, and no agent.
    expect(found.map(({ key, slot: at, text }) => [key, at, text.name])).toEqual([
      [group('a'), slot('a'), 'checkout · 3'],
      [group('x'), slot('x'), 'mesh swarm · 2'],
      [group('z'), slot('z'), 'u · 2'],
    ])
    expect(new Set(found.map(({ key }) => key)).size).toBe(3)
    expect(found.every(({ key }) => key < 0)).toBe(true)
  })

  it('go to another member when the highest is not seen, and stay where they stood while that is nearly as high', () => {
    const { graph, view, place, slot, group } = harness()
    const withoutA = groupLabels(
      graph,
      view,
      (at) => at !== slot('a'),
      () => -1,
    )
    expect(withoutA[0]).toMatchObject({ slot: slot('b'), text: { name: 'checkout · 3' } })
    const standing = (key: number) => (key === group('a') ? slot('b') : -1)
    place('b', 110)
    expect(groupLabels(graph, view, () => true, standing)[0]?.slot).toBe(slot('b'))
    place('b', 130)
    expect(groupLabels(graph, view, () => true, standing)[0]?.slot).toBe(slot('a'))
    expect(groupLabels(graph, view, () => false, standing)).toEqual([])
  })
})
