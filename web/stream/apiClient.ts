// Asks the bots API with the page's token. What comes back is an answer, or an error in the API's own words; nothing is
// thrown, and a server that is not there is an error like others.

import type { SourceError } from '../../protocol/swarm.ts'
import { serverUnreachable } from './lineErrors.ts'
import { currentToken } from './token.ts'

export type Answer = { type: 'ok'; body: Record<string, unknown> } | { type: 'failed'; error: SourceError }

export interface Ask {
  method?: 'GET' | 'POST' | 'DELETE'
  body?: object
  /** A command that is sent again with its key is done once. */
  idempotencyKey?: string
  signal?: AbortSignal
}

/** Longer than claude-flow takes for any of it. */
const TIMEOUT_MS = 60_000

export async function askApi(
  path: string,
  { method = 'GET', body, idempotencyKey, signal }: Ask = {},
  fetcher: typeof fetch = fetch,
): Promise<Answer> {
  const headers: Record<string, string> = { Authorization: `Bearer ${currentToken() ?? ''}` }
  if (body) headers['Content-Type'] = 'application/json'
  if (idempotencyKey !== undefined) headers['Idempotency-Key'] = idempotencyKey
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  try {
    const response = await fetcher(`/api/v1/bots${path}`, {
      method,
      headers,
      cache: 'no-store',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const answer: unknown = await response.json()
    if (isRecord(answer) && response.ok) return { type: 'ok', body: answer }
    return { type: 'failed', error: errorIn(answer) }
  } catch {
    return { type: 'failed', error: serverUnreachable() }
  }
}

function errorIn(body: unknown): SourceError {
  const { error, code, details } = isRecord(body) ? body : {}
  if (typeof error !== 'string' || typeof code !== 'string') return serverUnreachable()
  const suggestion = isRecord(details) && typeof details.suggestion === 'string' ? details.suggestion : ''
  return { error, code, details: { suggestion } }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** Unguessable, also where the page is no secure context and has no `randomUUID`. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
