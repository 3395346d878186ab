// The built web app: one page, its assets, under a strict CSP with a nonce of its own for each answer.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import express, { type RequestHandler, Router } from 'express'
import helmet from 'helmet'

const NONCE_MARK = /__CSP_NONCE__/g

/** A folder is a 404 like all that is not there: the redirect to it would be HTML. */
const STATIC = { index: false, redirect: false, dotfiles: 'ignore' } as const

export function securityHeaders(): RequestHandler[] {
  return [
    (_request, response, next) => {
      response.locals.cspNonce = randomBytes(16).toString('base64')
      next()
    },
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          'default-src': ["'none'"],
          'script-src': ["'self'", "'wasm-unsafe-eval'"],
          'style-src': ["'self'", (_request, response) => `'nonce-${nonceOf(response)}'`],
          'worker-src': ["'self'"],
          'font-src': ["'self'"],
          'manifest-src': ["'self'"],
          'connect-src': ["'self'"],
          'img-src': ["'self'", 'data:', 'blob:'],
          'base-uri': ["'none'"],
          'form-action': ["'none'"],
          'frame-ancestors': ["'none'"],
        },
      },
      // Plain http on loopback is lawful; TLS is the reverse proxy's until we serve it ourselves.
      strictTransportSecurity: false,
      referrerPolicy: { policy: 'no-referrer' },
    }),
  ]
}

const nonceOf = (response: object): string => (response as { locals?: { cspNonce?: string } }).locals?.cspNonce ?? ''

/** `webDir`: the built app. Throws if there is none. */
export function pageRouter(webDir: string): Router {
  const page = readFileSync(join(webDir, 'index.html'), 'utf8')
  const router = Router()
  router.get(['/', '/index.html'], (_request, response) => {
    response
      .type('html')
      .set('Cache-Control', 'no-store')
      .send(page.replace(NONCE_MARK, nonceOf(response)))
  })
  router.use(
    '/assets',
    // Their names hold a hash of their contents.
    express.static(join(webDir, 'assets'), { immutable: true, maxAge: '365d', ...STATIC }),
  )
  router.use(express.static(webDir, { maxAge: '1h', ...STATIC }))
  return router
}
