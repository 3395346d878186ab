import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { type ClaudeFlowRecord, type FoundRecord, readAgents3, readRow2 } from '../../protocol/claudeFlow.ts'
import { RevisionedStore, SnapshotAssembly } from '../../protocol/frames.ts'
import { RELAY_METHOD, recordChunk, recordFrame } from '../../protocol/relayWire.ts'
import { RecordState } from '../../relay/state.ts'
import { Subscriber } from '../../relay/subscriber.ts'

const AT = '2026-01-01T00:00:00.000Z'
const LATER = '2026-01-01T00:00:01.000Z'
const agents = (of: Record<string, string>): FoundRecord[] =>
  readAgents3({
    agents: Object.fromEntries(Object.entries(of).map(([id, status]) => [id, { agentType: 'coder', status }])),
  })
const agent2 = (id: string, status = 'active'): FoundRecord => {
  const found = readRow2('agents', JSON.stringify({ id, name: id, type: 'coder', status }))
  if (!found) throw new Error('not a record')
  return found
}

describe('the records', () => {
  test('[R9] only what changed gets a new revision, and one batch is one revision', () => {
    const state = new RecordState('e')
    let told = 0
    state.onChange(() => told++)
    expect(state.replace('f', agents({ a: 'idle', b: 'idle' }), AT)).toBe(true)
    expect(state.replace('f', agents({ a: 'idle', b: 'idle' }), LATER)).toBe(false)
    expect(state.replace('f', agents({ a: 'idle', b: 'busy', c: 'idle' }), LATER)).toBe(true)
    expect([...state.store.values()].map(({ id, rev, at }) => [id, rev, at])).toEqual([
      ['agent/a', 1, AT],
      ['agent/b', 2, LATER],
      ['agent/c', 2, LATER],
    ])
    expect([state.store.seq, told]).toEqual([2, 2])
  })

  test('[R9] what a section no longer holds is gone; other sections keep theirs', () => {
    const state = new RecordState('e')
    state.replace('f', agents({ a: 'idle', b: 'idle' }), AT)
    state.replace('g', agents({ c: 'idle' }), AT)
    state.replace('f', agents({ b: 'idle' }), AT)
    expect([...state.store.values()].map(({ id }) => id)).toEqual(['agent/b', 'agent/c'])
    const changes = state.store.changesSince('e', 2)
    expect(changes).toMatchObject({ frame: { from: 2, to: 3, put: [], del: [{ entity: 'record', id: 'agent/a' }] } })
  })

  test('two generations with the same native id are two records', () => {
    const state = new RecordState('e')
    state.replace('3', agents({ a: 'idle' }), AT)
    state.replace('2', [agent2('a')], AT)
    expect([...state.store.values()].map(({ id, generation }) => [id, generation])).toEqual([
      ['agent/a', 3],
      ['agent/a#2', 2],
    ])
    state.replace('3', [], AT)
    expect([...state.store.values()].map(({ id, nativeId }) => [id, nativeId])).toEqual([['agent/a#2', 'a']])
  })

  test('what moves from one section to another of its generation stays, unchanged', () => {
    const state = new RecordState('e')
    state.replace('memory', [agent2('a'), agent2('b')], AT)
    expect(state.replace('database', [agent2('a')], LATER)).toBe(false)
    state.replace('memory', [], LATER)
    expect([...state.store.values()].map(({ id, rev }) => [id, rev])).toEqual([['agent/a', 1]])
  })

  test('[R9] a delta changes what it names, and nothing else', () => {
    const state = new RecordState('e')
    state.replace('f', agents({ a: 'idle', b: 'idle', c: 'idle' }), AT)
    const gone = (nativeId: string) => ({ kind: 'agent' as const, nativeId, generation: 3 as const })
    const put = agents({ b: 'busy', d: 'idle' })
    expect(state.apply('f', { type: 'delta', put, gone: [gone('a'), gone('never')] }, LATER)).toBe(true)
    expect([...state.store.values()].map(({ id, rev }) => [id, rev]).sort()).toEqual([
      ['agent/b', 2],
      ['agent/c', 1],
      ['agent/d', 2],
    ])
    expect(state.store.changesSince('e', 1)).toMatchObject({ frame: { del: [{ id: 'agent/a' }] } })
    expect(state.apply('f', { type: 'delta', put, gone: [] }, LATER)).toBe(false)
    // The whole of it afterwards is against what the delta left.
    expect(state.replace('f', agents({ b: 'busy', c: 'idle' }), LATER)).toBe(true)
    expect([...state.store.values()].map(({ id }) => id).sort()).toEqual(['agent/b', 'agent/c'])
  })

  test('what two sections hold stays when one lets it go, as the other has it', () => {
    const state = new RecordState('e')
    const ref = { kind: 'agent' as const, nativeId: 'a', generation: 2 as const }
    state.replace('database', [agent2('a'), agent2('b')], AT)
    state.replace('memory', [agent2('a', 'busy')], LATER)
    expect([...state.store.values()].map(({ id, data }) => [id, data])).toMatchObject([
      ['agent/a', { status: 'busy' }],
      ['agent/b', { status: 'active' }],
    ])
    // A delta of the database does not name it, so it cannot be told anew by the next one.
    state.replace('memory', [], LATER)
    expect(state.store.get('record', 'agent/a')).toMatchObject({ rev: 3, data: { status: 'active' } })
    expect(state.apply('database', { type: 'delta', put: [], gone: [ref] }, LATER)).toBe(true)
    expect([...state.store.values()].map(({ id }) => id)).toEqual(['agent/b'])
  })

  test('a record keeps its id when the other generation’s of the same native id goes', () => {
    const state = new RecordState('e')
    const ref = { kind: 'agent' as const, nativeId: 'a', generation: 2 as const }
    state.replace('3', agents({ a: 'idle' }), AT)
    state.replace('2', [agent2('a')], AT)
    state.replace('3', [], AT)
    state.apply('2', { type: 'delta', put: [agent2('a', 'busy')], gone: [] }, AT)
    expect([...state.store.values()].map(({ id }) => id)).toEqual(['agent/a#2'])
    state.apply('2', { type: 'delta', put: [], gone: [ref] }, AT)
    expect(state.store.size).toBe(0)
  })

  test('each start is another epoch', () => {
    expect(new RecordState().store.epoch).not.toBe(new RecordState().store.epoch)
  })
})

