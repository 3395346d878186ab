// What is asked of claude-flow, in the words of each generation: their tools and argument names differ. Pure, so that
// every call is held against the schemas that the real programs gave of their tools.

import type { Generation } from '../../../protocol/claudeFlow.ts'

export interface ToolCall {
  tool: string
  args: Record<string, unknown>
}

export interface SwarmOrder {
  topology: string
  maxAgents: number
  strategy: string
}
export interface AgentOrder {
  agentType: string
  name: string | null
  /** Native ids here and below. */
  swarmId: string | null
  task: string | null
}
export interface TaskOrder {
  description: string
  type: string
  priority: 'low' | 'normal' | 'high' | 'critical'
  assignTo: readonly string[]
}
export interface AgentChange {
  status?: string | undefined
  /** 0–1. */
  health?: number | undefined
}
export interface TaskChange {
  status?: string | undefined
  /** 0–1. */
  progress?: number | undefined
}

/** `null`: this generation has no tool for it, or has one that would leave out a part of the order. */
export interface Adapter {
  initSwarm(order: SwarmOrder): ToolCall | null
  spawnAgent(order: AgentOrder): ToolCall
  terminateAgent(agentId: string): ToolCall | null
  updateAgent(agentId: string, change: AgentChange): ToolCall | null
  /** Refused by claude-flow if the order would have no effect although it says yes to it. */
  beforeTask: ToolCall | null
  createTask(order: TaskOrder): ToolCall | null
  assignTask(taskId: string, agentIds: readonly string[]): ToolCall | null
  cancelTask(taskId: string): ToolCall | null
  updateTask(taskId: string, change: TaskChange): ToolCall | null
}

/** What 2.x takes; it answers others with success and a swarm of no shape. */
export const TOPOLOGIES_2: readonly string[] = ['hierarchical', 'mesh', 'ring', 'star']

const adapter2: Adapter = {
  initSwarm: ({ topology, maxAgents, strategy }) =>
    TOPOLOGIES_2.includes(topology) ? { tool: 'swarm_init', args: { topology, maxAgents, strategy } } : null,
  spawnAgent: ({ agentType, name, swarmId }) => ({
    tool: 'agent_spawn',
    args: { type: agentType, name: name ?? agentType, ...(swarmId === null ? {} : { swarmId }) },
  }),
  terminateAgent: () => null,
  updateAgent: () => null,
  // Without a swarm it says `persisted: true` of a task and keeps it nowhere.
  beforeTask: { tool: 'swarm_status', args: {} },
  createTask: ({ description, priority, assignTo }) =>
    assignTo.length > 0
      ? null
      : {
          tool: 'task_orchestrate',
          args: { task: description, priority: priority === 'normal' ? 'medium' : priority },
        },
  assignTask: () => null,
  cancelTask: () => null,
  updateTask: () => null,
}

const adapter3: Adapter = {
  initSwarm: ({ topology, maxAgents, strategy }) => ({ tool: 'swarm_init', args: { topology, maxAgents, strategy } }),
  spawnAgent: ({ agentType, name, swarmId, task }) => ({
    tool: 'agent_spawn',
    args: {
      agentType,
      ...(name === null ? {} : { agentId: name }),
      ...(task === null ? {} : { task }),
      ...(swarmId === null ? {} : { swarmId }),
    },
  }),
  terminateAgent: (agentId) => ({ tool: 'agent_terminate', args: { agentId } }),
  updateAgent: (agentId, { status, health }) => ({
    tool: 'agent_update',
    args: { agentId, ...(status === undefined ? {} : { status }), ...(health === undefined ? {} : { health }) },
  }),
  beforeTask: null,
  createTask: ({ description, type, priority, assignTo }) => ({
    tool: 'task_create',
    args: { type, description, priority, ...(assignTo.length > 0 ? { assignTo } : {}) },
  }),
  assignTask: (taskId, agentIds) => ({ tool: 'task_assign', args: { taskId, agentIds } }),
  cancelTask: (taskId) => ({ tool: 'task_cancel', args: { taskId } }),
  updateTask: (taskId, { status, progress }) => ({
    tool: 'task_update',
    args: {
      taskId,
      ...(status === undefined ? {} : { status }),
      ...(progress === undefined ? {} : { progress: progress * 100 }),
    },
  }),
}

export const adapterOf = (generation: Generation): Adapter => (generation === 2 ? adapter2 : adapter3)
