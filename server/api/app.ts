// The Express app: guard first, then the API, then the page; whatever is left is a 404 in the one shape.

import express, { type Express, type RequestHandler } from 'express'
import type { Logger } from '../../platform/log.ts'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { type RateLimitsOptions, rateLimits } from '../guard/rateLimits.ts'
import { TICKET_LIFETIME_MS, type Tickets } from '../guard/tickets.ts'
import type { History } from '../history/history.ts'
import { historyRouter } from '../history/historyRouter.ts'
import { serveEvents } from '../hub/sse.ts'
import type { ServerMetrics } from '../metrics.ts'
import { type BotsOptions, botsRouter } from './bots.ts'
import { descriptionRouter, methodsRouter } from './description.ts'
import { answerErrors, answerNotFound } from './errors.ts'
import { healthOf } from './health.ts'
import { pageRouter, securityHeaders } from './page.ts'

export interface AppOptions extends BotsOptions {
  log: Logger
  metrics: ServerMetrics
  /** Requests per client and window; if not said, `RATE_LIMITS`. */
  limits?: RateLimitsOptions['limits']
  tickets: Tickets
  /** `null`: there is none to ask. */
  history: Pick<History, 'ask'> | null
  /** The built web app; `null`: none is served (tests of the API alone). */
  webDir: string | null
}

export function createApp(options: AppOptions): Express {
  const { guard, hub, tickets, webDir, log, metrics, audit } = options
  const app = express()
  app.set('query parser', 'simple')
  app.set('etag', false)
  app.disable('x-powered-by')

  // Probes come by address, without a token, and learn one bit.
  app.get('/livez', (_request, response) => void response.status(200).end())
  app.get('/readyz', (_request, response) => void response.status(options.isDraining() ? 503 : 200).end())

  app.use(audit.watch())
  app.use(securityHeaders())
  app.use((request, _response, next) => {
    guard.checkAccess(request)
    // express would answer `*` with 304 everywhere, also health, which has no ETag.
    if (request.headers['if-none-match'] === '*') delete request.headers['if-none-match']
    next()
  })

  app.use(methodsRouter())
  const api = express.Router()
  api.use(noStore)
  api.use(refuseWhileDraining(options.isDraining))
  const limited = rateLimits({
    guard,
    ...(options.limits ? { limits: options.limits } : {}),
    onLimited: (policy) => metrics.rateLimited.add(policy),
  })
  api.use(limited)
  api.use(['/v1/bots', '/bots'], botsRouter(options))
  const { history, view } = options
  const askHistory = history?.ask.bind(history) ?? null
  api.use('/v1/history', historyRouter({ guard, askHistory, view }))
  api.post('/v1/ticket', (request, response) => {
    const role = guard.require(request, 'viewer')
    // A page cannot see why its WebSocket was refused; this answer it can read.
    if (hub.isFull) throw new SwarmscopeError('TOO_MANY_VIEWERS')
    response.json({ success: true, ticket: tickets.issue(role), expiresInSeconds: TICKET_LIFETIME_MS / 1000 })
  })
  api.get('/v1/events', (request, response) => {
    guard.require(request, 'viewer')
    serveEvents(request, response, hub)
  })
  app.use('/api', api)
  app.get('/metrics', noStore, limited, answerMetrics(options))
  app.use(descriptionRouter())
  app.use('/api', answerNotFound)

  if (webDir !== null) app.use(pageRouter(webDir))
  app.use(answerNotFound)
  app.use(
    answerErrors(log, (code, request) => {
      metrics.errors.add(code)
      audit.failed(request, code)
    }),
  )
  return app
}

const noStore: RequestHandler = (_request, response, next) => {
  response.set('Cache-Control', 'no-store')
  next()
}

function answerMetrics({ metrics, view, hub, guard, demo, isDraining }: AppOptions): RequestHandler {
  const health = () => healthOf({ view, hub, demo, draining: isDraining(), trusted: true })
  return async (request, response) => {
    guard.require(request, 'viewer')
    const { type, text } = await metrics.text({ view, hub, health })
    response.set('Content-Type', type).send(text)
  }
}

/** Reads go on to the end; what begins something does not begin any more. */
function refuseWhileDraining(isDraining: () => boolean): RequestHandler {
  return (request, response, next) => {
    if (isDraining()) {
      // Or the connection would be kept for more.
      response.set('Connection', 'close')
      const begins = (request.method !== 'GET' && request.method !== 'HEAD') || request.path === '/v1/events'
      if (begins) throw new SwarmscopeError('STOPPING')
    }
    next()
  }
}