/** A subscriber whose socket is drained by hand, and the reader at its other end. */
class Wire {
  readonly sent: { method: string; text: string; params: unknown }[] = []
  readonly reader = new RevisionedStore<ClaudeFlowRecord>('')
  readonly subscriber: Subscriber
  #assembly = new SnapshotAssembly<ClaudeFlowRecord>()
  #waiting: (() => void)[] = []
  #isFree = true
  #read = 0

  constructor(state: RecordState, at: { epoch: string | null; rev: number } = { epoch: null, rev: 0 }) {
    const edge = {
      sendPaced: (text: string) => {
        const { method, params } = JSON.parse(text)
        this.sent.push({ method, text, params })
        this.#isFree = false
      },
      onceDrained: (action: () => void) => {
        if (this.#isFree) action()
        else this.#waiting.push(action)
      },
    }
    this.subscriber = new Subscriber(state.store, edge, at)
    state.onChange(() => this.subscriber.pump())
    this.subscriber.pump()
  }

  drain(): void {
    this.#isFree = true
    for (const action of this.#waiting.splice(0)) action()
  }

  drainAll(): void {
    while (!this.#isFree || this.#waiting.length > 0) this.drain()
  }

  /** Applies what came in since the last call. */
  read(): void {
    for (const { method, params } of this.sent.slice(this.#read)) {
      if (method === RELAY_METHOD.SNAPSHOT) {
        const result = this.#assembly.add(recordChunk.parse(params))
        expect(result).not.toBe('broken')
        if (typeof result === 'object') this.reader.load(result)
      } else {
        expect(this.reader.apply(recordFrame.parse(params))).toBe('applied')
      }
    }
    this.#read = this.sent.length
  }

  get ids(): string[] {
    return [...this.reader.values()].map(({ id }) => id).sort()
  }
}

describe('a subscriber', () => {
  test('[R5] gets a snapshot, then frames', () => {
    const state = new RecordState('e')
    state.replace('f', agents({ a: 'idle' }), AT)
    const wire = new Wire(state)
    wire.drainAll()
    state.replace('f', agents({ a: 'busy' }), AT)
    wire.drainAll()
    expect(wire.sent.map(({ method, params }) => [method, params])).toMatchObject([
      ['swarmscope/snapshot', { epoch: 'e', seq: 1, index: 0, last: true, put: [{ id: 'agent/a', rev: 1 }] }],
      ['swarmscope/frame', { epoch: 'e', from: 1, to: 2, put: [{ id: 'agent/a', rev: 2 }], del: [] }],
    ])
  })

  test('[R4] resumes from where it is, with nothing if nothing happened', () => {
    const state = new RecordState('e')
    state.replace('f', agents({ a: 'idle' }), AT)
    expect(new Wire(state, { epoch: 'e', rev: 1 }).sent).toEqual([])
    state.replace('f', agents({ b: 'idle' }), AT)
    const wire = new Wire(state, { epoch: 'e', rev: 1 })
    expect(wire.sent.map(({ params }) => params)).toMatchObject([
      { from: 1, to: 2, put: [{ id: 'agent/b' }], del: [{ id: 'agent/a' }] },
    ])
  })

  test.each([
    ['of another epoch', { epoch: 'old', rev: 1 }],
    ['from the future', { epoch: 'e', rev: 99 }],
  ])('%s gets a snapshot', (_name, at) => {
    const state = new RecordState('e')
    state.replace('f', agents({ a: 'idle' }), AT)
    expect(new Wire(state, at).sent.map(({ method }) => method)).toEqual(['swarmscope/snapshot'])
  })

  test('[R6] that is slow gets one frame for all that happened meanwhile', () => {
    const state = new RecordState('e')
    const wire = new Wire(state)
    for (const status of ['idle', 'busy', 'active', 'idle']) state.replace('f', agents({ a: status, b: 'idle' }), AT)
    state.replace('f', agents({ b: 'idle' }), AT)
    expect(wire.sent).toHaveLength(1)
    wire.drainAll()
    expect(wire.sent).toHaveLength(2)
    expect(wire.sent[1]?.params).toMatchObject({
      from: 0,
      to: 5,
      put: [{ id: 'agent/b', rev: 1 }],
      del: [{ id: 'agent/a' }],
    })
  })

  test('gets a large snapshot in chunks, the next when the socket has drained, and then what changed meanwhile', () => {
    const state = new RecordState('e')
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`agent-${index}`, 'idle']))
    state.replace('f', agents(many), AT)
    const wire = new Wire(state)
    expect(wire.sent).toHaveLength(1)
    wire.drain()
    expect(wire.sent).toHaveLength(2)
    state.replace('f', agents({ ...many, 'agent-1': 'busy', extra: 'idle' }), AT)
    wire.drainAll()
    wire.read()
    expect(wire.sent.length).toBeGreaterThan(4)
    expect(Math.max(...wire.sent.map(({ text }) => text.length))).toBeLessThan(300 * 1024)
    expect(wire.sent.at(-1)).toMatchObject({ method: 'swarmscope/frame', params: { from: 1, to: 2 } })
    expect(wire.reader.size).toBe(5_001)
  })

  test('gets a frame that would be too large for one message as a snapshot', () => {
    const state = new RecordState('e')
    const wire = new Wire(state)
    const many = (status: string) =>
      Object.fromEntries(Array.from({ length: 9_000 }, (_, index) => [`a${index}`, status]))
    state.replace('f', agents(many('idle')), AT)
    wire.drainAll()
    wire.read()
    expect(wire.sent.some(({ method }) => method === 'swarmscope/frame')).toBe(false)
    expect(wire.reader.size).toBe(9_000)
    expect(wire.reader.seq).toBe(1)
  })

  test('costs no second encoding of a record that another one was sent', () => {
    const state = new RecordState('e')
    state.replace('f', agents(Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`a${n}`, 'idle']))), AT)
    const stringify = vi.spyOn(JSON, 'stringify')
    const encodings = () => stringify.mock.calls.filter(([value]) => value?.entity === 'record').length
    const first = new Wire(state)
    first.drainAll()
    expect(encodings()).toBe(3_000)
    const second = new Wire(state)
    second.drainAll()
    state.replace('f', agents({ a1: 'busy' }), AT)
    for (const wire of [first, second]) wire.drainAll()
    expect(encodings()).toBe(3_001)
    stringify.mockRestore()
    expect(second.sent.map(({ text }) => text)).toEqual(first.sent.map(({ text }) => text))
    for (const { text } of first.sent) expect(JSON.stringify(JSON.parse(text))).toBe(text)
  })

  test('that is closed is sent nothing more', () => {
    const state = new RecordState('e')
    const wire = new Wire(state)
    wire.subscriber.close()
    wire.drainAll()
    state.replace('f', agents({ a: 'idle' }), AT)
    expect(wire.sent).toHaveLength(1)
  })

  test('[R4] knows in the end what the relay knows, whenever it reads and reconnects', () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('write' as const),
        section: fc.constantFrom('f', 'g'),
        ids: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd')),
        status: fc.constantFrom('idle', 'busy'),
      }),
      fc.record({ do: fc.constant('drain' as const) }),
      fc.record({ do: fc.constant('reconnect' as const) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const state = new RecordState('e')
        let wire = new Wire(state)
        for (const one of steps) {
          if (one.do === 'write') {
            const of = Object.fromEntries(one.ids.map((id) => [`${one.section}-${id}`, one.status]))
            state.replace(one.section, agents(of), AT)
          } else if (one.do === 'drain') {
            wire.drain()
          } else {
            wire.read()
            wire.subscriber.close()
            const { reader } = wire
            wire = new Wire(state, { epoch: reader.epoch || null, rev: reader.seq })
            wire.reader.load(reader.snapshot())
          }
          wire.read()
        }
        wire.drainAll()
        wire.read()
        expect([...wire.reader.values()].sort(byId)).toEqual([...state.store.values()].sort(byId))
        expect(wire.reader.seq).toBe(state.store.seq)
      }),
    )
  })
})

const byId = (a: ClaudeFlowRecord, b: ClaudeFlowRecord): number => (a.id < b.id ? -1 : 1)
