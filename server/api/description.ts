// Where the API describes itself, and 405 for a method that a described address does not take. Neither needs a token: they
// say what could be asked, and nothing of what is.

import { Router } from 'express'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { docsPage } from './docsPage.ts'
import { openApiDocument } from './openApi.ts'
import { OPERATIONS } from './operations.ts'
import { nonceOf } from './page.ts'

/** Mounted at the root. */
export function descriptionRouter(): Router {
  const router = Router()
  router.get('/api/v1/openapi.json', (_request, response) => void response.json(openApiDocument()))
  router.get('/api/v1/docs', (_request, response) => {
    response.type('html').send(docsPage(openApiDocument(), nonceOf(response)))
  })
  return router
}

/** Mounted before all routes of the API: express would answer OPTIONS by itself. */
export function methodsRouter(): Router {
  const methods = new Map<string, string[]>()
  for (const { path, method } of OPERATIONS) {
    const taken = methods.get(path) ?? []
    taken.push(method.toUpperCase(), ...(method === 'get' ? ['HEAD'] : []))
    methods.set(path, taken)
  }
  const router = Router()
  for (const [path, taken] of methods) {
    const ours = path.replaceAll(/\{(\w+)\}/g, ':$1')
    router.all([ours, ours.replace('/v1/bots', '/bots')], (request, response, next) => {
      if (taken.includes(request.method)) {
        next()
        return
      }
      response.set('Allow', taken.join(', '))
      throw new SwarmscopeError('METHOD_NOT_ALLOWED', {
        detail: `Instead of ${request.method} use ${taken.join(', ')}`,
      })
    })
  }
  return router
}
