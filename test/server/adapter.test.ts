import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import type { Generation } from '../../protocol/claudeFlow.ts'
import { type Adapter, adapterOf, type ToolCall } from '../../server/sources/claudeFlow/adapter.ts'

/** What the real program said of its tools. */
function recordedTools(version: string): Map<string, { properties?: Record<string, unknown> }> {
  const lines = readFileSync(new URL(`../fixtures/claude-flow-${version}.jsonl`, import.meta.url), 'utf8').split('\n')
  for (const line of lines) {
    if (!line.includes('"inputSchema"')) continue
    const { msg } = JSON.parse(line) as { msg: { result: { tools: { name: string; inputSchema: object }[] } } }
    return new Map(msg.result.tools.map(({ name, inputSchema }) => [name, inputSchema]))
  }
  throw new Error(`no tools/list of ${version}`)
}

const SWARM = { topology: 'star', maxAgents: 5, strategy: 'balanced' }
const AGENT = { agentType: 'coder', name: 'Builder', swarmId: 'swarm-1', task: 'Add a login page' }
const TASK = { description: 'Add a login page', type: 'feature', priority: 'normal', assignTo: [] } as const

const ORDERS: [name: string, order: (adapter: Adapter) => ToolCall | null][] = [
  ['a swarm', (to) => to.initSwarm(SWARM)],
  ['a swarm of a topology that is not known', (to) => to.initSwarm({ ...SWARM, topology: 'torus' })],
  ['an agent', (to) => to.spawnAgent(AGENT)],
  ['an agent with nothing but a type', (to) => to.spawnAgent({ ...AGENT, name: null, swarmId: null, task: null })],
  ['the end of an agent', (to) => to.terminateAgent('a')],
  ['an agent that changes', (to) => to.updateAgent('a', { status: 'busy', health: 0.5 })],
  ['a task', (to) => to.createTask(TASK)],
  ['a task for somebody', (to) => to.createTask({ ...TASK, assignTo: ['a'] })],
  ['an assignment', (to) => to.assignTask('t', ['a', 'b'])],
  ['the end of a task', (to) => to.cancelTask('t')],
  ['a task that goes on', (to) => to.updateTask('t', { status: 'in_progress', progress: 0.25 })],
]

describe.each([
  ['2.7.47', 2],
  ['3.43.0', 3],
] as [string, Generation][])(
  "what is asked of claude-flow %s is lawful by its own tools' schemas",
  (version, generation) => {
    const tools = recordedTools(version)
    it.each(ORDERS)('%s', (_, order) => {
      const call = order(adapterOf(generation))
      if (call === null) return
      const schema = tools.get(call.tool)
      expect(schema, call.tool).toBeDefined()
      const check = new Ajv({ strict: false }).compile(schema ?? {})
      expect(check(call.args), JSON.stringify(check.errors)).toBe(true)
      // What a tool does not name it leaves out without a word.
      expect(Object.keys(schema?.properties ?? {})).toEqual(expect.arrayContaining(Object.keys(call.args)))
    })
  },
)

describe('what 2.x cannot do', () => {
  it('is not asked of it, and it has indeed no tool for it', () => {
    const tools = recordedTools('2.7.47')
    const to = adapterOf(2)
    const none = [
      to.terminateAgent('a'),
      to.updateAgent('a', {}),
      to.assignTask('t', []),
      to.cancelTask('t'),
      to.updateTask('t', {}),
    ]
    expect(none).toEqual([null, null, null, null, null])
    for (const tool of ['agent_terminate', 'agent_update', 'task_assign', 'task_cancel', 'task_update']) {
      expect(tools.has(tool), tool).toBe(false)
    }
  })

  it("includes a task that is somebody's from the start", () => {
    expect(adapterOf(2).createTask({ ...TASK, assignTo: ['a'] })).toBeNull()
  })
})

describe('the two generations', () => {
  it('get the same order in their own words', () => {
    expect(adapterOf(2).spawnAgent(AGENT)).toEqual({
      tool: 'agent_spawn',
      args: { type: 'coder', name: 'Builder', swarmId: 'swarm-1' },
    })
    expect(adapterOf(3).spawnAgent(AGENT)).toEqual({
      tool: 'agent_spawn',
      args: { agentType: 'coder', agentId: 'Builder', swarmId: 'swarm-1', task: 'Add a login page' },
    })
    expect(adapterOf(2).createTask(TASK)?.args).toEqual({ task: 'Add a login page', priority: 'medium' })
    expect(adapterOf(3).updateTask('t', { progress: 0.25 })?.args).toEqual({ taskId: 't', progress: 25 })
  })
})
