// The bots API: reads of the shown world, and commands that go to claude-flow. Mounted at /api/v1/bots and /api/bots.

import express, { type Request, type RequestHandler, Router } from 'express'
import { z } from 'zod'
import { totalsOf } from '../../protocol/derive.ts'
import { SwarmscopeError } from '../../protocol/errors.ts'
import type { Entity } from '../../protocol/swarm.ts'
import type { Guard } from '../guard/guard.ts'
import type { Hub } from '../hub/hub.ts'
import type { ClaudeFlowSource } from '../sources/claudeFlow/claudeFlowSource.ts'
import { initializeSwarm, spawnAgent } from '../sources/claudeFlow/commands.ts'
import type { View } from '../view.ts'
import { answerHealth } from './health.ts'

export interface BotsOptions {
  view: View
  hub: Hub
  guard: Guard
  demo: boolean
  isDraining: () => boolean
  /** Where commands go; `null`: nowhere (`--demo`). */
  claudeFlow: ClaudeFlowSource | null
}

/** Commands are small. */
const MAX_BODY = '64kb'

const name = z.string().trim().min(1).max(100)

const swarmBody = z.object({
  topology: name.default('hierarchical'),
  maxAgents: z.number().int().min(1).max(1_000).default(8),
  strategy: name.default('adaptive'),
  /** claude-flow 2.x and 3.x have no such switch; taken for the sake of callers, without effect. */
  enableNeural: z.boolean().default(false),
  agentTypes: z.array(name).max(100).default([]),
  customPrompt: z.string().max(4_000).default(''),
})

const spawnBody = z.object({
  agentType: name.default('coder'),
  name: name.nullish().transform((value) => value ?? null),
  swarmId: name.nullish().transform((value) => value ?? null),
  task: z
    .string()
    .max(4_000)
    .nullish()
    .transform((value) => value ?? null),
})

export function botsRouter(options: BotsOptions): Router {
  const { view, guard } = options
  const router = Router()
  const readable: RequestHandler = (request, _response, next) => {
    guard.require(request, 'viewer')
    next()
  }
  const operable: RequestHandler[] = [
    (request, _response, next) => {
      guard.require(request, 'operator')
      // A web page can send text or a form anywhere without being asked first, but not JSON. No type at all is what
      // programs send with no body.
      if (request.headers['content-type'] !== undefined && request.is('application/json') === false) {
        throw new SwarmscopeError('UNSUPPORTED_MEDIA_TYPE')
      }
      next()
    },
    express.json({ limit: MAX_BODY, type: () => true }),
  ]

  router.get('/health', answerHealth(options))

  router.get('/agents', readable, (_request, response) => {
    const agents = list(view, 'agent')
    response.json({ success: true, mode: view.mode, count: agents.length, agents })
  })

  router.get('/agents/:id', readable, (request: Request<{ id: string }>, response) => {
    const agent = view.world.store.get('agent', request.params.id)
    if (!agent)
      throw new SwarmscopeError('NOT_FOUND', { detail: 'No agent has this id; /api/v1/bots/agents lists them' })
    response.json({ success: true, mode: view.mode, agent: stated(agent) })
  })

  router.get('/data', readable, (_request, response) => {
    response.json({
      success: true,
      mode: view.mode,
      agents: list(view, 'agent'),
      links: list(view, 'link').map(({ sourceId: _, mock: __, ...link }) => link),
      tasks: list(view, 'task'),
      swarms: list(view, 'swarm'),
    })
  })

  router.get('/status', readable, (_request, response) => {
    const { mode, degraded, sources, world } = view
    response.json({ success: true, mode, degraded, totals: totalsOf(world.store), sources })
  })

  router.post('/initialize-swarm', ...operable, async (request, response) => {
    const { topology, maxAgents, strategy, agentTypes, customPrompt } = swarmBody.parse(request.body ?? {})
    const order = { topology, maxAgents, strategy, agentTypes, customPrompt }
    response.json({ success: true, ...(await initializeSwarm(commandable(options), order)) })
  })

  router.post('/spawn-agent-hybrid', ...operable, async (request, response) => {
    const order = spawnBody.parse(request.body ?? {})
    const agentId = await spawnAgent(commandable(options), order)
    response.json({ success: true, agentId, agentType: order.agentType, swarmId: order.swarmId })
  })

  return router
}

function commandable({ claudeFlow }: BotsOptions): ClaudeFlowSource {
  if (claudeFlow) return claudeFlow
  throw new SwarmscopeError('NOT_CONNECTED', {
    detail: 'This is the demo: start without --demo to command claude-flow',
  })
}

const list = <K extends Entity['entity']>(view: View, kind: K) =>
  [...view.world.store.all(kind).values()].map((entity) => stated(entity))

/** An entity as the API gives it: without what only frames need. */
function stated<E extends Entity>({ entity: _, rev: __, ...fields }: E): Omit<E, 'entity' | 'rev'> {
  return fields
}
