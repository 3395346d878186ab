// The bots API: reads of the shown world, and commands that go to claude-flow. Mounted at /api/v1/bots and /api/bots.

import { type RequestHandler, Router } from 'express'
import type { Hub } from '../hub/hub.ts'
import { type CommandsOptions, commandsRouter } from './commands.ts'
import { answerHealth } from './health.ts'
import { readsRouter } from './reads.ts'

export interface BotsOptions extends CommandsOptions {
  hub: Hub
}

export function botsRouter(options: BotsOptions): Router {
  const { view, guard } = options
  const router = Router()
  const readable: RequestHandler = (request, _response, next) => {
    guard.require(request, 'viewer')
    next()
  }

  router.get('/health', answerHealth(options))
  router.use(readsRouter(view, readable))
  router.use(commandsRouter(options))
  return router
}
