// What is told beside the sources of requests that were refused.

import { expect, test } from 'vitest'
import { IngestCounts } from '../../../server/ingest/counts.ts'
import { startIngest } from '../../helpers/ingestServer.ts'
import { bearer, TOKENS } from '../../helpers/testServer.ts'

test('[I13] only who has the token, and found no room, lost something: nobody else has it said', async () => {
  const counts = new IngestCounts()
  const told: Record<string, number> = {}
  counts.tellTo((what, more) => {
    told[what] = (told[what] ?? 0) + more
  })
  const server = await startIngest({ counts, limits: { anonymous: 3, ingest: 4 } })
  try {
    const strangers = [{ Authorization: '' }, bearer('x'), bearer(TOKENS.viewer), bearer('y')]
    const refused: number[] = []
    for (const headers of strangers) refused.push((await server.hook('{}', { headers })).status)
    refused.push((await server.otlpJson('logs', 'x', { headers: { Origin: 'https://evil.example' } })).status)
    refused.push((await server.hook('{}', { method: 'PUT' })).status)
    refused.push((await server.otlpJson('logs', 'no JSON')).status)
    refused.push((await server.send('/v1/logs', { body: '{}', headers: { 'Content-Type': 'text/plain' } })).status)
    expect(refused).toEqual([401, 401, 401, 429, 403, 405, 400, 415])
    counts.flush()
    expect(told).toEqual({})

    const tooLarge = await server
      .hook('{}', { headers: { 'Content-Length': String(9 * 1024 * 1024) } })
      .catch(() => null)
    expect(tooLarge?.status ?? 413).toBe(413)
    expect((await server.otlpJson('logs', '{}')).status).toBe(429)
    counts.flush()
    expect(told).toEqual({ refused: 2 })
    expect(counts.refusals.hooks.get('unauthorized')).toBe(3)
  } finally {
    await server.stop()
  }
})
