// The reads of the bots API: lists with filter, sort and pages, single entities, totals.

import { type Request, type RequestHandler, Router } from 'express'
import type { z } from 'zod'
import { budgetOf, stuckCount, totalsOf } from '../../protocol/derive.ts'
import { SwarmscopeError } from '../../protocol/errors.ts'
import type { Agent, Entity, Link, Swarm, Task } from '../../protocol/swarm.ts'
import type { View } from '../view.ts'
import { activityOf } from './activity.ts'
import { answeredUnchanged } from './etag.ts'
import { pageOf } from './listing.ts'
import { noQuery } from './schemas/common.ts'
import {
  type activityAnswer,
  activityQuery,
  agentsQuery,
  byId,
  DATA_PARTS,
  dataQuery,
  linksQuery,
  type statusAnswer,
  swarmsQuery,
  tasksQuery,
} from './schemas/reads.ts'

/** `readable` lets viewers and operators through. */
export function readsRouter(view: View, readable: RequestHandler): Router {
  const router = Router()

  /** A list: what the query asks for, of one kind. */
  const list = <K extends Entity['entity'], Q extends { sort: string; limit: number; cursor?: string | undefined }>(
    path: string,
    kind: K,
    schema: z.ZodType<Q>,
    matches: (query: Q) => (entity: Extract<Entity, { entity: K }>) => boolean,
    name: string,
  ) =>
    router.get(path, readable, (request, response) => {
      const query = schema.parse(request.query)
      if (answeredUnchanged(request, response, [path, ...placeOf(view), query])) return
      const { sort, limit, cursor } = query
      const all = view.world.store.all(kind).values()
      const { items, total, next } = pageOf(all, { matches: matches(query), sort, limit, cursor })
      const answer = { ...positionOf(view), total, count: items.length, next }
      response.json({ ...answer, [name]: items.map(stated) })
    })

  const one = <K extends 'agent' | 'task' | 'swarm'>(path: string, kind: K) =>
    router.get(`${path}/:id`, readable, (request: Request<{ id: string }>, response) => {
      noQuery.parse(request.query)
      const { id } = byId.parse(request.params)
      const entity = view.world.store.get(kind, id)
      if (!entity) {
        throw new SwarmscopeError('NOT_FOUND', { detail: `No ${kind} has this id; /api/v1/bots${path} lists them` })
      }
      if (answeredUnchanged(request, response, [path, ...placeOf(view), id])) return
      response.json({ ...positionOf(view), [kind]: stated(entity) })
    })

  list('/agents', 'agent', agentsQuery, agentMatches, 'agents')
  list('/tasks', 'task', tasksQuery, taskMatches, 'tasks')
  list('/swarms', 'swarm', swarmsQuery, swarmMatches, 'swarms')
  list('/links', 'link', linksQuery, linkMatches, 'links')
  one('/agents', 'agent')
  one('/tasks', 'task')
  one('/swarms', 'swarm')

  router.get('/data', readable, (request, response) => {
    const query = dataQuery.parse(request.query)
    if (answeredUnchanged(request, response, ['/data', ...placeOf(view), query])) return
    response.json(dataOf(view, query))
  })

  router.get('/activity', readable, async (request, response) => {
    const query = activityQuery.parse(request.query)
    if (answeredUnchanged(request, response, ['/activity', ...placeOf(view), query])) return
    const where = positionOf(view)
    const { items, next, complete } = await activityOf(view.world, query)
    const answer: z.output<typeof activityAnswer> = { ...where, count: items.length, next, complete, activity: items }
    response.json(answer)
  })

  router.get('/status', readable, (request, response) => {
    noQuery.parse(request.query)
    const { budgetUsd, degraded, shownMs, sources, world } = view
    const totals = { ...totalsOf(world.store), stuck: stuckCount(world.store, shownMs) }
    const answer: z.output<typeof statusAnswer> = {
      ...positionOf(view),
      degraded,
      totals,
      budget: budgetOf(budgetUsd, totals),
      sources,
    }
    // The sources' attempts are not in the log, so the answer itself is what it follows from.
    if (!answeredUnchanged(request, response, ['/status', answer])) response.json(answer)
  })

  return router
}

function positionOf({ mode, world: { store } }: View) {
  return { success: true as const, mode, epoch: store.epoch, seq: store.seq }
}

