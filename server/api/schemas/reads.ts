// Queries and answers of the reads.

import { z } from 'zod'
import {
  AGENT_STATUSES,
  LINK_KINDS,
  MODES,
  SOURCE_STATES,
  SWARM_STATUSES,
  TASK_STATUSES,
} from '../../../protocol/swarm.ts'
import { HEALTH_STATUSES } from '../health.ts'
import {
  anyOf,
  askedTime,
  cursor,
  DEFAULT_LIMIT,
  flag,
  id,
  isoTime,
  limit,
  MAX_LIMIT,
  oneId,
  paged,
  position,
  sortBy,
  TIME_FORMS,
  wholeNumber,
  words,
} from './common.ts'
import { AGENT_KINDS, agent, link, ORIGINS, sourceError, sourceStatus, swarm, task, tokenCounts } from './entities.ts'

const name = z.string().min(1).max(100)
const page = { limit, cursor }

export const byId = z.object({ id: id.describe('As the API gave it, percent-encoded: ids hold a `/`') })

export const agentsQuery = z.strictObject({
  status: anyOf(z.enum(AGENT_STATUSES)),
  kind: anyOf(z.enum(AGENT_KINDS)),
  type: anyOf(name).describe('Role'),
  origin: anyOf(z.enum(ORIGINS)),
  sourceId: oneId,
  swarmId: oneId,
  parentId: oneId,
  attention: flag.describe('Whether it waits for a person'),
  updatedSince: askedTime.optional().describe(`Changed then or later: ${TIME_FORMS}`),
  q: words.describe('In name, role, id or current task'),
  sort: sortBy(['id', 'name', 'type', 'status', 'createdAt', 'updatedAt', 'lastActiveAt', 'health', 'costUsd'])
    .default('id')
    .describe('`-` before it: downwards'),
  ...page,
})
export const agentsAnswer = z.object({ ...position, ...paged, agents: z.array(agent) })
export const agentAnswer = z.object({ ...position, agent })

export const tasksQuery = z.strictObject({
  status: anyOf(z.enum(TASK_STATUSES)),
  type: anyOf(name),
  priority: anyOf(name),
  sourceId: oneId,
  swarmId: oneId,
  assignedTo: oneId.describe('Id of an agent'),
  updatedSince: askedTime.optional().describe(`Changed then or later: ${TIME_FORMS}`),
  q: words.describe('In id or description'),
  sort: sortBy(['id', 'status', 'priority', 'progress', 'createdAt', 'startedAt', 'completedAt', 'updatedAt']).default(
    'id',
  ),
  ...page,
})
export const tasksAnswer = z.object({ ...position, ...paged, tasks: z.array(task) })
export const taskAnswer = z.object({ ...position, task })

export const swarmsQuery = z.strictObject({
  status: anyOf(z.enum(SWARM_STATUSES)),
  topology: anyOf(name),
  sourceId: oneId,
  q: words.describe('In id or name'),
  sort: sortBy(['id', 'name', 'status', 'createdAt', 'updatedAt']).default('id'),
  ...page,
})
export const swarmsAnswer = z.object({ ...position, ...paged, swarms: z.array(swarm) })
export const swarmAnswer = z.object({ ...position, swarm })

export const linksQuery = z.strictObject({
  kind: anyOf(z.enum(LINK_KINDS)),
  sourceId: oneId,
  source: oneId,
  target: oneId,
  end: oneId.describe('Id of an agent or task at either end'),
  sort: sortBy(['id', 'kind', 'source', 'target', 'since']).default('id'),
  ...page,
})
export const linksAnswer = z.object({ ...position, ...paged, links: z.array(link) })

const ACTIVITY_KINDS = ['agent', 'task', 'swarm', 'link', 'source'] as const
const MAX_ACTIVITY = 1_000

