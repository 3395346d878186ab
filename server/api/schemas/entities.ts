// The entities as the API gives them: those of protocol/swarm.ts without what only frames need.

import { z } from 'zod'
import {
  AGENT_STATUSES,
  type Agent,
  LINK_KINDS,
  type Link,
  MAX_OPEN_TOOLS,
  SOURCE_KINDS,
  SOURCE_STATES,
  type Source,
  type SourceStatus,
  SWARM_STATUSES,
  type Swarm,
  TASK_STATUSES,
  type Task,
} from '../../../protocol/swarm.ts'
import { isoTime } from './common.ts'

const text = z.string().nullable()
const figure = z.number().nullable().describe('null: its source did not report it')
const time = isoTime.nullable()

export const ORIGINS = ['claude-flow', 'claude-code', 'otlp', 'mock'] as const
export const AGENT_KINDS = ['registered', 'observed'] as const

const provenance = z.object({ source: z.string(), at: time })

export const tokenCounts = z.object({ input: figure, output: figure, cacheRead: figure, cacheWrite: figure })

const known = {
  id: z.string().describe('Opaque and unique'),
  nativeId: z.string().describe("Its source's own id"),
  sourceId: z.string(),
  origin: z.enum(ORIGINS),
  mock: z.boolean().describe('Made up, for the demo'),
}

const usage = z.object({ tokens: tokenCounts.nullable(), costUsd: figure })

export const agent = z.object({
  ...known,
  kind: z.enum(AGENT_KINDS).describe("registered: in claude-flow's roster; observed: seen to work"),
  name: z.string(),
  type: z.string().describe('Its role, in one spelling'),
  rawType: text.describe('What its source calls the role'),
  status: z.enum(AGENT_STATUSES),
  rawStatus: text,
  swarmId: text,
  parentId: text,
  model: text,
  health: figure.describe('0–1'),
  currentTask: text,
  tasksActive: figure,
  tasksCompleted: figure,
  tokens: tokenCounts.nullable().describe("Its own, without its children's"),
  costUsd: figure,
  cpuUsage: figure.describe('0–1 of one core'),
  memoryBytes: figure,
  capabilities: z.array(z.string()).nullable(),
  activity: text,
  attention: z.object({ reason: z.string(), since: isoTime }).nullable().describe('Set while it waits for a person'),
  project: text,
  host: text,
  tools: z.object({ count: figure, errors: figure, durationMs: figure }).nullable(),
  statusSince: time.describe('null: the change was not seen'),
  createdAt: time,
  lastActiveAt: time,
  updatedAt: isoTime,
  sources: z.record(z.string(), provenance).describe('Field name → who said so, and when'),
  openTools: z
    .array(z.object({ id: z.string(), name: z.string(), detail: text, since: isoTime }))
    .nullable()
    .describe(`Tool calls that are open, the newest last, at most ${MAX_OPEN_TOOLS}`),
  lastTool: z
    .object({ id: z.string(), name: z.string(), detail: text, at: isoTime, durationMs: figure, ok: z.boolean() })
    .nullable()
    .describe('The tool call that ended last'),
  lastFailure: z
    .object({ what: z.string(), at: isoTime })
    .nullable()
    .describe('Since the last prompt; gone with the next'),
  unattributed: usage.nullable().describe("Of a session's main agent: reported for the session, of no known agent"),
  crossCheck: usage
    .extend({ at: isoTime })
    .nullable()
    .describe("Of a session's main agent: the session by its metrics, to compare with; never added to anything"),
  endedReason: text,
  sessionId: text.describe("Claude Code's session"),
})

export const task = z.object({
  ...known,
  type: text,
  description: text,
  priority: text,
  status: z.enum(TASK_STATUSES),
  rawStatus: text,
  progress: figure.describe('0–1'),
  assignedTo: z.array(z.string()).describe('Ids of agents'),
  swarmId: text,
  createdAt: time,
  startedAt: time,
  completedAt: time,
  updatedAt: isoTime,
})

export const swarm = z.object({
  ...known,
  name: text,
  topology: text,
  strategy: text,
  maxAgents: figure,
  status: z.enum(SWARM_STATUSES),
  rawStatus: text,
  agentIds: z.array(z.string()),
  queenId: text,
  createdAt: time,
  updatedAt: isoTime,
})

export const link = z.object({
  id: z.string(),
  kind: z.enum(LINK_KINDS),
  sourceId: z.string(),
  source: z.string().describe('Id of the agent (assigned: of the task) where it begins'),
  target: z.string().describe('Id of the agent where it ends'),
  evidence: z.string().describe('What was seen that justifies it'),
  since: time,
  mock: z.boolean(),
})

export const source = z.object({
  id: z.string(),
  kind: z.string(),
  state: z.enum(SOURCE_STATES),
  url: text,
  project: text,
  host: text,
  since: isoTime,
  goneCostUsd: z.number().nullish().describe('What agents of it cost that are listed no more'),
  goneTokens: tokenCounts.nullish().describe('What agents of it used that are listed no more'),
})

export const sourceError = z.object({
  error: z.string(),
  code: z.string(),
  details: z.object({ suggestion: z.string() }),
})

export const sourceStatus = z.object({
  id: z.string(),
  kind: z.enum(SOURCE_KINDS),
  state: z.enum(SOURCE_STATES),
  url: text,
  since: isoTime,
  attempt: z.number().int().nonnegative(),
  retryAt: time,
  lastError: sourceError.nullable(),
  counts: z
    .record(z.string(), z.number())
    .nullable()
    .describe('Of a source that sends by itself: what was taken, and what was not, by the reason'),
})

// What the model has, the API has: a field that is added there and not here does not compile.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
type Stated<E> = Omit<E, 'entity' | 'rev'>
true satisfies Same<z.output<typeof agent>, Stated<Agent>>
true satisfies Same<z.output<typeof task>, Stated<Task>>
true satisfies Same<z.output<typeof swarm>, Stated<Swarm>>
true satisfies Same<z.output<typeof link>, Stated<Link>>
true satisfies Same<z.output<typeof source>, Stated<Source>>
true satisfies Same<z.output<typeof sourceStatus>, SourceStatus>
