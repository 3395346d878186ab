// Where a WebSocket was asked for, an answer: what the relay says of itself in it, or what its status alone means.

import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { type ErrorCode, type ErrorContext, SwarmscopeError } from '../../protocol/errors.ts'
import { contextOf } from './failure.ts'
import { hostAndPort, type RelayAddress } from './relayUrl.ts'

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'RELAY_UNAUTHORIZED',
  403: 'RELAY_FORBIDDEN',
  421: 'RELAY_FORBIDDEN',
  503: 'CONNECTION_REFUSED',
}

/** A relay's errors are shorter, and come with their head. */
const MAX_BODY_BYTES = 8 * 1024
const BODY_PATIENCE_MS = 1_000

const relayError = z.looseObject({ code: z.string() })

export function refusal(statusCode: number | undefined, body: string, address: RelayAddress): SwarmscopeError {
  const code = BY_STATUS[statusCode ?? 0] ?? 'NOT_A_RELAY'
  const suggestion = statusCode === 503 ? whyNobody(body, address) : null
  const context: ErrorContext = { ...contextOf(address), ...(suggestion ? { suggestion } : {}) }
  return new SwarmscopeError(code, context)
}

/** It runs, and lets nobody in: to be told to start it would help nobody. */
function whyNobody(body: string, address: RelayAddress): string | null {
  const relay = `The relay on ${hostAndPort(address)}`
  switch (codeIn(body)) {
    case 'TOO_MANY_VIEWERS':
      return `${relay} has as many clients as it takes: close one, or start it with a larger --max-clients`
    case 'STOPPING':
      return `${relay} is stopping; it is tried again by itself. If it stays away, start it again`
    default:
      return null
  }
}

function codeIn(body: string): string | null {
  try {
    return relayError.safeParse(JSON.parse(body)).data?.code ?? null
  } catch {
    return null // no JSON: none of ours
  }
}

/** As much of the answer as comes soon; never rejects. */
export function bodyOf(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const finish = () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString())
    }
    const timer = setTimeout(finish, BODY_PATIENCE_MS)
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > MAX_BODY_BYTES) response.destroy()
    })
    response.on('error', finish)
    response.on('close', finish)
  })
}
