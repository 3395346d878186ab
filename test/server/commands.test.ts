import { describe, expect, it } from 'vitest'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { initializeSwarm, type ToolCaller } from '../../server/sources/claudeFlow/commands.ts'

const ORDER = { topology: 'mesh', maxAgents: 8, strategy: 'adaptive', customPrompt: '' }

/** Answers `swarm_init`, and each spawn by what its type says. */
function claudeFlow(): { source: ToolCaller; spawned: string[] } {
  const spawned: string[] = []
  const source: ToolCaller = {
    generation: 3,
    ready: () => Promise.resolve(),
    callTool: (name, { agentType }) => {
      if (name === 'swarm_init') return Promise.resolve({ swarmId: 'swarm-1' })
      spawned.push(String(agentType))
      if (agentType === 'hangs') return Promise.reject(new SwarmscopeError('CHILD_TIMEOUT'))
      if (agentType === 'refused') return Promise.reject(new SwarmscopeError('TOOL_FAILED'))
      return Promise.resolve({ agentId: `${agentType}-1` })
    },
  }
  return { source, spawned }
}

describe('initializing a swarm', () => {
  it('tells the outcome of each agent, and goes on after one that was refused', async () => {
    const { source } = claudeFlow()
    const { swarmId, agents } = await initializeSwarm(source, { ...ORDER, agentTypes: ['coder', 'refused', 'tester'] })
    expect(swarmId).toBe('swarm-1')
    expect(agents.map(({ type, success, agentId, error }) => [type, success, agentId, error?.code])).toEqual([
      ['coder', true, 'coder-1', undefined],
      ['refused', false, null, 'TOOL_FAILED'],
      ['tester', true, 'tester-1', undefined],
    ])
  })

  it('does not ask a claude-flow that hangs for the rest, and says so of each', async () => {
    const { source, spawned } = claudeFlow()
    const { agents } = await initializeSwarm(source, { ...ORDER, agentTypes: ['coder', 'hangs', 'tester', 'coder'] })
    expect(spawned).toEqual(['coder', 'hangs'])
    expect(agents.map(({ success, error }) => [success, error?.code])).toEqual([
      [true, undefined],
      [false, 'CHILD_TIMEOUT'],
      [false, 'CHILD_TIMEOUT'],
      [false, 'CHILD_TIMEOUT'],
    ])
  })
})
