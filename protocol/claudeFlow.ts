// claude-flow's own records, of both generations, in one shape: an allow-list of fields is copied, still with
// claude-flow's spelling; everything else (its `hiveToken` above all) never gets past this file. The relay reads them
// from files and answers, the server gives them meaning.

import { z } from 'zod'
import type { Revisioned } from './frames.ts'
import { redact } from './redact.ts'

/** 2: claude-flow 2.x (`.swarm/memory.db` or its process's memory). 3: 3.x (`.claude-flow/` files; says it is "ruflo"). */
export type Generation = 2 | 3

export const MAX_ID_LENGTH = 256
const MAX_NAME_LENGTH = 120
const MAX_TEXT_LENGTH = 500
const MAX_LIST_LENGTH = 10_000

const id = z.union([z.string().min(1).max(MAX_ID_LENGTH), z.number().transform(String)])
const orNull = <T extends z.ZodType>(schema: T) =>
  schema
    .nullish()
    .transform((value) => value ?? null)
    .catch(null)
const name = orNull(z.string().transform((value) => redact(value, MAX_NAME_LENGTH)))
const text = orNull(z.string().transform((value) => redact(value, MAX_TEXT_LENGTH)))
const figure = orNull(z.number())
const time = orNull(
  z
    .string()
    .refine((value) => !Number.isNaN(Date.parse(value)))
    .transform((value) => new Date(value).toISOString()),
)
const ids = z.array(id).max(MAX_LIST_LENGTH).catch([])

const agentData = z.object({
  name,
  type: name,
  status: name,
  health: figure,
  taskCount: figure,
  currentTask: text,
  model: name,
  capabilities: orNull(z.array(z.string().transform((value) => redact(value, MAX_NAME_LENGTH))).max(100)),
  /** Native id. */
  swarm: orNull(id),
  createdAt: time,
})
const taskData = z.object({
  type: name,
  description: text,
  priority: name,
  status: name,
  /** 0–100. */
  progress: figure,
  assignedTo: ids,
  swarm: orNull(id),
  createdAt: time,
  startedAt: time,
  completedAt: time,
})
const swarmData = z.object({
  name,
  topology: name,
  strategy: name,
  maxAgents: figure,
  status: name,
  agents: ids,
  createdAt: time,
  updatedAt: time,
})
const hiveData = z.object({ topology: name, queen: orNull(id), workers: ids, createdAt: time, updatedAt: time })

const recordBase = {
  entity: z.literal('record'),
  /** `<kind>/<native id>` */
  id: z.string().max(MAX_ID_LENGTH + 16),
  rev: z.number().int().nonnegative(),
  nativeId: id,
  generation: z.union([z.literal(2), z.literal(3)]),
  /** When the relay saw it change (the file's time, where there is one). */
  at: z.iso.datetime(),
}

export const claudeFlowRecord = z.discriminatedUnion('kind', [
  z.object({ ...recordBase, kind: z.literal('agent'), data: agentData }),
  z.object({ ...recordBase, kind: z.literal('task'), data: taskData }),
  z.object({ ...recordBase, kind: z.literal('swarm'), data: swarmData }),
  z.object({ ...recordBase, kind: z.literal('hive'), data: hiveData }),
])
export type ClaudeFlowRecord = z.infer<typeof claudeFlowRecord>
export type RecordKind = ClaudeFlowRecord['kind']
export type RecordOf<K extends RecordKind> = Extract<ClaudeFlowRecord, { kind: K }>
/** A record before the relay's store has numbered and timed it. */
export type FoundRecord = {
  [K in RecordKind]: Pick<RecordOf<K>, 'kind' | 'nativeId' | 'generation' | 'data'>
}[RecordKind]

/** Holds at compile time: records are what frames carry. */
true satisfies ClaudeFlowRecord extends Revisioned ? true : false

export const recordId = (kind: RecordKind, nativeId: string): string => `${kind}/${nativeId}`

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Text that may be JSON (2.x writes JSON inside JSON). */
function inner(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return null
  }
}

/** The entries of a 3.x store (`{agents: {ID: {…}}}`), each with its key as id; an entry that is no object is left out. */
function entries(store: unknown, list: string): [string, Json][] {
  const held = isObject(store) ? store[list] : undefined
  if (!isObject(held)) return []
  return Object.entries(held).filter((entry): entry is [string, Json] => entry[0] !== '' && isObject(entry[1]))
}

const found3 = <K extends RecordKind>(kind: K, nativeId: string, data: RecordOf<K>['data']) =>
  ({ kind, nativeId: nativeId.slice(0, MAX_ID_LENGTH), generation: 3, data }) as FoundRecord

/** `.claude-flow/agents/store.json` of 3.x. */
export const readAgents3 = (store: unknown): FoundRecord[] =>
  entries(store, 'agents').map(([key, raw]) =>
    found3('agent', key, agentData.parse({ ...pick(raw, AGENT_FIELDS), name: key, type: raw.agentType })),
  )

const AGENT_FIELDS = ['status', 'health', 'taskCount', 'currentTask', 'model', 'createdAt'] as const