export const activityQuery = z.strictObject({
  kind: anyOf(z.enum(ACTIVITY_KINDS)),
  what: anyOf(z.enum(['upserted', 'retired'])),
  id: oneId.describe('Of one agent, task, swarm, link or source'),
  sourceId: oneId,
  since: askedTime.optional().describe(`Came in then or later: ${TIME_FORMS}`),
  limit: wholeNumber(MAX_ACTIVITY).default(100),
  cursor,
})
export const activityItem = z.object({
  seq: z.number().int().positive(),
  index: z.number().int().nonnegative().describe('Its place among what changed in the same step'),
  kind: z.enum(ACTIVITY_KINDS),
  what: z
    .enum(['upserted', 'retired'])
    .describe('upserted: it is now as told here; retired: its source has it no more'),
  id: z.string(),
  sourceId: z.string(),
  name: z.string().nullable(),
  status: z.string().nullable().describe('Its status after this'),
  before: z.string().nullable().describe('Its status before this; null: it had none, or that was too long ago'),
  currentTask: z.string().nullable(),
  tool: z
    .object({
      name: z.string(),
      detail: z.string().nullable(),
      phase: z.enum(['started', 'ended']),
      durationMs: z.number().nullable(),
      ok: z.boolean().nullable(),
    })
    .nullable()
    .describe('The tool call that this is about'),
  mock: z.boolean(),
  at: isoTime.nullable().describe("The source's clock"),
  receivedAt: isoTime.describe('Our clock'),
})
export const activityAnswer = z.object({
  ...position,
  count: paged.count,
  next: z.string().nullable().describe('`cursor` of what was before; null: nothing is known of before'),
  complete: z.boolean().describe('false: the log no longer reaches back to its beginning, or the search ended early'),
  activity: z.array(activityItem).describe('The latest first'),
})

export const DATA_PARTS = ['agents', 'links', 'tasks', 'swarms'] as const
export const dataQuery = z.strictObject({
  include: anyOf(z.enum(DATA_PARTS)).describe('Which lists; all, if left out'),
  sourceId: oneId,
  swarmId: oneId.describe('Of this swarm alone; links: those between what is shown'),
  limit: wholeNumber(MAX_LIMIT)
    .default(MAX_LIMIT)
    .describe(`Of each list, in the order of ids; the lists' own routes give pages (of ${DEFAULT_LIMIT})`),
})
const totalOfPart = z.number().int().nonnegative()
export const dataAnswer = z.object({
  ...position,
  totals: z.object({ agents: totalOfPart, links: totalOfPart, tasks: totalOfPart, swarms: totalOfPart }).partial(),
  agents: z.array(agent).optional(),
  links: z.array(link).optional(),
  tasks: z.array(task).optional(),
  swarms: z.array(swarm).optional(),
})

const count = z.number().int().nonnegative()
const byStatus = z.record(z.enum(AGENT_STATUSES), count)
const ofKind = z.object({ total: count, byStatus })
export const statusAnswer = z.object({
  ...position,
  degraded: z.array(z.string()).describe('Ids of the sources that should be live and are not'),
  totals: z.object({
    agents: count,
    registered: count,
    observed: count,
    byStatus,
    byKind: z.object({ registered: ofKind, observed: ofKind }),
    needAttention: count,
    tasks: z.object({
      total: count,
      pending: count,
      inProgress: count,
      completed: count,
      failed: count,
      cancelled: count,
      unknown: count,
    }),
    swarms: count,
    links: count,
    conflicts: count.describe('Pairs of agents that write the same file'),
    stuck: count.describe('Agents at work of which nothing was heard for 5 minutes, with nothing that explains it'),
    tokens: tokenCounts.nullable().describe('Summed over the agents that report them; null: none does'),
    costUsd: z.number().nullable().describe('Summed over the agents that report it; null: none does'),
    goneCostUsd: z.number().nullable().describe('What agents cost that are listed no more; null: nothing was reported'),
    goneTokens: tokenCounts.nullable().describe('What agents used that are listed no more; null: nothing was reported'),
  }),
  budget: z
    .object({
      limitUsd: z.number(),
      spentUsd: z.number().nullable().describe('totals.costUsd and totals.goneCostUsd'),
      level: z.enum(['ok', 'warning', 'exceeded']).describe('`warning` from 80 % of the limit on'),
    })
    .nullable()
    .describe('What --budget-usd allows; null: it was not given'),
  sources: z.array(sourceStatus),
})

export const healthAnswer = z.object({
  success: z.literal(true),
  status: z.enum(HEALTH_STATUSES),
  code: z.string().nullable().describe('The first thing that is wrong, as a code of the error catalogue'),
  mode: z.enum(MODES),
  degraded: z.array(z.string()),
  version: z.string(),
  uptimeSeconds: z.number().int().nonnegative(),
  viewers: count,
  agents: count,
  logError: sourceError.nullable().describe('Why the event log is kept in memory only'),
  claudeFlow: z
    .object({ name: z.string(), version: z.string() })
    .nullable()
    .describe('What it says it is; null: none answers, or the asker brought no token'),
  sources: z.array(
    z.object({ ...sourceStatus.shape, state: z.enum(SOURCE_STATES), lastError: sourceError.nullable() }),
  ),
})

export const ticketAnswer = z.object({
  success: z.literal(true),
  ticket: z.string(),
  expiresInSeconds: z.number().positive(),
})
