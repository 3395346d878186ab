// [B4] A server that is killed outright, and clients that send their commands again to the one that is started after it.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FakeRelay, text } from '../helpers/fakeRelay.ts'
import { type Running, startServerProcess, temporaryFolder } from '../helpers/swarmscope.ts'
import { bearer } from '../helpers/testServer.ts'

let relay: FakeRelay
let folder: ReturnType<typeof temporaryFolder>
let server: Running | null = null
beforeEach(async () => {
  relay = await new FakeRelay().start()
  folder = temporaryFolder('killed')
})
afterEach(async () => {
  await server?.stop()
  await relay.stop()
  folder.remove()
})

async function start(): Promise<void> {
  server = await startServerProcess({
    args: ['--port', '0', '--data-dir', folder.path, '--project', folder.path],
    env: {
      CLAUDE_FLOW_HOST: '127.0.0.1',
      CLAUDE_FLOW_PORT: String(relay.port),
      SWARMSCOPE_RELAY_TOKEN: relay.token,
    },
  })
}

async function spawn(key: string) {
  const token = readFileSync(join(folder.path, 'operator.token'), 'utf8').trim()
  const response = await fetch(new URL('/api/v1/bots/agents', server?.url), {
    method: 'POST',
    headers: { ...bearer(token), 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: '{"agentType":"coder"}',
  })
  const { replayed, ...body } = {
    replayed: response.headers.get('idempotency-replayed'),
    ...((await response.json()) as Record<string, unknown>),
  }
  return { status: response.status, replayed, body }
}

describe('[B4] over kill -9', () => {
  test('a command that was done is not done again; of one that was under way it is said that nobody knows', async () => {
    relay.tools.set('agent_spawn', () => text({ success: true, agentId: `agent-${relay.calls('agent_spawn').length}` }))
    await start()
    const first = await spawn('done')
    expect(first).toMatchObject({ status: 200, replayed: null, body: { agentId: 'agent-1' } })

    relay.tools.set('agent_spawn', () => 'silence')
    const lost = spawn('under-way').catch(() => 'the connection broke')
    await relay.until(() => relay.calls('agent_spawn').length === 2)
    await server?.kill()
    expect(await lost).toBe('the connection broke')

    relay.tools.set('agent_spawn', () => text({ success: true, agentId: 'again' }))
    await start()
    expect(await spawn('done')).toMatchObject({ status: 200, replayed: 'true', body: { agentId: 'agent-1' } })
    expect(await spawn('under-way')).toMatchObject({
      status: 409,
      replayed: 'true',
      body: { success: false, code: 'OUTCOME_UNKNOWN' },
    })
    expect(relay.calls('agent_spawn')).toHaveLength(2)
    expect(await spawn('another')).toMatchObject({ status: 200, replayed: null, body: { agentId: 'again' } })
  })
})