/** `.claude-flow/tasks/store.json` of 3.x. */
export const readTasks3 = (store: unknown): FoundRecord[] =>
  entries(store, 'tasks').map(([key, raw]) => found3('task', key, taskData.parse(raw)))

/** `.claude-flow/swarm/swarm-state.json` of 3.x. */
export const readSwarms3 = (store: unknown): FoundRecord[] =>
  entries(store, 'swarms').map(([key, raw]) => {
    const config = isObject(raw.config) ? raw.config : {}
    return found3('swarm', key, swarmData.parse({ ...raw, strategy: config.strategy }))
  })

/** `.claude-flow/hive-mind/state.json` of 3.x: at most one hive. Its `hiveToken` is a secret and is not copied. */
export function readHive3(state: unknown): FoundRecord[] {
  if (!isObject(state) || state.initialized !== true) return []
  const queen = isObject(state.queen) ? state.queen.agentId : null
  const workers = Array.isArray(state.workers)
    ? state.workers.map((worker) => (isObject(worker) ? worker.agentId : worker))
    : []
  return [found3('hive', 'hive', hiveData.parse({ ...pick(state, HIVE_FIELDS), queen, workers }))]
}

const HIVE_FIELDS = ['topology', 'createdAt', 'updatedAt'] as const

/** One row of 2.x's `memory_entries`: `[namespace, value]`; `null` for what is no agent, task or swarm. */
export function readRow2(namespace: string, value: string): FoundRecord | null {
  const raw = inner(value)
  if (!isObject(raw)) return null
  switch (namespace) {
    case 'agents':
      return readAgent2(raw)
    case 'tasks': {
      const meta = inner(raw.metadata)
      return found2('task', raw.id, () =>
        taskData.parse({
          ...raw,
          swarm: raw.swarmId,
          assignedTo: inner(raw.assignedAgents),
          createdAt: isObject(meta) ? meta.orchestratedAt : null,
        }),
      )
    }
    case 'swarms': {
      const config = inner(raw.config)
      return found2('swarm', raw.id, () =>
        swarmData.parse({ ...raw, strategy: isObject(config) ? config.strategy : null, agents: [] }),
      )
    }
    default:
      return null
  }
}

/** An agent as 2.x stores it and as its `agent_list` tells it. */
function readAgent2(raw: Json): FoundRecord | null {
  const meta = inner(raw.metadata)
  return found2('agent', raw.id, () =>
    agentData.parse({
      ...pick(raw, ['name', 'type', 'status']),
      capabilities: inner(raw.capabilities),
      swarm: raw.swarmId,
      createdAt: isObject(meta) ? meta.spawnedAt : null,
    }),
  )
}

function found2(kind: RecordKind, rawId: unknown, data: () => unknown): FoundRecord | null {
  const nativeId = id.safeParse(rawId)
  return nativeId.success ? ({ kind, nativeId: nativeId.data, generation: 2, data: data() } as FoundRecord) : null
}

/** Ids and names of the three agents that 2.x invents for any swarm that the asked process does not hold. */
const INVENTED_2: ReadonlyMap<string, string> = new Map([
  ['agent-1', 'coordinator-1'],
  ['agent-2', 'researcher-1'],
  ['agent-3', 'coder-1'],
])

function isInvented2(agent: Json): boolean {
  const name = INVENTED_2.get(String(agent.id))
  return name !== undefined && name === agent.name
}

/**
 * 2.x's `agent_list` answer. `invented`: the three made-up agents, under `mock-swarm` or even under a real swarm's id;
 * they must never be shown as real. `null`: not such an answer.
 */
export function readAgentList2(answer: unknown): { swarm: string; agents: FoundRecord[]; invented: boolean } | null {
  if (!isObject(answer) || typeof answer.swarmId !== 'string' || !Array.isArray(answer.agents)) return null
  const list = answer.agents.filter(isObject)
  const invented = answer.swarmId === 'mock-swarm' || (list.length > 0 && list.every(isInvented2))
  const agents = invented ? [] : list.map(readAgent2).filter((record) => record !== null)
  return { swarm: answer.swarmId, agents, invented }
}

/** 3.x's `agent_list` answer; `null`: not such an answer. */
export function readAgentList3(answer: unknown): FoundRecord[] | null {
  if (!isObject(answer) || !Array.isArray(answer.agents)) return null
  const byId = answer.agents.filter(isObject).map((agent) => [String(agent.agentId ?? ''), agent] as const)
  return readAgents3({ agents: Object.fromEntries(byId) })
}

/** The JSON that claude-flow's tools put into the text of their answer; `null` if there is none. */
export function toolAnswer(result: unknown): unknown {
  if (!isObject(result) || !Array.isArray(result.content)) return null
  const first: unknown = result.content[0]
  return isObject(first) && typeof first.text === 'string' ? inner(first.text) : null
}

/** Which claude-flow this is by what `initialize` says; `null`: some other MCP server. */
export function generationOf(serverInfo: { name: string; version: string }): Generation | null {
  if (serverInfo.name === 'ruflo') return 3
  if (serverInfo.name !== 'claude-flow') return null
  return serverInfo.version.startsWith('2.') ? 2 : 3
}

function pick(from: Json, fields: readonly string[]): Json {
  return Object.fromEntries(fields.map((field) => [field, from[field]]))
}
