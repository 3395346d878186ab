// Whether what a server of another version (or a broken one) says of an entity can be shown: every field is looked at once,
// where bytes enter the page, so that all behind it may trust the types. By hand and flat: 10,000 agents come at once.

import { AGENT_STATUSES, LINK_KINDS, MODES, type Mode, SWARM_STATUSES, TASK_STATUSES } from './swarm.ts'

type Fields = Record<string, unknown>
type Check = (value: unknown) => boolean

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null
const isText: Check = (value) => typeof value === 'string'
const isNumber: Check = (value) => typeof value === 'number'
const isFlag: Check = (value) => typeof value === 'boolean'
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)
const oneOf = (words: readonly string[]): Check => {
  const known = new Set<unknown>(words)
  return (value) => known.has(value)
}

interface Shape {
  required: readonly (readonly [field: string, check: Check])[]
  /** What nobody reported; absent is the same. */
  nullable: readonly (readonly [field: string, check: Check])[]
  /** That may be absent, and then stay so. */
  optional?: readonly (readonly [field: string, check: Check])[]
  /** Words of a status: another one is `unknown`, and what the source said. */
  statuses?: ReadonlySet<unknown>
}

const all = (check: Check, ...fields: string[]) => fields.map((field) => [field, check] as const)
const whole =
  (shape: Shape): Check =>
  (value) =>
    isObject(value) && isSound(value, shape)

const TOKENS = whole({ required: [], nullable: all(isNumber, 'input', 'output', 'cacheRead', 'cacheWrite') })
const USE = [['tokens', TOKENS] as const, ...all(isNumber, 'costUsd')]
const TOOL = [...all(isText, 'detail'), ...all(isNumber, 'durationMs')]
const isProvenance = whole({ required: all(isText, 'source'), nullable: all(isText, 'at') })
const isByField: Check = (value) => isObject(value) && !Array.isArray(value) && Object.values(value).every(isProvenance)
const NATIVE = [...all(isText, 'nativeId', 'sourceId', 'origin', 'updatedAt', 'status'), ...all(isFlag, 'mock')]

const SHAPES: ReadonlyMap<unknown, Shape> = new Map<unknown, Shape>([
  [
    'agent',
    {
      required: [
        ...NATIVE,
        ...all(isText, 'name', 'type'),
        ['kind', oneOf(['registered', 'observed'])],
        ['sources', isByField],
      ],
      nullable: [
        ...all(isText, 'rawType', 'rawStatus', 'swarmId', 'parentId', 'model', 'currentTask', 'activity', 'project'),
        ...all(isText, 'host', 'statusSince', 'createdAt', 'lastActiveAt', 'endedReason', 'sessionId'),
        ...all(isNumber, 'health', 'tasksActive', 'tasksCompleted', 'cpuUsage', 'memoryBytes'),
        ...USE,
        ['capabilities', listOf(isText)],
        ['attention', whole({ required: all(isText, 'reason', 'since'), nullable: [] })],
        ['tools', whole({ required: [], nullable: all(isNumber, 'count', 'errors', 'durationMs') })],
        ['openTools', listOf(whole({ required: all(isText, 'id', 'name', 'since'), nullable: all(isText, 'detail') }))],
        ['lastTool', whole({ required: [...all(isText, 'id', 'name', 'at'), ...all(isFlag, 'ok')], nullable: TOOL })],
        ['lastFailure', whole({ required: all(isText, 'what', 'at'), nullable: [] })],
        ['unattributed', whole({ required: [], nullable: USE })],
        ['crossCheck', whole({ required: all(isText, 'at'), nullable: USE })],
      ],
      statuses: new Set<unknown>(AGENT_STATUSES),
    },
  ],
  [
    'task',
    {
      required: [...NATIVE, ['assignedTo', listOf(isText)]],
      nullable: [
        ...all(isText, 'type', 'description', 'priority', 'rawStatus', 'swarmId', 'createdAt', 'startedAt'),
        ...all(isText, 'completedAt'),
        ...all(isNumber, 'progress'),
      ],
      statuses: new Set<unknown>(TASK_STATUSES),
    },
  ],
  [
    'swarm',
    {
      required: [...NATIVE, ['agentIds', listOf(isText)]],
      nullable: [
        ...all(isText, 'name', 'topology', 'strategy', 'rawStatus', 'queenId', 'createdAt'),
        ...all(isNumber, 'maxAgents'),
      ],
      statuses: new Set<unknown>(SWARM_STATUSES),
    },
  ],
  [
    'link',
    {
      required: [
        ['kind', oneOf(LINK_KINDS)],
        ...all(isText, 'sourceId', 'source', 'target', 'evidence'),
        ...all(isFlag, 'mock'),
      ],
      nullable: all(isText, 'since'),
    },
  ],
  // Kind and state may be words that this page does not know: it says them as they are.
  [
    'source',
    {
      required: all(isText, 'kind', 'state', 'since'),
      nullable: all(isText, 'url', 'project', 'host'),
      optional: [...all(isNumber, 'goneCostUsd'), ['goneTokens', TOKENS]],
    },
  ],
])

function isSound(value: Fields, { required, nullable, optional = [], statuses }: Shape): boolean {
  for (const [field, check] of required) if (!check(value[field])) return false
  for (const [field, check] of nullable) {
    const given = value[field]
    if (given === undefined) value[field] = null
    else if (given !== null && !check(given)) return false
  }
  for (const [field, check] of optional) {
    const given = value[field] ?? null
    if (given !== null && !check(given)) return false
  }
  if (statuses && !statuses.has(value.status)) {
    value.rawStatus ??= value.status
    value.status = 'unknown'
  }
  return true
}

/**
 * Whether this can be shown as an entity; what it must say and does not makes it none. Puts what is only foreign right in
 * place: a status of another version is `unknown`, a field that is absent was not reported.
 */
export function isSoundEntity(value: unknown): boolean {
  if (!isObject(value)) return false
  const shape = SHAPES.get(value.entity)
  return shape !== undefined && isText(value.id) && isSound(value, shape)
}

const isError = whole({
  required: [
    ...all(isText, 'error', 'code'),
    ['details', whole({ required: all(isText, 'suggestion'), nullable: [] })],
  ],
  nullable: [],
})
const isCounts: Check = (value) => isObject(value) && Object.values(value).every(isNumber)
const SOURCE_STATUS: Shape = {
  required: all(isText, 'id', 'kind', 'state', 'since'),
  nullable: [
    ...all(isText, 'url', 'retryAt'),
    ...all(isNumber, 'attempt'),
    ['lastError', isError],
    ['counts', isCounts],
  ],
}

/** The same for the connection of a source. */
export const isSoundSourceStatus: Check = whole(SOURCE_STATUS)
export const isSoundError: Check = isError

/** A mode that this version does not know is not taken for one that promises that what is shown is current. */
export const soundMode = (mode: string): Mode =>
  (MODES as readonly string[]).includes(mode) ? (mode as Mode) : 'stale'
