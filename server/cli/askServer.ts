// Asks a server on this machine, from the commands beside it.

import { request } from 'node:http'
import { z } from 'zod'

/** Health never waits for anything: a server that takes longer hangs. */
const TIMEOUT_MS = 3_000
const MAX_ANSWER_BYTES = 4 * 1024 * 1024

const sourceError = z
  .looseObject({ error: z.string(), code: z.string(), details: z.looseObject({ suggestion: z.string() }) })
  .nullable()
const sourceStatus = z.looseObject({
  kind: z.string(),
  state: z.string(),
  url: z.string().nullable(),
  since: z.string(),
  attempt: z.number(),
  retryAt: z.string().nullable(),
  lastError: sourceError,
  counts: z.record(z.string(), z.number()).nullable().optional(),
})
/** Loose: the server may be of another version than this command. */
const healthAnswer = z.looseObject({
  status: z.string(),
  code: z.string().nullable(),
  mode: z.string(),
  version: z.string(),
  uptimeSeconds: z.number(),
  viewers: z.number(),
  agents: z.number(),
  sources: z.array(sourceStatus),
  logError: sourceError.optional(),
  claudeFlow: z.looseObject({ name: z.string(), version: z.string() }).nullable().optional(),
})
export type HealthAnswer = z.infer<typeof healthAnswer>
export type SourceAnswer = z.infer<typeof sourceStatus>

/** Rejects if it does not answer, or with something else. */
export async function askHealth(url: string, token: string | null): Promise<HealthAnswer> {
  return healthAnswer.parse(JSON.parse(await get(new URL('/api/v1/bots/health', url), token)))
}

function get(url: URL, token: string | null): Promise<string> {
  const { port } = url
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: reachable(url.hostname),
        port,
        path: url.pathname,
        // Whatever it listens on, this name is always let in.
        headers: { Host: `localhost:${port}`, ...(token === null ? {} : { Authorization: `Bearer ${token}` }) },
        agent: false,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (more: string) => {
          text += more
          if (text.length > MAX_ANSWER_BYTES) asked.destroy(new Error('the answer is too long'))
        })
        response.on('error', reject)
        response.on('end', () => resolve(text))
      },
    )
    asked.on('error', reject)
    asked.end()
  })
}

/** An address that stands for all of them is none to connect to everywhere. */
export function reachable(hostname: string): string {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (host === '0.0.0.0') return '127.0.0.1'
  return host === '::' ? '::1' : host
}
