// Every error of the API leaves here, in the one shape: never HTML, never a stack.

import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { z } from 'zod'
import type { Logger } from '../../platform/log.ts'
import { type ErrorCode, SwarmscopeError } from '../../protocol/errors.ts'

/** A thrown or rejected error of a handler, a parser or the router. */
export function answerErrors(log: Logger, onError: (code: ErrorCode, request: Request) => void = () => undefined) {
  return (error: unknown, request: Request, response: Response, next: NextFunction): void => {
    const known = toSwarmscopeError(error)
    onError(known.code, request)
    if (known.code === 'INTERNAL') log.error({ err: error }, 'a request failed')
    if (response.headersSent) {
      next(error) // too late for an answer: express ends the connection
      return
    }
    if (known.status === 401) response.set('WWW-Authenticate', 'Bearer error="invalid_token"')
    const pauseMs = known.context.retryAfterMs ?? (known.status === 503 ? 5_000 : null)
    if (pauseMs !== null) response.set('Retry-After', String(Math.ceil(pauseMs / 1000)))
    response.status(known.status).json(known.body)
  }
}

export const answerNotFound: RequestHandler = (request) => {
  throw new SwarmscopeError('NOT_FOUND', {
    detail: `No route for ${request.method} here: see the API list in README.md`,
  })
}

/** JavaScript's `undefined` says nothing to whoever left something out. */
const wordsOf = ({ code, message }: z.core.$ZodIssue): string =>
  code === 'invalid_type' && message.endsWith('received undefined') ? 'is missing' : message

export function toSwarmscopeError(error: unknown): SwarmscopeError {
  if (error instanceof SwarmscopeError) return error
  if (error instanceof z.ZodError) {
    const [issue] = error.issues
    const where = issue?.path.join('.')
    return new SwarmscopeError('BAD_REQUEST', {
      detail: `${where ? `${where}: ` : ''}${issue ? wordsOf(issue) : 'not valid'}`,
    })
  }
  // body-parser and the router say what is wrong in `type` and `status`.
  const { type, status } = error as { type?: string; status?: number }
  if (type === 'entity.too.large') return new SwarmscopeError('TOO_LARGE')
  if (type === 'entity.parse.failed')
    return new SwarmscopeError('BAD_REQUEST', { detail: 'The body is not valid JSON' })
  if (status === 415 || type === 'encoding.unsupported' || type === 'charset.unsupported') {
    return new SwarmscopeError('UNSUPPORTED_MEDIA_TYPE')
  }
  if (error instanceof URIError || status === 400) {
    return new SwarmscopeError('BAD_REQUEST', { detail: 'The address or the body is not well-formed' })
  }
  return new SwarmscopeError('INTERNAL', {}, { cause: error })
}
