// The built web app: one page, its assets, under a strict CSP with a nonce of its own for each answer.

import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { type RequestHandler, Router } from 'express'
import helmet from 'helmet'

const NONCE_MARK = /__CSP_NONCE__/g

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
      // A browser would hold it against plain http on the same name: on loopback, on another port, without TLS tomorrow.
      strictTransportSecurity: false,
      referrerPolicy: { policy: 'no-referrer' },
    }),
  ]
}

export const nonceOf = (response: object): string =>
  (response as { locals?: { cspNonce?: string } }).locals?.cspNonce ?? ''

interface WebFile {
  body: Buffer
  /** File name ending, for the media type. */
  extension: string
  cacheControl: string
}

/**
 * The built app (`webDir`), read once: a rebuild while we run must not take the files away under an open page. Throws if
 * there is none.
 */
export function pageRouter(webDir: string): Router {
  const files = readWebFiles(webDir)
  const page = files.get('/index.html')?.body.toString('utf8')
  if (page === undefined) throw new Error('the web app has no index.html')
  const router = Router()
  router.get(['/', '/index.html'], (_request, response) => {
    response
      .type('html')
      .set('Cache-Control', 'no-store')
      .send(page.replace(NONCE_MARK, nonceOf(response)))
  })
  router.get(/.*/, (request, response, next) => {
    const file = files.get(request.path)
    if (file) response.type(file.extension).set('Cache-Control', file.cacheControl).send(file.body)
    else next()
  })
  return router
}

function readWebFiles(webDir: string): Map<string, WebFile> {
  const files = new Map<string, WebFile>()
  for (const entry of readdirSync(webDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.startsWith('.')) continue
    const path = `/${relative(webDir, join(entry.parentPath, entry.name)).split(sep).join('/')}`
    // The names of assets hold a hash of their contents.
    const cacheControl = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'public, max-age=3600'
    files.set(path, { body: readFileSync(join(webDir, path)), extension: extname(path), cacheControl })
  }
  return files
}
