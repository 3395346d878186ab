// Asks a relay how it is, as `relay status` needs it: one request with its bounds, every failure in the catalogue's words.

import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { z } from 'zod'
import { type ErrorBody, type ErrorCode, errorBody } from '../protocol/errors.ts'
import { relayError } from '../protocol/relayWire.ts'

const ANSWER_TIMEOUT_MS = 5_000
/** Health is some kilobytes: twenty lines of stderr and a few names. */
const MAX_ANSWER_BYTES = 1024 * 1024

/** What stands behind `.optional()` only those get who show the token. */
const relayHealth = z.looseObject({
  status: z.enum(['healthy', 'degraded', 'down']),
  version: z.string(),
  startedAt: z.string(),
  project: z.looseObject({ name: z.string(), host: z.string(), root: z.string().optional() }),
  child: z.looseObject({
    state: z.string(),
    serverInfo: z.object({ name: z.string(), version: z.string() }).nullable(),
    restarts: z.number(),
    uptimeSeconds: z.number().nullable(),
    errorCode: z.string().nullable(),
    pid: z.number().nullable().optional(),
    lastError: relayError.nullable().optional(),
    stderr: z.array(z.string()).optional(),
  }),
  clients: z.number(),
  watching: z.array(z.string()),
  pid: z.number().optional(),
  url: z.string().optional(),
  logFile: z.string().nullable().optional(),
  asksForToken: z.boolean().optional(),
  pending: z.number().optional(),
})
export type RelayHealth = z.infer<typeof relayHealth>

export interface HealthQuestion {
  host: string
  port: number
  /** `ca`: in PEM. Absent: no TLS. */
  tls: { ca: Buffer | undefined } | undefined
  token: string | null
  timeoutMs?: number
}

export type HealthAnswer = { type: 'answered'; health: RelayHealth } | { type: 'failed'; error: ErrorBody }

const BY_SYSTEM_CODE: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'CONNECTION_REFUSED',
  ENOTFOUND: 'HOST_NOT_FOUND',
  EAI_AGAIN: 'HOST_NOT_FOUND',
  ETIMEDOUT: 'CONNECTION_TIMEOUT',
  EHOSTUNREACH: 'HOST_UNREACHABLE',
  ENETUNREACH: 'HOST_UNREACHABLE',
  ECONNRESET: 'CONNECTION_LOST',
}

/** Never rejects. */
export async function askHealth(question: HealthQuestion): Promise<HealthAnswer> {
  const { host, port } = question
  const failed = (code: ErrorCode, suggestion?: string): HealthAnswer => {
    const error = errorBody(code, { host, port })
    return { type: 'failed', error: suggestion === undefined ? error : { ...error, details: { suggestion } } }
  }
  try {
    const { status, body } = await get(question)
    const health = relayHealth.safeParse(body)
    if (health.success) return { type: 'answered', health: health.data }
    // It does not know the name by which it was asked.
    return failed(status === 421 || status === 403 ? 'RELAY_FORBIDDEN' : 'NOT_A_RELAY')
  } catch (error) {
    const tls = tlsFault(error as SocketError, question)
    if (tls !== null) return failed('TLS_FAILED', tls)
    const code = BY_SYSTEM_CODE[(error as SocketError).code ?? ''] ?? 'NOT_A_RELAY'
    // So does a TLS server, too, when it is spoken to in the clear.
    const hungUp = `${host}:${port} hung up without an answer: if it speaks TLS, say --tls or --tls-ca FILE`
    return code === 'CONNECTION_LOST' && !question.tls ? failed(code, hungUp) : failed(code)
  }
}

interface SocketError extends NodeJS.ErrnoException {
  /** What an HTTP parser could not read. */
  rawPacket?: Uint8Array
}

/** First byte of what a TLS server says to somebody who speaks plain HTTP: an alert. */
const TLS_ALERT = 0x15

/** What to do about it; `null`: it is not about TLS. */
function tlsFault({ code = '', message, rawPacket }: SocketError, { host, port, tls }: HealthQuestion): string | null {
  const at = `${host}:${port}`
  if (!tls) return rawPacket?.[0] === TLS_ALERT ? `${at} speaks TLS only: say --tls, or --tls-ca FILE` : null
  if (/wrong version number|packet length too long/.test(message)) return `${at} speaks no TLS: leave out --tls`
  if (!/CERT|SSL|TLS|EPROTO|SIGNATURE/.test(code)) return null
  return `${message}: check --host, and that --tls-ca FILE has the certificate of ${at}, or its authority's`
}

function get({ host, port, tls, token, timeoutMs = ANSWER_TIMEOUT_MS }: HealthQuestion) {
  return new Promise<{ status: number; body: unknown }>((resolve, reject) => {
    const options = {
      host: host.replace(/^\[|\]$/g, ''),
      port,
      path: '/health',
      agent: false,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(timeoutMs),
    }
    const onAnswer = (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > MAX_ANSWER_BYTES) request.destroy(new Error('too much'))
        else chunks.push(chunk)
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks)) }))
      response.on('error', reject)
    }
    const request = tls
      ? httpsRequest({ ...options, ...(tls.ca ? { ca: tls.ca } : {}) }, onAnswer)
      : httpRequest(options, onAnswer)
    request.on('error', (error: NodeJS.ErrnoException) => {
      const isLate = error.name === 'AbortError' || error.name === 'TimeoutError'
      reject(isLate ? Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }) : error)
    })
    request.end()
  })
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return null // what is no JSON is no relay's answer either
  }
}
