// What the API asks of claude-flow, in the words of each generation (their argument names differ).

import type { Generation } from '../../../protocol/claudeFlow.ts'
import { type ErrorCode, SwarmscopeError } from '../../../protocol/errors.ts'
import type { ClaudeFlowSource } from './claudeFlowSource.ts'

/** What is needed of the source. */
export type ToolCaller = Pick<ClaudeFlowSource, 'generation' | 'ready' | 'callTool'>

export interface SwarmOrder {
  topology: string
  maxAgents: number
  strategy: string
  agentTypes: readonly string[]
  customPrompt: string
}

export interface AgentOrder {
  agentType: string
  name: string | null
  swarmId: string | null
  task: string | null
}

export interface SpawnOutcome {
  type: string
  success: boolean
  agentId: string | null
  error: { error: string; code: string; details: { suggestion: string } } | null
}

/** What 2.x takes; it answers others with success and a swarm of no shape. */
const TOPOLOGIES_2 = new Set(['hierarchical', 'mesh', 'ring', 'star'])

/** After these the remaining agents of an order are not tried. */
const HOPELESS: ReadonlySet<string> = new Set<ErrorCode>(['CHILD_TIMEOUT', 'CONNECTION_LOST', 'CHILD_CRASHED'])

/** The swarm first, then one agent per type; each outcome is told, one that fails does not stop the others. */
export async function initializeSwarm(
  source: ToolCaller,
  order: SwarmOrder,
): Promise<{ swarmId: string | null; agents: SpawnOutcome[] }> {
  const { topology, maxAgents, strategy, customPrompt } = order
  const generation = await known(source)
  const swarm = await source.callTool('swarm_init', {
    topology: generation === 2 && !TOPOLOGIES_2.has(topology) ? 'hierarchical' : topology,
    maxAgents,
    strategy,
  })
  const swarmId = text(swarm.swarmId)
  const agents: SpawnOutcome[] = []
  for (const agentType of order.agentTypes) {
    const before = agents.at(-1)?.error
    // One that hangs will hang for the next type too, half a minute each time.
    const outcome = HOPELESS.has(before?.code ?? '')
      ? { type: agentType, success: false, agentId: null, error: before ?? null }
      : await spawnOne(source, { agentType, name: null, swarmId, task: customPrompt || null })
    agents.push(outcome)
  }
  return { swarmId, agents }
}

/** Resolves to claude-flow's id of the new agent. Rejects with `SwarmscopeError`. */
export async function spawnAgent(source: ToolCaller, order: AgentOrder): Promise<string | null> {
  const generation = await known(source)
  const { agentType, name, swarmId, task } = order
  const answer = await source.callTool('agent_spawn', {
    ...(generation === 2
      ? { type: agentType, name: name ?? agentType }
      : { agentType, ...(name === null ? {} : { agentId: name }), ...(task === null ? {} : { task }) }),
    ...(swarmId === null ? {} : { swarmId }),
  })
  return text(answer.agentId)
}

async function spawnOne(source: ToolCaller, order: AgentOrder): Promise<SpawnOutcome> {
  try {
    return { type: order.agentType, success: true, agentId: await spawnAgent(source, order), error: null }
  } catch (error) {
    if (!(error instanceof SwarmscopeError)) throw error
    const { success: _, ...body } = error.body
    return { type: order.agentType, success: false, agentId: null, error: body }
  }
}

/** Waits for the connection and says which generation is behind it; an unknown server is spoken to as 3.x. */
async function known(source: ToolCaller): Promise<Generation> {
  await source.ready()
  return source.generation ?? 3
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
