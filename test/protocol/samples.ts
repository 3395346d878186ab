// Entities and errors for tests, each whole, with what matters to the test given by it.

import { createHash } from 'node:crypto'
import type { Agent, Link, SourceError, SourceStatus, Swarm, Task, Unnumbered } from '../../protocol/swarm.ts'

export const TIME = '2026-11-23T21:07:25.000Z'

export const sampleAgent = (id: string, given: Partial<Agent> = {}): Unnumbered<Agent> => ({
  entity: 'agent',
  id,
  nativeId: id,
  sourceId: 'source',
  origin: 'claude-flow',
  kind: 'registered',
  name: id,
  type: 'coder',
  rawType: 'coder',
  status: 'idle',
  rawStatus: 'idle',
  mock: false,
  swarmId: null,
  parentId: null,
  model: null,
  health: null,
  currentTask: null,
  tasksActive: null,
  tasksCompleted: null,
  tokens: null,
  costUsd: null,
  cpuUsage: null,
  memoryBytes: null,
  capabilities: null,
  activity: null,
  attention: null,
  project: null,
  host: null,
  tools: null,
  statusSince: null,
  createdAt: null,
  lastActiveAt: null,
  updatedAt: TIME,
  sources: {},
  openTools: null,
  lastTool: null,
  lastFailure: null,
  unattributed: null,
  crossCheck: null,
  endedReason: null,
  sessionId: null,
  ...given,
})

export const sampleTask = (id: string, given: Partial<Task> = {}): Unnumbered<Task> => ({
  entity: 'task',
  id,
  nativeId: id,
  sourceId: 'source',
  origin: 'claude-flow',
  mock: false,
  type: null,
  description: null,
  priority: null,
  status: 'pending',
  rawStatus: null,
  progress: null,
  assignedTo: [],
  swarmId: null,
  createdAt: null,
  startedAt: null,
  completedAt: null,
  updatedAt: TIME,
  ...given,
})

export const sampleSwarm = (id: string, given: Partial<Swarm> = {}): Unnumbered<Swarm> => ({
  entity: 'swarm',
  id,
  nativeId: id,
  sourceId: 'source',
  origin: 'claude-flow',
  mock: false,
  name: null,
  topology: null,
  strategy: null,
  maxAgents: null,
  status: 'running',
  rawStatus: null,
  agentIds: [],
  queenId: null,
  createdAt: null,
  updatedAt: TIME,
  ...given,
})

export const sampleLink = (id: string, given: Partial<Link> = {}): Unnumbered<Link> => ({
  entity: 'link',
  id,
  kind: 'assigned',
  sourceId: 'source',
  source: 'a',
  target: 'b',
  evidence: 'the task lists the agent',
  since: null,
  mock: false,
  ...given,
})

export const sampleSourceStatus = (given: Partial<SourceStatus> = {}): SourceStatus => ({
  id: 'source',
  kind: 'claude-flow',
  state: 'live',
  url: 'ws://127.0.0.1:3000/ws',
  since: TIME,
  attempt: 0,
  retryAt: null,
  lastError: null,
  counts: null,
  ...given,
})

export const sampleError = (code = 'CONNECTION_REFUSED'): SourceError => ({
  error: 'Failed to connect to Claude Flow',
  code,
  details: { suggestion: 'Ensure the MCP WebSocket relay is running on powerdev:3000' },
})

/** Ids that have broken other people's maps. */
export const HOSTILE_IDS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '\n', 'a\nb', '🐝', '\ud800']

/** The same for equal entities, in whatever order they and their fields are held. */
export function canonicalHash(entities: Iterable<{ entity: string; id: string }>): string {
  const lines = [...entities].map((entity) => JSON.stringify(sorted(entity))).sort()
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, held]) => [key, sorted(held)])
}

/** A small good generator, so that a run can be repeated (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
