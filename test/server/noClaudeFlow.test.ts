// Claude Code alone: with `--no-claude-flow`, and where no claude-flow was ever found.

import { afterEach, expect, test } from 'vitest'
import { errorBody } from '../../protocol/errors.ts'
import type { RelayState } from '../../protocol/relayWire.ts'
import { statusText } from '../../server/cli/status.ts'
import { HOOKS_PATH } from '../../server/ingest/paths.ts'
import { FakeRelay, UP } from '../helpers/fakeRelay.ts'
import {
  HELLO,
  INGEST,
  OPERATOR,
  StreamClient,
  startTestServer,
  type TestServer,
  VIEWER,
} from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const COMMANDS = { connect: 'npm start -- connect --project /srv/shop', doctor: 'npm start -- doctor' }

async function serverFor(shown: Parameters<typeof startTestServer>[0]) {
  const server = await startTestServer(shown, { commands: COMMANDS })
  ends.push(() => server.stop())
  return server
}
const health = async (server: TestServer) =>
  (await server.ask('/api/v1/bots/health', { headers: OPERATOR })).json() as {
    [name: string]: unknown
    sources: { kind: string; state: string }[]
  }
const PROMPT = JSON.stringify({
  hook_event_name: 'UserPromptSubmit',
  session_id: 'one',
  cwd: '/srv/shop',
  prompt: 'Go',
})
const work = (server: TestServer) => server.ask(HOOKS_PATH, { method: 'POST', headers: INGEST, body: PROMPT })
const said = async (server: TestServer) => {
  const answer = await health(server)
  const exitCode = answer.status === 'healthy' ? 0 : 1
  const running = { running: true as const, exitCode, pid: 1, url: server.url, note: null }
  return statusText({ ...running, health: answer as never }, Date.now(), { project: '/srv/shop' })
}

const NOT_FOUND: RelayState = {
  child: { state: 'missing', serverInfo: null, restarts: 0, lastError: errorBody('CHILD_NOT_FOUND') },
  hasState: false,
}
async function withRelay(isOptional: boolean) {
  const relay = new FakeRelay()
  relay.state = NOT_FOUND
  await relay.start()
  ends.push(() => relay.stop())
  const server = await serverFor({ type: 'relay', host: '127.0.0.1', port: relay.port, managed: true, isOptional })
  return { relay, server }
}

test('[M8] without claude-flow a server is whole: healthy and live before anything was sent, and after', async () => {
  const server = await serverFor({ type: 'no-claude-flow' })
  expect(await health(server)).toMatchObject({ status: 'healthy', code: null, mode: 'live', degraded: [], agents: 0 })
  expect(await said(server)).toContain(`To have Claude Code report here, from its next session on: ${COMMANDS.connect}`)
  await work(server)
  await until(async () => (await health(server)).agents === 1)
  expect(await health(server)).toMatchObject({ status: 'healthy', code: null, mode: 'live', degraded: [] })
  expect(await said(server)).not.toContain('claude-flow')
})

test('without claude-flow a command is told why nobody takes it', async () => {
  const server = await serverFor({ type: 'no-claude-flow' })
  const answer = await server.ask('/api/v1/bots/agents', { method: 'POST', headers: OPERATOR, body: '{}' })
  expect(answer.json()).toMatchObject({
    code: 'NOT_CONNECTED',
    details: { suggestion: expect.stringContaining('--no-claude-flow') },
  })
})

test('[M9] a claude-flow that nobody named and that never was keeps it from being live only while nobody else is there', async () => {
  const { server } = await withRelay(true)
  await until(async () => (await health(server)).code === 'CHILD_NOT_FOUND')
  expect(await health(server)).toMatchObject({ status: 'degraded', mode: 'mock', degraded: [] })
  expect(await said(server)).toContain('npm install claude-flow')
  await work(server)
  await until(async () => (await health(server)).agents === 1)
  expect(await health(server)).toMatchObject({ status: 'healthy', code: null, mode: 'live', degraded: [] })
  expect((await health(server)).sources[0]).toMatchObject({ kind: 'claude-flow', state: 'never' })
  expect(await said(server)).not.toContain('claude-flow')
})

test('[M9] one that was there, and goes, is missed', async () => {
  const { server, relay } = await withRelay(true)
  await work(server)
  await until(async () => (await health(server)).status === 'healthy')
  relay.tellState(UP)
  await until(async () => (await health(server)).sources[0]?.state === 'live')
  relay.tellState(NOT_FOUND)
  await until(async () => (await health(server)).sources[0]?.state === 'unavailable')
  expect(await health(server)).toMatchObject({ status: 'degraded', code: 'CHILD_NOT_FOUND', mode: 'live' })
  expect(((await health(server)).degraded as string[]).length).toBe(1)
})

test('[M9] one that was named is missed from the first moment on', async () => {
  const { server } = await withRelay(false)
  await work(server)
  await until(async () => (await health(server)).sources[0]?.state === 'unavailable')
  expect(await health(server)).toMatchObject({ status: 'degraded', code: 'CHILD_NOT_FOUND', mode: 'live' })
})

test('[V3] operators are told what to type, and viewers, to whom folders are nobody’s business, are not', async () => {
  const server = await serverFor({ type: 'no-claude-flow' })
  for (const [headers, commands] of [
    [OPERATOR, COMMANDS],
    [VIEWER, undefined],
  ] as const) {
    const viewer = new StreamClient(server.port, { headers })
    await viewer.opened
    viewer.send(HELLO)
    expect((await viewer.find('hello')).commands).toEqual(commands)
    viewer.socket.close()
  }
})
