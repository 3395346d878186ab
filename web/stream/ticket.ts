// Asks for the single-use ticket with which a browser's WebSocket proves itself.

import type { SourceError } from '../../protocol/swarm.ts'
import { serverUnreachable } from './lineErrors.ts'

export type TicketResult =
  | { type: 'ticket'; ticket: string }
  | { type: 'refused'; error: SourceError }
  | { type: 'failed'; error: SourceError; retryAfterMs?: number }

const TICKET_TIMEOUT_MS = 8_000

export async function requestTicket(token: string, signal: AbortSignal): Promise<TicketResult> {
  let response: Response
  let body: unknown
  try {
    response = await fetch('/api/v1/ticket', {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
      cache: 'no-store',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TICKET_TIMEOUT_MS)]),
    })
    body = await response.json()
  } catch {
    return { type: 'failed', error: serverUnreachable() }
  }
  if (isRecord(body) && typeof body.ticket === 'string') return { type: 'ticket', ticket: body.ticket }
  const error = errorIn(body) ?? serverUnreachable()
  if (response.status === 401) return { type: 'refused', error }
  // Always in seconds here; as a date (NaN) it counts as none.
  const retryAfterMs = Number(response.headers.get('Retry-After')) * 1_000 || 0
  return { type: 'failed', error, retryAfterMs }
}

function errorIn(body: unknown): SourceError | null {
  if (!isRecord(body) || typeof body.error !== 'string' || typeof body.code !== 'string') return null
  const suggestion = isRecord(body.details) ? body.details.suggestion : null
  return {
    error: body.error,
    code: body.code,
    details: { suggestion: typeof suggestion === 'string' ? suggestion : '' },
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
