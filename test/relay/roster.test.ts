import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { FoundRecord } from '../../protocol/claudeFlow.ts'
import type { Json } from '../../relay/jsonRpc.ts'
import { Roster } from '../../relay/roster.ts'
import { cleanup } from '../helpers/relayFiles.ts'

const result = (answer: object) => ({ content: [{ type: 'text', text: JSON.stringify(answer) }] })
const agent = (id: string, swarmId = 's1') => ({ id, swarmId, name: id, type: 'coder', status: 'active' })
const INVENTED = [
  { id: 'agent-1', name: 'coordinator-1' },
  { id: 'agent-2', name: 'researcher-1' },
  { id: 'agent-3', name: 'coder-1' },
]

let asked: Json[]
let told: string[][]
let errors: unknown[]
/** What the child answers to `agent_list`. */
let lists: (args: Json) => object
let roster: Roster

const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}
const init = (swarmId = 's1') => roster.note('swarm_init', {}, result({ success: true, swarmId, topology: 'mesh' }))

beforeEach(() => {
  vi.useFakeTimers()
  cleanup(() => vi.useRealTimers())
  asked = []
  told = []
  errors = []
  lists = ({ swarmId }) => ({ success: true, swarmId: swarmId ?? 'dynamic', agents: [agent('a')] })
  roster = new Roster(
    {
      listAgents: (args) => {
        asked.push(args)
        return Promise.resolve(result(lists(args)))
      },
      onRecords: (records: readonly FoundRecord[]) =>
        told.push(records.map(({ kind, nativeId }) => `${kind}/${nativeId}`)),
      onError: (error) => errors.push(error),
    },
    30_000,
  )
  roster.setActive(true)
})

describe('the roster of a 2.x process', () => {
  test('asks for a swarm that this process made, after each call that may have changed it', async () => {
    init()
    await settle()
    expect(asked).toEqual([{ swarmId: 's1' }])
    expect(told.at(-1)).toEqual(['swarm/s1', 'agent/a'])
    roster.note('agent_spawn', { swarmId: 's1' }, result({ success: true, agentId: 'b' }))
    await settle()
    expect(asked).toHaveLength(2)
    expect(roster.hasSwarms).toBe(true)
  })

  test('asks nothing before any swarm was made, nor after calls that only read', async () => {
    for (const tool of ['agent_list', 'swarm_status', 'agent_metrics', 'memory_usage', 'echo']) {
      roster.note(tool, {}, result({ success: true, swarmId: 's1' }))
    }
    vi.advanceTimersByTime(120_000)
    await settle()
    expect(asked).toEqual([])
    expect(roster.hasSwarms).toBe(false)
  })

  test('asks again every 30 s, but only while there is a swarm', async () => {
    init()
    await settle()
    vi.advanceTimersByTime(30_000)
    await settle()
    expect(asked).toHaveLength(2)
    roster.clear()
    vi.advanceTimersByTime(120_000)
    await settle()
    expect(asked).toHaveLength(2)
  })

  test('[R10] never takes invented agents for real ones', async () => {
    lists = ({ swarmId }) => ({ success: true, swarmId, agents: INVENTED })
    init()
    await settle()
    expect(told).toEqual([['swarm/s1']])
  })

  test('asks without a swarm for agents that were spawned without one', async () => {
    roster.note('agent_spawn', { type: 'coder' }, result({ success: true, agentId: 'a' }))
    await settle()
    expect(asked).toEqual([{}])
    expect(told.at(-1)).toEqual(['agent/a'])
  })

  test('takes tasks from the answers that made them', async () => {
    init()
    roster.note('task_orchestrate', {}, result({ success: true, taskId: 't1', task: 'x', status: 'pending' }))
    await settle()
    expect(told.at(-1)).toEqual(['swarm/s1', 'agent/a', 'task/t1'])
  })

  test('coalesces a burst into one read that is under way and one more', async () => {
    init()
    for (let call = 0; call < 50; call++) roster.note('agent_spawn', {}, result({ success: true }))
    await settle()
    // Two swarms are asked for: the one that was made, and "no swarm named".
    expect(asked.length).toBeLessThanOrEqual(4)
  })

  test('forgets everything when the process ends, also what is still being answered', async () => {
    let release: (value: unknown) => void = () => undefined
    const late = new Promise((resolve) => {
      release = resolve
    })
    const answers = [late, Promise.resolve(result({ success: true, swarmId: 's2', agents: [agent('b', 's2')] }))]
    roster = new Roster(
      {
        listAgents: () => answers.shift() ?? late,
        onRecords: (records) => told.push(records.map(({ nativeId }) => nativeId)),
        onError: () => undefined,
      },
      30_000,
    )
    roster.setActive(true)
    init('s1')
    roster.clear()
    expect(roster.hasSwarms).toBe(false)
    init('s2')
    release(result({ success: true, swarmId: 's1', agents: [agent('a')] }))
    await settle()
    expect(told).toEqual([[], ['s2', 'b']])
  })

  test('asks nothing where a database holds the truth, and drops what it had', async () => {
    init()
    await settle()
    roster.setActive(false)
    expect(told.at(-1)).toEqual([])
    init()
    await settle()
    expect(asked).toHaveLength(1)
  })

  test('a failed call is told, and what was known stays', async () => {
    init()
    await settle()
    lists = () => {
      throw new Error('no')
    }
    roster.note('agent_spawn', { swarmId: 's1' }, result({ success: true }))
    await settle()
    expect(errors).toHaveLength(1)
    expect(told.at(-1)).toEqual(['swarm/s1', 'agent/a'])
  })

  test('calls that failed, or answered nonsense, change nothing', async () => {
    roster.note('swarm_init', {}, result({ success: false, swarmId: 's1' }))
    roster.note('swarm_init', {}, { content: [{ type: 'text', text: 'not json' }] })
    roster.note('swarm_init', {}, null)
    roster.note('swarm_init', {}, result({ success: true, swarmId: 5 }))
    await settle()
    expect(asked).toEqual([])
  })
})
