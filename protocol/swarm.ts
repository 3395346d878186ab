// What exists in a swarm: the entities that every part of Swarmscope speaks of. Absent knowledge is `null`, never a
// default: a figure that its source did not report must not look like one that it did.

export type Origin = 'claude-flow' | 'claude-code' | 'otlp' | 'mock'

/** `registered`: stands in claude-flow's roster. `observed`: was seen to work. Never merged by name, type or time. */
export type AgentKind = 'registered' | 'observed'

export const AGENT_STATUSES = [
  'initializing',
  'idle',
  'busy',
  'active',
  'error',
  'terminating',
  'offline',
  'unknown',
] as const
export type AgentStatus = (typeof AGENT_STATUSES)[number]

export const TASK_STATUSES = ['pending', 'in_progress', 'completed', 'failed', 'cancelled', 'unknown'] as const
export type TaskStatus = (typeof TASK_STATUSES)[number]

export const SWARM_STATUSES = ['running', 'terminated', 'unknown'] as const
export type SwarmStatus = (typeof SWARM_STATUSES)[number]

export const LINK_KINDS = [
  'spawned',
  'inferred',
  'registered-by',
  'assigned',
  'message',
  'conflict',
  'topology',
] as const
export type LinkKind = (typeof LINK_KINDS)[number]

/** Times are ISO 8601 in UTC. */
export type IsoTime = string

/** Which source said this field, and when (that source's clock). */
export interface Provenance {
  source: string
  at: IsoTime | null
}

export interface TokenCounts {
  input: number | null
  output: number | null
  cacheRead: number | null
  cacheWrite: number | null
}

export interface ToolCounts {
  count: number | null
  errors: number | null
  durationMs: number | null
}

export interface Attention {
  /** The kind first, in plain words, e.g. `permission: Bash`, `waiting for input`, `question`. */
  reason: string
  since: IsoTime
}

/** A tool call that is under way. */
export interface OpenTool {
  id: string
  name: string
  /** On what, e.g. the name of a file; never a command, a prompt or contents (unless the user turned them on). */
  detail: string | null
  since: IsoTime
}

/** A tool call that ended. */
export interface EndedTool {
  id: string
  name: string
  detail: string | null
  at: IsoTime
  durationMs: number | null
  ok: boolean
}

export interface Failure {
  what: string
  at: IsoTime
}

export interface Usage {
  tokens: TokenCounts | null
  costUsd: number | null
}

export interface UsageAt extends Usage {
  at: IsoTime
}

/** How many open tools an agent tells of; the newest are kept. */
export const MAX_OPEN_TOOLS = 32

interface EntityBase {
  /** Opaque and unique: `<sourceId>/<native id>`; a further incarnation of the same native id ends in `~2`, `~3` … */
  id: string
  /** Sequence number of the event batch that last touched it. */
  rev: number
}

export interface Agent extends EntityBase {
  entity: 'agent'
  nativeId: string
  sourceId: string
  origin: Origin
  kind: AgentKind
  name: string
  /** Role in one spelling, e.g. `coordinator`; `rawType` is what the source called it. */
  type: string
  rawType: string | null
  status: AgentStatus
  rawStatus: string | null
  mock: boolean
  swarmId: string | null
  parentId: string | null
  model: string | null
  /** 0–1. */
  health: number | null
  currentTask: string | null
  tasksActive: number | null
  tasksCompleted: number | null
  /** The agent's own, without its children; `null` when nothing of it was reported. */
  tokens: TokenCounts | null
  costUsd: number | null
  /** 0–1 of one core. */
  cpuUsage: number | null
  memoryBytes: number | null
  capabilities: string[] | null
  /** What it does right now, in a few words. */
  activity: string | null
  /** Set while it waits for a person. */
  attention: Attention | null
  project: string | null
  host: string | null
  tools: ToolCounts | null
  /** Since when the status is what it is; `null` when the change was not seen. */
  statusSince: IsoTime | null
  createdAt: IsoTime | null
  lastActiveAt: IsoTime | null
  updatedAt: IsoTime
  /** Field name → who said so. */
  sources: Record<string, Provenance>
  /** Tool calls that are open now, the newest last. */
  openTools: OpenTool[] | null
  /** The tool call that ended last. */
  lastTool: EndedTool | null
  /** The last failed tool call or failed stop since the last prompt; gone with the next one. */
  lastFailure: Failure | null
  /**
   * Of a session's main agent: what was reported for the session and belongs to no agent that is known. The session's
   * agents and this are the session, always; `null` when there is nothing of it.
   */
  unattributed: Usage | null
  /** Of a session's main agent: the whole session as its metrics tell it. To compare with; never added to anything. */
  crossCheck: UsageAt | null
  /** Why it is over, e.g. `session ended: logout`, `process gone`, `subagent finished`. */
  endedReason: string | null
  /** Claude Code's session that it belongs to: the main agent and all its subagents. */
  sessionId: string | null
}

