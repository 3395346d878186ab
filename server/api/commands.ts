// The commands of the bots API: for operators alone, each done once for its idempotency key, each with its line in the
// audit.

import { createHash } from 'node:crypto'
import express, { type Request, type RequestHandler, type Response, Router } from 'express'
import type { z } from 'zod'
import { type ErrorCode, SwarmscopeError } from '../../protocol/errors.ts'
import type { Guard } from '../guard/guard.ts'
import type { ClaudeFlowSource } from '../sources/claudeFlow/claudeFlowSource.ts'
import * as claudeFlow from '../sources/claudeFlow/commands.ts'
import type { View } from '../view.ts'
import type { Audit } from './audit.ts'
import type { Idempotency, Outcome } from './idempotency.ts'
import {
  assignBody,
  commandById,
  idempotencyKey,
  initializeBody,
  spawnBody,
  swarmBody,
  taskBody,
  updateBody,
} from './schemas/commands.ts'
import { noQuery } from './schemas/common.ts'

export interface CommandsOptions {
  view: View
  guard: Guard
  isDraining: () => boolean
  /** Where commands go; `null`: nowhere (`--demo`, `--no-claude-flow`). */
  claudeFlow: ClaudeFlowSource | null
  demo: boolean
  audit: Audit
  idempotency: Idempotency
}

/** Commands are small. */
const MAX_BODY = '64kb'

/** Refused before claude-flow was asked: the same key may try again. */
const NOTHING_DONE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'RATE_LIMITED',
  'TOO_LARGE',
  'TOOL_NOT_ALLOWED',
  'CHILD_NOT_FOUND',
  'STOPPING',
])

type Source = ClaudeFlowSource
type Params = { id?: string }

interface Command<B> {
  /** The same for its aliases: a key is for what is done, not for how it is called. */
  name: string
  body: z.ZodType<B> | null
  /** What is done, with ids of claude-flow's own; the answer's fields. */
  run: (source: Source, order: { body: B; id: string; native: (kind: Kind, id: string) => string }) => Promise<object>
  /** What the `:id` of the path names. */
  kind?: Kind
}

type Kind = 'agent' | 'task' | 'swarm'

export function commandsRouter(options: CommandsOptions): Router {
  const { view, audit, idempotency } = options
  const router = Router()
  const json = express.json({ limit: MAX_BODY, type: () => true })
  const mayOperate: RequestHandler = (request, _response, next) => {
    checkOperator(options, request)
    next()
  }

  const command = <B>(method: 'post' | 'delete', path: string, { name, body: schema, kind, run }: Command<B>) => {
    router[method](path, mayOperate, json, async (request: Request<Params>, response: Response) => {
      noQuery.parse(request.query)
      const id = kind ? commandById.parse(request.params).id : ''
      const body = (schema ? schema.parse(request.body ?? {}) : undefined) as B
      const key = keyOf(request)
      const source = commandable(options)
      const native = (of: Kind, given: string) => nativeIdOf(view, of, given)
      audit.runs(request)
      const attempt = (begin?: () => Promise<void>) =>
        outcomeOf(source, () => run(source, { body, id: kind ? native(kind, id) : '', native }), begin)
      const { outcome, replayed } =
        key === undefined
          ? { outcome: await attempt(), replayed: false }
          : await idempotency.once(key, hashOf([name, id, body]), attempt)
      if (replayed) response.set('Idempotency-Replayed', 'true')
      if (outcome.type === 'failed') {
        audit.failed(request, outcome.error.code, replayed)
        throw outcome.error
      }
      audit.done(request, outcome.body, replayed)
      response.json({ success: true, mode: view.mode, ...outcome.body })
    })
  }

  const initSwarm: Command<z.output<typeof swarmBody>> = {
    name: 'init-swarm',
    body: swarmBody,
    run: async (source, { body }) => ({ swarmId: await claudeFlow.initSwarm(source, body) }),
  }
  const spawn: Command<z.output<typeof spawnBody>> = {
    name: 'spawn-agent',
    body: spawnBody,
    run: async (source, { body, native }) => {
      const swarmId = body.swarmId === null ? null : native('swarm', body.swarmId)
      const agentId = await claudeFlow.spawnAgent(source, { ...body, swarmId })
      return { agentId, agentType: body.agentType, swarmId: body.swarmId }
    },
  }
  const cancel: Command<undefined> = {
    name: 'cancel-task',
    body: null,
    kind: 'task',
    run: async (source, { id }) => {
      await claudeFlow.cancelTask(source, id)
      return { taskId: id }
    },
  }

  command('post', '/swarms', initSwarm)
  command('post', '/initialize-swarm', {
    name: 'initialize-swarm',
    body: initializeBody,
    run: (source, { body: { enableNeural: _, ...order } }) => claudeFlow.initializeSwarm(source, order),
  })
  command('post', '/agents', spawn)
  command('post', '/spawn-agent-hybrid', spawn)
  command('delete', '/agents/:id', {
    name: 'terminate-agent',
    body: null,
    kind: 'agent',
    run: async (source, { id }) => {
      await claudeFlow.terminateAgent(source, id)
      return { agentId: id }
    },
  })
  command('post', '/tasks', {
    name: 'create-task',
    body: taskBody,
    run: async (source, { body, native }) => {
      const assignTo = body.assignTo.map((id) => native('agent', id))
      return { taskId: await claudeFlow.createTask(source, { ...body, assignTo }) }
    },
  })
  command('post', '/tasks/:id/assign', {
    name: 'assign-task',
    body: assignBody,
    kind: 'task',
    run: async (source, { body, id, native }) => {
      const agentIds = body.agentIds.map((agentId) => native('agent', agentId))
      await claudeFlow.assignTask(source, id, agentIds)
      return { taskId: id, agentIds }
    },
  })
  command('delete', '/tasks/:id', cancel)
  command('delete', '/remove-task/:id', cancel)
  command('post', '/update', {
    name: 'update',
    body: updateBody,
    run: async (source, { body, native }) => {
      const { agentId, taskId, status, health, progress } = body
      if (agentId !== undefined) {
        const id = native('agent', agentId)
        await claudeFlow.updateAgent(source, id, { status, health })
        return { agentId: id }
      }
      const id = native('task', taskId ?? '')
      await claudeFlow.updateTask(source, id, { status, progress })
      return { taskId: id }
    },
  })
  return router
}

