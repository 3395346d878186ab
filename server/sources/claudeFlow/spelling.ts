// How both generations of claude-flow spell states and roles, and what we call them. What is not in the tables keeps
// its own name (roles) or is `unknown` (states): nothing is guessed.

import type { AgentStatus, SwarmStatus, TaskStatus } from '../../../protocol/swarm.ts'

const AGENT_STATUS: Readonly<Record<string, AgentStatus>> = {
  initializing: 'initializing',
  spawning: 'initializing',
  spawned: 'initializing',
  starting: 'initializing',
  registered: 'idle',
  idle: 'idle',
  ready: 'idle',
  waiting: 'idle',
  paused: 'idle',
  busy: 'busy',
  working: 'busy',
  active: 'active',
  running: 'active',
  error: 'error',
  failed: 'error',
  crashed: 'error',
  terminating: 'terminating',
  stopping: 'terminating',
  terminated: 'offline',
  stopped: 'offline',
  offline: 'offline',
  completed: 'offline',
  dead: 'offline',
}

const TASK_STATUS: Readonly<Record<string, TaskStatus>> = {
  pending: 'pending',
  queued: 'pending',
  assigned: 'pending',
  created: 'pending',
  in_progress: 'in_progress',
  'in-progress': 'in_progress',
  running: 'in_progress',
  active: 'in_progress',
  completed: 'completed',
  complete: 'completed',
  done: 'completed',
  failed: 'failed',
  error: 'failed',
  cancelled: 'cancelled',
  canceled: 'cancelled',
}

const SWARM_STATUS: Readonly<Record<string, SwarmStatus>> = {
  running: 'running',
  active: 'running',
  initialized: 'running',
  initializing: 'running',
  ready: 'running',
  terminated: 'terminated',
  shutdown: 'terminated',
  stopped: 'terminated',
  destroyed: 'terminated',
  completed: 'terminated',
}

const ROLE: Readonly<Record<string, string>> = {
  queen: 'coordinator',
  'queen-coordinator': 'coordinator',
  'task-orchestrator': 'coordinator',
  orchestrator: 'coordinator',
  'hierarchical-coordinator': 'coordinator',
  'mesh-coordinator': 'coordinator',
  'adaptive-coordinator': 'coordinator',
  'swarm-coordinator': 'coordinator',
  'system-architect': 'architect',
  'code-analyzer': 'analyst',
  analyzer: 'analyst',
  'perf-analyzer': 'optimizer',
  'performance-benchmarker': 'optimizer',
  'performance-optimizer': 'optimizer',
  'api-docs': 'documenter',
  writer: 'documenter',
  developer: 'coder',
  'backend-dev': 'coder',
  'frontend-dev': 'coder',
  'mobile-dev': 'coder',
  'sparc-coder': 'coder',
  'code-review-swarm': 'reviewer',
  'code-reviewer': 'reviewer',
  'tdd-london-swarm': 'tester',
  'production-validator': 'tester',
}

const lookUp = <T>(table: Readonly<Record<string, T>>, raw: string | null): T | undefined => {
  const key = raw?.toLowerCase() ?? ''
  return Object.hasOwn(table, key) ? table[key] : undefined
}

export const agentStatusOf = (raw: string | null): AgentStatus => lookUp(AGENT_STATUS, raw) ?? 'unknown'
export const taskStatusOf = (raw: string | null): TaskStatus => lookUp(TASK_STATUS, raw) ?? 'unknown'
export const swarmStatusOf = (raw: string | null): SwarmStatus => lookUp(SWARM_STATUS, raw) ?? 'unknown'
export const roleOf = (raw: string | null): string => lookUp(ROLE, raw) ?? (raw?.toLowerCase() || 'unknown')