export interface Task extends EntityBase {
  entity: 'task'
  nativeId: string
  sourceId: string
  origin: Origin
  mock: boolean
  type: string | null
  description: string | null
  priority: string | null
  status: TaskStatus
  rawStatus: string | null
  /** 0–1. */
  progress: number | null
  /** Ids of agents. */
  assignedTo: string[]
  swarmId: string | null
  createdAt: IsoTime | null
  startedAt: IsoTime | null
  completedAt: IsoTime | null
  updatedAt: IsoTime
}

export interface Swarm extends EntityBase {
  entity: 'swarm'
  nativeId: string
  sourceId: string
  origin: Origin
  mock: boolean
  name: string | null
  topology: string | null
  strategy: string | null
  maxAgents: number | null
  status: SwarmStatus
  rawStatus: string | null
  /** Ids of agents. */
  agentIds: string[]
  queenId: string | null
  createdAt: IsoTime | null
  updatedAt: IsoTime
}

export interface Link extends EntityBase {
  entity: 'link'
  kind: LinkKind
  sourceId: string
  /** Id of the agent (for `assigned`: the task) where it begins. */
  source: string
  /** Id of the agent where it ends. */
  target: string
  /** What was seen that justifies it, in a few words. */
  evidence: string
  since: IsoTime | null
  mock: boolean
}

/** A place that agents are reported from, as far as the log knows it (attempts and countdowns are status, not state). */
export interface Source extends EntityBase {
  entity: 'source'
  kind: string
  state: SourceState
  url: string | null
  project: string | null
  host: string | null
  since: IsoTime
  /** What agents of it cost and used that left the picture; absent or `null`: nothing of that was reported. */
  goneCostUsd?: number | null | undefined
  goneTokens?: TokenCounts | null | undefined
}

export type Entity = Agent | Task | Swarm | Link | Source
export type EntityKind = Entity['entity']
/** An entity as a source states it: the log gives it its `rev`. */
export type Unnumbered<E> = E extends Entity ? Omit<E, 'rev'> : never

/**
 * `live`: what it says is current. `limited`: read once, no live changes. `unavailable`: reached, but there is nothing
 * behind it. `waiting`: lost, will be tried again. `closed`: will not be tried again by itself. Sources that send by
 * themselves, and that nobody connects to, are `receiving`, `quiet` (heard before, but not just now) or `never` heard of; so is
 * a claude-flow that nobody asked for and that was never found. `never` is not used: neither live nor ailing.
 */
export const SOURCE_STATES = [
  'idle',
  'connecting',
  'handshaking',
  'live',
  'limited',
  'unavailable',
  'waiting',
  'closed',
  'receiving',
  'quiet',
  'never',
] as const
export type SourceState = (typeof SOURCE_STATES)[number]

/** The error of one source, in the API's words. */
export interface SourceError {
  error: string
  code: string
  details: { suggestion: string }
}

export const SOURCE_KINDS = ['claude-flow', 'claude-code', 'otlp', 'mock', 'replay'] as const
export type SourceKind = (typeof SOURCE_KINDS)[number]

/** The connection of one source right now; goes in unnumbered status frames and in the health answer. */
export interface SourceStatus {
  id: string
  kind: SourceKind
  state: SourceState
  url: string | null
  /** Since when it is live, or is not: attempts to get it back do not count. */
  since: IsoTime
  attempt: number
  retryAt: IsoTime | null
  lastError: SourceError | null
  /** Of a source that sends by itself: what was taken, and what was not, by the reason. */
  counts: Record<string, number> | null
}

/** Which world the view shows, and whether it is current. */
export const MODES = ['connecting', 'mock', 'replay', 'live', 'stale'] as const
export type Mode = (typeof MODES)[number]
