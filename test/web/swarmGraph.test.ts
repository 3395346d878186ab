import { describe, expect, it } from 'vitest'
import type { Entity } from '../../protocol/swarm.ts'
import { SwarmGraph } from '../../web/scene/swarmGraph.ts'
import { SwarmModel } from '../../web/store/swarmModel.ts'
import { agentOf, linkOf, smallWorld, taskOf } from '../helpers/webWorld.ts'

function harness(put: Entity[]) {
  const model = new SwarmModel(() => undefined)
  const graph = new SwarmGraph(model)
  model.onChange((change) => graph.note(change))
  let seq = 1
  model.load({ epoch: 'e', seq, put })
  return {
    model,
    graph,
    frame: (changed: Entity[], del: { entity: string; id: string }[] = []) =>
      model.apply({ epoch: 'e', from: seq, to: ++seq, put: changed, del }),
  }
}

describe('the graph', () => {
  it('has a node for each agent and each open task of somebody, and a link where both ends are', () => {
    const { graph } = harness([
      ...smallWorld(),
      taskOf('done', ['test/queen'], { status: 'completed' }),
      taskOf('free', []),
    ])
    const update = graph.update()
    expect(update.added).toHaveLength(15)
    expect(update.links).toHaveLength(17)
    expect(graph.hasPending).toBe(false)
  })

  it('leaves out links to who is not there, and draws them when they come', () => {
    const { graph, frame } = harness([agentOf('a'), linkOf('spawned', 'test/a', 'test/b')])
    expect(graph.update().links).toEqual([])
    frame([agentOf('b', { parentId: 'test/a' })])
    const update = graph.update()
    expect(update.links).toHaveLength(1)
    expect(update.layoutAdd).toMatchObject([{ near: graph.slotOfAgent('test/a') }])
  })

  it('keeps slots when an agent changes, and says that the links did not', () => {
    const { graph, frame } = harness([agentOf('a'), agentOf('b')])
    graph.update()
    const slot = graph.slotOfAgent('test/a')
    frame([agentOf('a', { status: 'idle' })])
    expect(graph.update()).toMatchObject({ added: [], changed: [slot], ended: [], links: null })
  })

  it('is right in the end where many thousands came and went while no frame was drawn', () => {
    const { graph, frame, model } = harness([agentOf('a'), agentOf('b')])
    graph.update()
    const slot = graph.slotOfAgent('test/a')
    for (let n = 0; n < 22; n++) {
      const some = Array.from({ length: 1_000 }, (_, k) => agentOf(`passing-${n}-${k}`))
      frame(some)
      frame([], some)
    }
    frame([agentOf('c'), agentOf('a', { status: 'idle' })], [{ entity: 'agent', id: 'test/b' }])
    const update = graph.update()
    expect([update.added.length, update.changed, update.ended.length]).toEqual([1, [slot], 1])
    expect([graph.slots.size, model.agents.size]).toEqual([2, 2])
  })

  it('gives no ended agent’s slot away before it has faded', () => {
    const { graph, frame } = harness([agentOf('a')])
    graph.update()
    const slot = graph.slotOfAgent('test/a')
    frame([agentOf('b')], [{ entity: 'agent', id: 'test/a' }])
    expect(graph.update().ended).toEqual([slot])
    expect(graph.slotOfAgent('test/b')).not.toBe(slot)
    graph.free(slot)
    frame([agentOf('c')])
    graph.update()
    expect(graph.slotOfAgent('test/c')).toBe(slot)
  })

  it('keeps who is still there when everything is loaded anew', () => {
    const { model, graph } = harness([agentOf('a'), agentOf('b')])
    graph.update()
    const slot = graph.slotOfAgent('test/a')
    const gone = graph.slotOfAgent('test/b')
    model.load({ epoch: 'other', seq: 9, put: [agentOf('a'), agentOf('c')] })
    const update = graph.update()
    expect(graph.slotOfAgent('test/a')).toBe(slot)
    expect(update.ended).toEqual([gone])
    expect(update.added).toEqual([graph.slotOfAgent('test/c')])
  })

  it('says no links where another moment, or what is said again, has the same ones, in whatever order', () => {
    const agents = [agentOf('a'), agentOf('b'), agentOf('c')]
    const links = [linkOf('spawned', 'test/a', 'test/b'), linkOf('message', 'test/b', 'test/c')]
    const { model, graph, frame } = harness([...agents, ...links])
    graph.update()
    model.load({ epoch: 'other', seq: 9, put: [...links].reverse().concat(agents.toReversed() as never[]) })
    expect(graph.update()).toMatchObject({ added: [], ended: [], links: null, groups: null })
    expect(graph.links).toHaveLength(2)
    model.load({ epoch: 'e', seq: 1, put: [...agents, ...links] })
    frame([linkOf('message', 'test/b', 'test/c', { since: new Date().toISOString() })])
    expect(graph.update()).toMatchObject({ links: null, messages: [{ kind: 'message' }] })
    frame([linkOf('message', 'test/c', 'test/b')])
    expect(graph.update().links).toHaveLength(3)
  })

  it('begins with what the model already has', () => {
    const model = new SwarmModel(() => undefined)
    model.load({ epoch: 'e', seq: 1, put: [agentOf('a')] })
    expect(new SwarmGraph(model).update().added).toHaveLength(1)
  })

  it('tells of a message that was seen just now, not of one that was there before or comes late', () => {
    const message = (at: number) => linkOf('message', 'test/a', 'test/b', { since: new Date(at).toISOString() })
    const { graph, frame } = harness([agentOf('a'), agentOf('b'), message(Date.now())])
    expect(graph.update().messages).toEqual([])
    frame([message(Date.now() - 60_000)])
    expect(graph.update().messages).toEqual([])
    frame([message(Date.now())])
    expect(graph.update().messages).toMatchObject([{ source: graph.slotOfAgent('test/a'), kind: 'message' }])
    expect(graph.update().messages).toEqual([])
  })

  it('says the groups when a swarm or a parent changed, and only then', () => {
    const { graph, frame } = harness([agentOf('a', { swarmId: 's' }), agentOf('b')])
    expect([...(graph.update().groups ?? [])]).toEqual([-1, -1])
    frame([agentOf('b', { status: 'idle' })])
    expect(graph.update().groups).toBeNull()
    frame([agentOf('b', { swarmId: 's' })])
    expect([...(graph.update().groups ?? [])]).toEqual([0, 0])
    expect(graph.groupCount).toBe(1)
  })
})