function checkOperator({ guard, isDraining }: CommandsOptions, request: Request): void {
  guard.require(request, 'operator')
  if (isDraining()) throw new SwarmscopeError('STOPPING')
  // A web page can send text or a form anywhere without being asked first, but not JSON. No type at all is what
  // programs send with no body.
  if (request.headers['content-type'] !== undefined && request.is('application/json') === false) {
    throw new SwarmscopeError('UNSUPPORTED_MEDIA_TYPE')
  }
}

function commandable({ claudeFlow: source, demo }: CommandsOptions): Source {
  if (source) return source
  throw new SwarmscopeError('NOT_CONNECTED', {
    detail: demo
      ? 'This is a demo or a replay: start without --demo and --replay to command claude-flow'
      : 'This server does without claude-flow: start it without --no-claude-flow to command one',
  })
}

function keyOf(request: Request): string | undefined {
  const given = request.headers['idempotency-key']
  return given === undefined ? undefined : idempotencyKey.parse(given)
}

const hashOf = (what: unknown): string => createHash('sha256').update(JSON.stringify(what)).digest('base64')

/** Rejects only if nothing was done. `begin`: waited for when the next thing is to do it. */
export async function outcomeOf(
  source: Pick<Source, 'ready'>,
  run: () => Promise<object>,
  begin: () => Promise<void> = () => Promise.resolve(),
): Promise<Outcome> {
  await source.ready()
  await begin()
  try {
    return { type: 'done', body: await run() }
  } catch (error) {
    // A bug of ours may come after what it was to do was done.
    const known = error instanceof SwarmscopeError ? error : new SwarmscopeError('INTERNAL', {}, { cause: error })
    if (NOTHING_DONE.has(known.code)) throw known
    return { type: 'failed', error: known }
  }
}

/**
 * claude-flow's own id. What the world does not know passes as it is: it may be so new that no event told of it yet, and
 * claude-flow says so if there is none.
 */
function nativeIdOf(view: View, kind: Kind, id: string): string {
  const known = view.world.store.get(kind, id)
  if (!known) return id
  if (known.mock) throw new SwarmscopeError('NOT_FOUND', { detail: `This ${kind} is made up, for the demo` })
  if (known.origin !== 'claude-flow') {
    throw new SwarmscopeError('NOT_FOUND', {
      detail: `claude-flow has no such ${kind}: it was seen by ${known.origin}`,
    })
  }
  return known.nativeId
}
