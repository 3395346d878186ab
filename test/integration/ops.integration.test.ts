// What whoever runs Swarmscope relies on, with the real processes: a relay behind TLS, one that hangs, a drain under way.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { certificate } from '../helpers/certificate.ts'
import {
  ROOT,
  type Running,
  startRelayProcess,
  startServerProcess,
  temporaryFolder,
  writeRecordedProject,
} from '../helpers/swarmscope.ts'
import { NEVER_HEARD } from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'

const FAKE_CLAUDE_FLOW = `node ${ROOT}test/helpers/fakeMcpChild.mjs`
const RELAY_TOKEN = 'relay-token-of-the-test'

let folder: string
const cleanUps: (() => unknown)[] = []
beforeEach(() => {
  const temporary = temporaryFolder('ops')
  folder = temporary.path
  cleanUps.push(temporary.remove)
  writeRecordedProject(join(folder, 'project'))
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function startRelay(args: readonly string[] = []): Promise<Running> {
  const relay = await startRelayProcess({
    args: [
      ...['--project', join(folder, 'project'), '--data-dir', join(folder, 'relay'), '--port', '0'],
      ...['--claude-flow', FAKE_CLAUDE_FLOW, ...args],
    ],
    env: { SWARMSCOPE_RELAY_TOKEN: RELAY_TOKEN },
  })
  cleanUps.push(() => relay.kill())
  return relay
}

async function startServer(env: NodeJS.ProcessEnv): Promise<Running> {
  const server = await startServerProcess({
    args: ['--data-dir', join(folder, 'data'), '--port', '0'],
    env: { SWARMSCOPE_RELAY_TOKEN: RELAY_TOKEN, ...env },
  })
  cleanUps.push(() => server.kill())
  return server
}

interface Health {
  status: string
  code: string | null
  mode: string
  sources: { url: string; lastError: { details: { suggestion: string } } | null }[]
}
async function health(server: Running): Promise<Health> {
  return (await (await fetch(new URL('/api/v1/bots/health', server.url))).json()) as Health
}
const becomes = (server: Running, code: string | null, timeoutMs?: number) =>
  until(async () => (await health(server)).code === code, timeoutMs)

describe.skipIf(process.platform === 'win32')('server and relay elsewhere', () => {
  test('a relay with TLS is shown live, with its certificate given; without it, TLS_FAILED says how', async () => {
    const { key, cert } = await certificate({ names: ['localhost', '127.0.0.1'] })
    const [keyFile, certFile] = [join(folder, 'relay.key'), join(folder, 'relay.pem')]
    writeFileSync(keyFile, key, { mode: 0o600 })
    writeFileSync(certFile, cert)
    const relay = await startRelay(['--tls-cert', certFile, '--tls-key', keyFile])
    const url = `wss://localhost:${new URL(relay.url).port}`
    const trusting = await startServer({ CLAUDE_FLOW_URL: url, CLAUDE_FLOW_CA: certFile })
    await becomes(trusting, null)
    expect(await health(trusting)).toMatchObject({
      status: 'healthy',
      mode: 'live',
      sources: [{ url: `${url}/ws` }, ...NEVER_HEARD],
    })
    await trusting.stop() // one server owns the log
    const wary = await startServer({ CLAUDE_FLOW_URL: url })
    await becomes(wary, 'TLS_FAILED')
    const [source] = (await health(wary)).sources
    expect(source?.lastError?.details.suggestion).toContain('CLAUDE_FLOW_CA=FILE')
  })

  test('a relay that is stopped in its tracks is noticed within 2 s, health answers at once, and so is its return', async () => {
    const relay = await startRelay()
    const server = await startServer({ CLAUDE_FLOW_URL: relay.url })
    await becomes(server, null)
    relay.process.kill('SIGSTOP')
    cleanUps.push(() => relay.process.kill('SIGCONT'))
    await becomes(server, 'CONNECTION_TIMEOUT', 2_000)
    expect(await health(server)).toMatchObject({ status: 'degraded', mode: 'stale' })
    expect((await fetch(new URL('/livez', server.url))).status).toBe(200)
    let bestMs = Number.POSITIVE_INFINITY
    for (let n = 0; n < 5; n++) {
      const beganMs = performance.now()
      await health(server)
      bestMs = Math.min(bestMs, performance.now() - beganMs)
    }
    expect(bestMs).toBeLessThan(50)
    relay.process.kill('SIGCONT')
    await becomes(server, null, 2_000)
  })

  test('a relay that is killed and started again is noticed within 2 s, both ways', async () => {
    const relay = await startRelay()
    const { port } = new URL(relay.url)
    const server = await startServer({ CLAUDE_FLOW_HOST: '127.0.0.1', CLAUDE_FLOW_PORT: port })
    await becomes(server, null)
    await relay.kill()
    await becomes(server, 'CONNECTION_REFUSED', 2_000)
    await startRelay(['--port', port])
    await becomes(server, null, 2_000)
  })

  test('SIGTERM lets the command that is under way have its answer', async () => {
    const relay = await startRelay()
    const server = await startServer({ CLAUDE_FLOW_URL: relay.url })
    await becomes(server, null)
    const token = readFileSync(join(folder, 'data', 'operator.token'), 'utf8').trim()
    const command = fetch(new URL('/api/v1/bots/spawn-agent-hybrid', server.url), {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: '{"agentType":"tester"}',
    })
    server.process.kill('SIGTERM')
    const answer = await command
    // Either it was begun, and then it is finished; or it came too late, and then it says so. Never is it cut.
    const body = (await answer.json()) as { success: boolean; code?: string }
    expect([answer.status, body.code ?? body.success]).toEqual(answer.status === 200 ? [200, true] : [503, 'STOPPING'])
    expect(await server.exited).toBe(0)
  })
})