const placeOf = ({ mode, world: { store } }: View) => [mode, store.epoch, store.seq]

type Query<S extends z.ZodType> = z.output<S>

const isOneOf = (wanted: readonly string[] | undefined, value: string | null): boolean =>
  wanted === undefined || (value !== null && wanted.includes(value))
const is = <T>(wanted: T | undefined, value: T): boolean => wanted === undefined || wanted === value
/** All times are spelled alike, so they compare as text. */
const isSince = (since: string | undefined, at: string): boolean => since === undefined || at >= since
const holds = (words: string | undefined, ...texts: readonly (string | null)[]): boolean =>
  words === undefined || texts.some((text) => text?.toLowerCase().includes(words.toLowerCase()))

const agentMatches = (query: Query<typeof agentsQuery>) => (agent: Agent) =>
  isOneOf(query.status, agent.status) &&
  isOneOf(query.kind, agent.kind) &&
  isOneOf(query.type, agent.type) &&
  isOneOf(query.origin, agent.origin) &&
  is(query.sourceId, agent.sourceId) &&
  is<string | null>(query.swarmId, agent.swarmId) &&
  is<string | null>(query.parentId, agent.parentId) &&
  is(query.attention, agent.attention !== null) &&
  isSince(query.updatedSince, agent.updatedAt) &&
  holds(query.q, agent.name, agent.type, agent.id, agent.currentTask)

const taskMatches = (query: Query<typeof tasksQuery>) => (task: Task) =>
  isOneOf(query.status, task.status) &&
  isOneOf(query.type, task.type) &&
  isOneOf(query.priority, task.priority) &&
  is(query.sourceId, task.sourceId) &&
  is<string | null>(query.swarmId, task.swarmId) &&
  (query.assignedTo === undefined || task.assignedTo.includes(query.assignedTo)) &&
  isSince(query.updatedSince, task.updatedAt) &&
  holds(query.q, task.id, task.description)

const swarmMatches = (query: Query<typeof swarmsQuery>) => (swarm: Swarm) =>
  isOneOf(query.status, swarm.status) &&
  isOneOf(query.topology, swarm.topology) &&
  is(query.sourceId, swarm.sourceId) &&
  holds(query.q, swarm.id, swarm.name)

const linkMatches = (query: Query<typeof linksQuery>) => (link: Link) =>
  isOneOf(query.kind, link.kind) &&
  is(query.sourceId, link.sourceId) &&
  is(query.source, link.source) &&
  is(query.target, link.target) &&
  (query.end === undefined || query.end === link.source || query.end === link.target)

function dataOf(view: View, { include, sourceId, swarmId, limit }: Query<typeof dataQuery>) {
  const { store } = view.world
  const ofSource = (entity: { sourceId: string }) => is(sourceId, entity.sourceId)
  const ofSwarm = (entity: { sourceId: string; swarmId: string | null }) =>
    ofSource(entity) && is<string | null>(swarmId, entity.swarmId)
  const isShown = (id: string) => {
    const end = store.get('agent', id) ?? store.get('task', id)
    return end !== undefined && ofSwarm(end)
  }
  const first = <E extends Agent | Task | Swarm | Link>(all: Iterable<E>, matches: (entity: E) => boolean) =>
    pageOf(all, { matches, sort: 'id', limit, cursor: undefined })
  const parts = {
    agents: () => first(store.all('agent').values(), ofSwarm),
    links: () =>
      first(
        store.all('link').values(),
        (link) => ofSource(link) && (swarmId === undefined || (isShown(link.source) && isShown(link.target))),
      ),
    tasks: () => first(store.all('task').values(), ofSwarm),
    swarms: () => first(store.all('swarm').values(), (swarm) => ofSource(swarm) && is(swarmId, swarm.id)),
  }
  const totals: Record<string, number> = {}
  const lists: Record<string, unknown[]> = {}
  for (const part of include ?? DATA_PARTS) {
    const { total, items } = parts[part]()
    totals[part] = total
    lists[part] = items.map(stated)
  }
  return { ...positionOf(view), totals, ...lists }
}

/** An entity as the API gives it: without what only frames need. */
function stated<E extends Entity>({ entity: _, rev: __, ...fields }: E): Omit<E, 'entity' | 'rev'> {
  return fields
}
