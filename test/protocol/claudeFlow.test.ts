// On recordings of the real claude-flow 2.7.47 and 3.43.0.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  claudeFlowRecord,
  type FoundRecord,
  generationOf,
  MAX_ID_LENGTH,
  type RecordKind,
  type RecordOf,
  readAgentList2,
  readAgentList3,
  readAgents3,
  readHive3,
  readRow2,
  readSwarms3,
  readTasks3,
  recordId,
  toolAnswer,
} from '../../protocol/claudeFlow.ts'
import { initializeResult, jsonRpcMessage } from '../../protocol/mcp.ts'
import { rows2 } from '../helpers/recordings.ts'
import { HOSTILE_IDS, TIME } from './samples.ts'

const fixture = (path: string) => new URL(`../fixtures/${path}`, import.meta.url)
const store3 = (path: string): unknown => JSON.parse(readFileSync(fixture(`claude-flow-3.43.0-files/${path}`), 'utf8'))

interface Recorded {
  dir: 'in' | 'out' | 'exit'
  msg: { id?: number; method?: string; params?: { name?: string; arguments?: unknown }; result?: unknown }
}
const transcript = (version: string): Recorded[] =>
  readFileSync(fixture(`claude-flow-${version}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Recorded)

/** The answers to all calls of a tool, in order. */
function answers(version: string, tool: string): unknown[] {
  const lines = transcript(version)
  const ids = lines.filter(({ dir, msg }) => dir === 'in' && msg.params?.name === tool).map(({ msg }) => msg.id)
  return ids.map((id) => toolAnswer(lines.find(({ dir, msg }) => dir === 'out' && msg.id === id)?.msg.result))
}

const asRecord = (found: FoundRecord) => ({
  entity: 'record',
  id: recordId(found.kind, found.nativeId),
  rev: 1,
  at: TIME,
  ...found,
})
const dataOf = <K extends RecordKind>(
  records: readonly FoundRecord[],
  kind: K,
  nativeId: string,
): RecordOf<K>['data'] => {
  const found = records.find((record) => record.kind === kind && record.nativeId === nativeId)
  if (!found) throw new Error(`no ${kind} ${nativeId}`)
  return found.data as RecordOf<K>['data']
}

describe("claude-flow 3's files", () => {
  const agents = readAgents3(store3('agents/store.json'))

  it('[R7] agents are read with their own spelling', () => {
    expect(agents.map(({ nativeId }) => nativeId)).toEqual([
      'queen',
      'scout',
      'builder-1',
      'builder-2',
      'checker',
      'reader',
      'planner',
      'analyst',
    ])
    expect(dataOf(agents, 'agent', 'builder-2')).toEqual({
      name: 'builder-2',
      type: 'coder',
      status: 'busy',
      health: 1,
      taskCount: 0,
      currentTask: null,
      model: 'sonnet',
      capabilities: null,
      swarm: null,
      createdAt: '2026-11-23T21:07:25.181Z',
    })
    expect(dataOf(agents, 'agent', 'reader').status).toBe('terminated')
  })

  it('[R7] tasks are read', () => {
    const tasks = readTasks3(store3('tasks/store.json'))
    expect(dataOf(tasks, 'task', 'task-1795468045251-vix8yt')).toEqual({
      type: 'feature',
      description: 'Add a login page',
      priority: 'high',
      status: 'completed',
      progress: 100,
      assignedTo: ['builder-1', 'checker'],
      swarm: null,
      createdAt: '2026-11-23T21:07:25.251Z',
      startedAt: '2026-11-23T21:07:25.254Z',
      completedAt: '2026-11-23T21:07:25.309Z',
    })
  })

  it('[R7] swarms are read', () => {
    const swarms = readSwarms3(store3('swarm/swarm-state.json'))
    expect(dataOf(swarms, 'swarm', 'swarm-1795468045125-qsutfn')).toMatchObject({
      topology: 'hierarchical',
      strategy: 'specialized',
      maxAgents: 12,
      status: 'terminated',
      updatedAt: '2026-11-23T21:07:25.322Z',
    })
    expect(dataOf(swarms, 'swarm', 'swarm-1795468045125-qsutfn').agents).toHaveLength(8)
  })

  it('[R7] the hive is read, and its token is not', () => {
    const state = store3('hive-mind/state.json') as Record<string, unknown>
    const hive = readHive3({
      ...state,
      hiveToken: 'very-secret',
      queen: { agentId: 'queen', hiveToken: 'very-secret' },
    })
    expect(hive).toHaveLength(1)
    expect(dataOf(hive, 'hive', 'hive')).toMatchObject({ topology: 'hierarchical', queen: 'queen', workers: [] })
    expect(JSON.stringify(hive)).not.toMatch(/secret|hiveToken/i)
  })

  it('[R7] a hive that was shut down is none; workers may be named or described', () => {
    expect(readHive3({ initialized: false })).toEqual([])
    expect(dataOf(readHive3({ initialized: true, workers: ['a', { agentId: 'b' }] }), 'hive', 'hive').workers).toEqual([
      'a',
      'b',
    ])
  })

  it('agent_list says the same as the file, as far as it says anything', () => {
    const list = readAgentList3(answers('3.43.0', 'agent_list')[1])
    expect(list?.map(({ nativeId }) => nativeId)).toEqual(agents.map(({ nativeId }) => nativeId))
    expect(readAgentList3(answers('3.43.0', 'agent_list')[0])).toEqual([])
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a list', []],
    ['text', 'x'],
    ['no agents', { version: '3.0.0' }],
    ['agents as a list', { agents: [{ agentId: 'a' }] }],
    ['agents that are none', { agents: { a: null, b: 7, c: 'x', d: [], '': {} } }],
  ])('[R9] %s holds no records', (_, store) => {
    for (const read of [readAgents3, readTasks3, readSwarms3, readHive3]) expect(read(store)).toEqual([])
  })

  it('[R8] a field of the wrong type does not cost the record', () => {
    const [agent] = readAgents3({
      agents: {
        a: { agentType: 7, status: null, health: 'good', taskCount: {}, createdAt: 'soon', currentTask: ['x'] },
      },
    })
    expect(agent?.data).toEqual({
      name: 'a',
      type: null,
      status: null,
      health: null,
      taskCount: null,
      currentTask: null,
      model: null,
      capabilities: null,
      swarm: null,
      createdAt: null,
    })
  })

  it('[R8] text is redacted and cut', () => {
    const [agent] = readAgents3({ agents: { a: { currentTask: `use sk-ant-0123456789 ${'x'.repeat(2_000)}` } } })
    const currentTask = (agent?.data as RecordOf<'agent'>['data'] | undefined)?.currentTask
    expect(currentTask).toMatch(/^use \[redacted\] x+…$/)
    expect(currentTask).toHaveLength(500)
  })

  it('[F9] hostile ids are ids', () => {
    const ids = HOSTILE_IDS.filter((id) => id !== '')
    const store = JSON.parse(
      `{"agents": {${ids.map((id) => `${JSON.stringify(id)}: {"agentType": "coder"}`).join(',')}}}`,
    )
    expect(readAgents3(store).map(({ nativeId }) => nativeId)).toEqual(ids)
    expect(readAgents3({ agents: { ['i'.repeat(1_000)]: {} } })[0]?.nativeId).toHaveLength(MAX_ID_LENGTH)
  })
})

describe("claude-flow 2's database", () => {
  const rows = rows2()
  const records = rows.map(({ namespace, value }) => readRow2(namespace, value)).filter((record) => record !== null)

  it('[R7] holds eleven agents, one task and one swarm', () => {
    const count = (kind: RecordKind) => records.filter((record) => record.kind === kind).length
    expect([count('agent'), count('task'), count('swarm'), count('hive')]).toEqual([11, 1, 1, 0])
    expect(records).toHaveLength(rows.length - 1)
    expect(records.every(({ generation }) => generation === 2)).toBe(true)
  })

  it('[R7] agents are read out of JSON within JSON', () => {
    expect(dataOf(records, 'agent', 'agent_1795469082038_dcqem5')).toEqual({
      name: 'Queen',
      type: 'task-orchestrator',
      status: 'active',
      health: null,
      taskCount: null,
      currentTask: null,
      model: null,
      capabilities: ['planning', 'coordinator'],
      swarm: 'swarm_1795469082033_efedr0ajt',
      createdAt: '2026-11-23T21:24:42.038Z',
    })
  })

  it('[R7] the task and the swarm are read', () => {
    expect(dataOf(records, 'task', 'task_1795469082225_f6g5vn3ax')).toMatchObject({
      description: 'Add a login page',
      priority: 'high',
      status: 'pending',
      swarm: 'swarm_1795469082033_efedr0ajt',
      assignedTo: [],
      createdAt: '2026-11-23T21:24:42.225Z',
    })
    expect(dataOf(records, 'swarm', 'swarm_1795469082033_efedr0ajt')).toMatchObject({
      topology: 'hierarchical',
      strategy: 'adaptive',
      maxAgents: 12,
    })
  })

  it.each(['', 'null', '[]', '"swarm_1"', 'swarm_1', '{', '{}', '{"id": null}', '{"id": ""}'])(
    '[R9] %j is no record',
    (value) => {
      for (const namespace of ['agents', 'tasks', 'swarms', 'system']) expect(readRow2(namespace, value)).toBeNull()
    },
  )

  it('[R8] broken inner JSON does not cost the record', () => {
    const broken = readRow2('agents', '{"id": "a", "metadata": "{", "capabilities": "[1"}')
    expect(broken?.data).toMatchObject({ capabilities: null, createdAt: null })
  })
})

describe("claude-flow 2's agent_list", () => {
  const [invented, ...real] = answers('2.7.47', 'agent_list').map(readAgentList2)

  it('[R10] the three agents that it invents are told as such, and are no records', () => {
    expect(invented).toEqual({ swarm: 'mock-swarm', agents: [], invented: true })
  })

  it('[R10] under the id of a real swarm, too', () => {
    const answer = answers('2.7.47', 'agent_list')[0] as Record<string, unknown>
    expect(readAgentList2({ ...answer, swarmId: 'swarm_1795468044762_nqbdlmk7f' })).toMatchObject({
      agents: [],
      invented: true,
    })
  })

  it('[R10] whatever stands under mock-swarm is invented', () => {
    expect(readAgentList2({ swarmId: 'mock-swarm', agents: [{ id: 'agent_1', name: 'Queen' }] })).toMatchObject({
      agents: [],
      invented: true,
    })
  })

  it('[R7] real agents are records', () => {
    expect(real.map((list) => [list?.invented, list?.agents.length])).toEqual([
      [false, 10],
      [false, 10],
      [false, 11],
    ])
    expect(dataOf(real[0]?.agents ?? [], 'agent', 'agent_1795468044763_wogfxg')).toMatchObject({
      name: 'Queen',
      type: 'task-orchestrator',
      swarm: 'swarm_1795468044762_nqbdlmk7f',
      createdAt: '2026-11-23T21:07:24.763Z',
    })
  })

  it('[R10] one real agent beside them, or one without a name, is real', () => {
    const list = (agents: unknown[]) => readAgentList2({ swarmId: 's', agents })
    expect(list([{ id: 'agent_1', swarmId: 's' }])).toMatchObject({
      invented: false,
      agents: [{ nativeId: 'agent_1' }],
    })
    expect(
      list([
        { id: 'agent-1', name: 'coordinator-1' },
        { id: 'agent_1', name: 'Queen' },
      ])?.invented,
    ).toBe(false)
    expect(list([{ id: 'agent-1', name: 'my own' }])?.invented).toBe(false)
    expect(list([])).toEqual({ swarm: 's', agents: [], invented: false })
  })

  it.each([null, 'x', [], {}, { agents: [] }, { swarmId: 's' }, { swarmId: 7, agents: [] }])(
    '%j is no such answer',
    (answer) => {
      expect(readAgentList2(answer)).toBeNull()
    },
  )
})

describe('on the wire', () => {
  it.each(['2.7.47', '3.43.0'])('all that %s said is JSON-RPC', (version) => {
    const said = transcript(version).filter(({ dir }) => dir === 'out')
    expect(said.length).toBeGreaterThan(20)
    for (const { msg } of said) expect(jsonRpcMessage.parse(msg)).toEqual(msg)
  })

  it.each([
    ['2.7.47', 2],
    ['3.43.0', 3],
  ])('initialize tells that %s is generation %i', (version, generation) => {
    const result = transcript(version).find(({ dir, msg }) => dir === 'out' && msg.id === 1)?.msg.result
    expect(generationOf(initializeResult.parse(result).serverInfo)).toBe(generation)
  })

  it('another MCP server is neither', () => {
    expect(generationOf({ name: 'filesystem', version: '2.0.0' })).toBeNull()
  })

  it('[R7] every record that is read is one that may be sent, and comes out the same', () => {
    const records = [
      ...readAgents3(store3('agents/store.json')),
      ...readTasks3(store3('tasks/store.json')),
      ...readSwarms3(store3('swarm/swarm-state.json')),
      ...readHive3(store3('hive-mind/state.json')),
      ...(readAgentList2(answers('2.7.47', 'agent_list')[1])?.agents ?? []),
    ]
    expect(records.length).toBeGreaterThan(20)
    for (const record of records) expect(claudeFlowRecord.parse(asRecord(record))).toEqual(asRecord(record))
  })

  it.each([
    ['nothing', undefined],
    ['no content', {}],
    ['empty content', { content: [] }],
    ['an image', { content: [{ type: 'image', data: 'x' }] }],
    ['text that is no JSON', { content: [{ type: 'text', text: 'done' }] }],
  ])('a tool that answers with %s tells nothing', (_, result) => {
    expect(toolAnswer(result)).toBeNull()
  })
})
