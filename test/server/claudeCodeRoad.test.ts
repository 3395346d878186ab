// From the bytes that the real Claude Code sent to what the API says, through the real doors, source and log.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Agent, Link, SourceStatus } from '../../protocol/swarm.ts'
import { HOOKS_PATH, OTLP_PATHS } from '../../server/ingest/paths.ts'
import { FIRST, SECOND, SESSION } from '../helpers/claudeCodeRecordings.ts'
import { FakeRelay } from '../helpers/fakeRelay.ts'
import { recorded } from '../helpers/ingestServer.ts'
import { records3, runningStores3 } from '../helpers/recordings.ts'
import { INGEST, startTestServer, type TestServer, VIEWER } from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'

const MAIN_ID = `claude-code/${SESSION}`

let relay: FakeRelay
let server: TestServer
beforeAll(async () => {
  relay = await new FakeRelay().start()
  const stores = runningStores3()
  stores.agents.agents['from-claude'] = {
    agentId: 'from-claude',
    agentType: 'coder',
    status: 'idle',
    createdAt: '2026-11-23T22:25:09.145Z',
  }
  relay.records.set(records3(stores))
  server = await startTestServer({ type: 'relay', host: '127.0.0.1', port: relay.port })
  await until(async () => (await get('health')).mode === 'live')
})
afterAll(async () => {
  await server.stop()
  await relay.stop()
})

const get = async <T = Record<string, unknown>>(what: string) =>
  (await server.ask(`/api/v1/bots/${what}`, { headers: VIEWER })).json() as T
const post = async (path: string, body: string) => {
  const answer = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { ...INGEST, 'Content-Type': 'application/json' },
    body,
  })
  expect(answer.status).toBe(200)
  return answer.text()
}
const agents = async (): Promise<Agent[]> =>
  (await get<{ agents: Agent[] }>('agents?limit=500')).agents.filter(({ origin }) => origin === 'claude-code')
const agent = async (id = MAIN_ID) => (await agents()).find((found) => found.id === id)

describe('the recorded run, in the order in which it came', () => {
  test('hooks are seen as they come: who works, on what, and below whom', async () => {
    const hooks = recorded('hooks')
    for (const body of hooks.slice(0, 8)) expect(await post(HOOKS_PATH, body)).toBe('{}')
    await until(async () => (await agents()).filter(({ status }) => status === 'busy').length === 3)
    expect(await agent(`${MAIN_ID}/${FIRST}`)).toMatchObject({
      activity: 'Bash',
      parentId: MAIN_ID,
      currentTask: null,
      tokens: null,
    })
    for (const body of hooks.slice(8)) await post(HOOKS_PATH, body)
    await until(async () => (await agent())?.status === 'offline')
    expect(await agent(`${MAIN_ID}/${SECOND}`)).toMatchObject({
      currentTask: 'Do part two',
      endedReason: 'subagent finished',
    })
  })

  test('telemetry is there when it is answered: every token, each to its agent', async () => {
    for (const signal of ['logs', 'traces', 'metrics'] as const) {
      for (const body of recorded(`otlp-${signal}`)) await post(OTLP_PATHS[signal], body)
    }
    const found = await agents()
    expect(Object.fromEntries(found.map(({ nativeId, tokens }) => [nativeId, tokens?.input]))).toEqual({
      [SESSION]: 1201 + 1206 + 1207,
      [FIRST]: 1202 + 1204,
      [SECOND]: 1203 + 1205,
    })
    const main = await agent()
    expect(main).toMatchObject({
      unattributed: null,
      crossCheck: { tokens: { input: 8428, output: 308, cacheRead: 2100, cacheWrite: 0 }, costUsd: 0.05089 },
      tools: { count: 3, errors: 0 },
    })
    expect(found.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0)).toBeCloseTo(0.05089, 9)
  })

  test('sent again, all of it, nothing counts twice', async () => {
    const before = await agents()
    for (const signal of ['logs', 'traces', 'metrics'] as const) {
      for (const body of recorded(`otlp-${signal}`)) await post(OTLP_PATHS[signal], body)
    }
    expect(await agents()).toEqual(before)
  })

  test('links: both subagents by evidence, and the agent that claude-flow now has', async () => {
    const { links } = await get<{ links: Link[] }>('links?limit=500')
    const ofKind = (kind: string) => links.filter((link) => link.kind === kind && link.sourceId === 'claude-code')
    expect(ofKind('spawned').map(({ source, target }) => [source, target])).toEqual([
      [MAIN_ID, `${MAIN_ID}/${SECOND}`],
      [MAIN_ID, `${MAIN_ID}/${FIRST}`],
    ])
    expect(ofKind('inferred')).toEqual([])
    expect(ofKind('registered-by')).toMatchObject([{ source: MAIN_ID, target: `${relay.sourceId}/from-claude` }])
  })

  test('the activity tells the tools, totals count the kinds apart, the source says what it took', async () => {
    const { activity } = await get<{ activity: { tool: { name: string; phase: string } | null }[] }>(
      'activity?limit=500',
    )
    const tools = activity.flatMap(({ tool }) => (tool ? [`${tool.name} ${tool.phase}`] : []))
    expect(tools.filter((line) => line === 'Bash ended')).toHaveLength(2)
    expect(tools.filter((line) => line === 'Agent ended')).toHaveLength(2)
    const status = await get<{ totals: unknown; degraded: string[]; sources: SourceStatus[] }>('status')
    expect(status.totals).toMatchObject({ observed: 3, conflicts: 0, stuck: 0 })
    expect(status.sources.find(({ id }) => id === 'claude-code')).toMatchObject({
      state: 'receiving',
      kind: 'claude-code',
    })
    expect(status.degraded).toEqual([])
  })

  test('a connection waits longer for the next hook than its sender keeps it', async () => {
    const answer = await fetch(`${server.url}${HOOKS_PATH}`, { method: 'POST', headers: INGEST, body: '{}' })
    expect(answer.headers.get('keep-alive')).toBe('timeout=65')
  })

  test('a scrape says what was taken', async () => {
    await until(async () => {
      const { text } = await server.ask('/metrics', { headers: VIEWER })
      return /swarmscope_source_records_total\{source="claude-code",outcome="taken"\} \d{2,}/.test(text)
    })
  })

  test('[K19] no prompt, command, answer or path is in any answer', async () => {
    const all = JSON.stringify([await get('data'), await get('activity?limit=500'), await get('status')])
    for (const word of [
      'SUBTASK',
      'echo hello',
      'Do the work',
      'Subagent done',
      'All done',
      '/home/user',
      '/project',
      'user.id',
    ]) {
      expect(all).not.toContain(word)
    }
  })
})
