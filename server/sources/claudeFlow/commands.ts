// What the API asks of claude-flow. Each resolves when claude-flow has said that it is done, and rejects with a
// `SwarmscopeError`; what became of it is seen as everything else is: by the events that follow.

import type { Generation } from '../../../protocol/claudeFlow.ts'
import { type ErrorCode, SwarmscopeError } from '../../../protocol/errors.ts'
import {
  type Adapter,
  type AgentChange,
  type AgentOrder,
  adapterOf,
  type SwarmOrder,
  type TaskChange,
  type TaskOrder,
  TOPOLOGIES_2,
  type ToolCall,
} from './adapter.ts'
import type { ClaudeFlowSource } from './claudeFlowSource.ts'

/** What is needed of the source. */
export type ToolCaller = Pick<ClaudeFlowSource, 'generation' | 'ready' | 'callTool'>

export interface SpawnOutcome {
  type: string
  success: boolean
  agentId: string | null
  error: { error: string; code: string; details: { suggestion: string } } | null
}

/** After these the remaining agents of an order are not tried: what hangs or is gone will be so for the next one too. */
const HOPELESS: ReadonlySet<string> = new Set<ErrorCode>([
  'CHILD_TIMEOUT',
  'CHILD_SILENT',
  'CHILD_CRASHED',
  'CHILD_NOT_FOUND',
  'CONNECTION_LOST',
])
/** For all agents of one order; a claude-flow that takes its time with each would keep the asker for an hour. */
const SPAWNS_TIMEOUT_MS = 60_000

const NO_SUCH_TOOL = 'claude-flow 2.x has nothing for this command: use 3.x'
const NO_SUCH_TOPOLOGY = `claude-flow 2.x knows no topologies but ${TOPOLOGIES_2.join(', ')}: choose one of them, or use 3.x`

export async function initSwarm(source: ToolCaller, order: SwarmOrder): Promise<string | null> {
  const adapter = await known(source)
  return text((await call(source, adapter.initSwarm(order), NO_SUCH_TOPOLOGY)).swarmId)
}

/** The swarm first, then one agent per type; each outcome is told, one that fails does not stop the others. */
export async function initializeSwarm(
  source: ToolCaller,
  { agentTypes, customPrompt, ...order }: SwarmOrder & { agentTypes: readonly string[]; customPrompt: string },
  now: () => number = () => performance.now(),
): Promise<{ swarmId: string | null; agents: SpawnOutcome[] }> {
  const swarmId = await initSwarm(source, order)
  const deadlineMs = now() + SPAWNS_TIMEOUT_MS
  const agents: SpawnOutcome[] = []
  let hopeless: SpawnOutcome['error'] = null
  for (const type of agentTypes) {
    if (!hopeless && now() >= deadlineMs) hopeless = withoutSuccess(new SwarmscopeError('CHILD_TIMEOUT'))
    const outcome: SpawnOutcome = hopeless
      ? { type, success: false, agentId: null, error: hopeless }
      : await spawnOne(source, { agentType: type, name: null, swarmId, task: customPrompt || null })
    if (outcome.error && HOPELESS.has(outcome.error.code)) hopeless = outcome.error
    agents.push(outcome)
  }
  return { swarmId, agents }
}

/** Resolves to claude-flow's id of the new agent. */
export async function spawnAgent(source: ToolCaller, order: AgentOrder): Promise<string | null> {
  const adapter = await known(source)
  return text((await call(source, adapter.spawnAgent(order))).agentId)
}

export async function terminateAgent(source: ToolCaller, agentId: string): Promise<void> {
  const adapter = await known(source)
  await call(source, adapter.terminateAgent(agentId))
}

export async function updateAgent(source: ToolCaller, agentId: string, change: AgentChange): Promise<void> {
  const adapter = await known(source)
  await call(source, adapter.updateAgent(agentId, change))
}

/** Resolves to claude-flow's id of the new task. */
export async function createTask(source: ToolCaller, order: TaskOrder): Promise<string> {
  const adapter = await known(source)
  const creation = supported(adapter.createTask(order))
  await checkBeforeTask(source, adapter)
  const taskId = text((await call(source, creation)).taskId)
  if (taskId === null) throw new SwarmscopeError('TOOL_FAILED', { detail: 'no id of the new task' })
  return taskId
}

export async function assignTask(source: ToolCaller, taskId: string, agentIds: readonly string[]): Promise<void> {
  const adapter = await known(source)
  await call(source, adapter.assignTask(taskId, agentIds))
}

export async function cancelTask(source: ToolCaller, taskId: string): Promise<void> {
  const adapter = await known(source)
  await call(source, adapter.cancelTask(taskId))
}

export async function updateTask(source: ToolCaller, taskId: string, change: TaskChange): Promise<void> {
  const adapter = await known(source)
  await call(source, adapter.updateTask(taskId, change))
}

async function checkBeforeTask(source: ToolCaller, { beforeTask }: Adapter): Promise<void> {
  if (!beforeTask) return
  try {
    await call(source, beforeTask)
  } catch (error) {
    if (!(error instanceof SwarmscopeError) || error.code !== 'TOOL_FAILED') throw error
    const detail = 'claude-flow 2.x keeps a task only within a swarm: make a swarm first'
    throw new SwarmscopeError('NOT_SUPPORTED_BY_CLAUDE_FLOW', { detail }, { cause: error })
  }
}

async function spawnOne(source: ToolCaller, order: AgentOrder): Promise<SpawnOutcome> {
  try {
    return { type: order.agentType, success: true, agentId: await spawnAgent(source, order), error: null }
  } catch (error) {
    if (!(error instanceof SwarmscopeError)) throw error
    return { type: order.agentType, success: false, agentId: null, error: withoutSuccess(error) }
  }
}

async function call(
  source: ToolCaller,
  order: ToolCall | null,
  lacking = NO_SUCH_TOOL,
): Promise<Record<string, unknown>> {
  const { tool, args } = supported(order, lacking)
  try {
    return await source.callTool(tool, args)
  } catch (error) {
    throw error instanceof SwarmscopeError ? asNotFound(error) : error
  }
}

function supported(order: ToolCall | null, lacking = NO_SUCH_TOOL): ToolCall {
  if (order) return order
  throw new SwarmscopeError('NOT_SUPPORTED_BY_CLAUDE_FLOW', { detail: lacking })
}

/** Both generations say so in words only. */
function asNotFound(error: SwarmscopeError): SwarmscopeError {
  const said = error.context.detail ?? ''
  if (error.code !== 'TOOL_FAILED' || !/^(agent|task|swarm)\b.* not found$/i.test(said)) return error
  return new SwarmscopeError('NOT_FOUND', { detail: `claude-flow said: ${said}` }, { cause: error })
}

function withoutSuccess(error: SwarmscopeError): NonNullable<SpawnOutcome['error']> {
  const { success: _, ...body } = error.body
  return body
}

/** Waits for the connection and says how to speak; an unknown server is spoken to as 3.x. */
async function known(source: ToolCaller): Promise<Adapter> {
  await source.ready()
  const generation: Generation = source.generation ?? 3
  return adapterOf(generation)
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
