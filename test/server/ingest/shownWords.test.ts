// Names are given by whoever made an agent, a tool or a model, and may hold anything: whatever is shown was redacted.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readGenAiSpan } from '../../../server/ingest/otlp/genAi.ts'
import { readHook } from '../../../server/sources/claudeCode/readHook.ts'
import type { HookRecord, LlmSpanRecord, ToolSpanRecord } from '../../../server/sources/claudeCode/records.ts'
import { type IngestServer, startIngest } from '../../helpers/ingestServer.ts'

const EMAIL = 'ann.lee@mail.example.org'
const KEY = 'sk-ant-api03-AbCdEf0123456789'
const PRIVATE = `of ${EMAIL} with ${KEY}`
const SHOWN = 'of [redacted] with [redacted]'
const LEAKS = /ann\.lee|AbCdEf/

const at = '2026-11-23T22:25:08.816Z'
const hook = (fields: object, showContent = false) =>
  readHook(
    { session_id: 's-1', cwd: '/home/ann/shop', hook_event_name: 'PreToolUse', ...fields },
    { at, showContent },
  ) as HookRecord

describe('[I9] of a hook', () => {
  test('agent, model and tool are shown without addresses and keys', () => {
    const record = hook({
      agent_type: `reviewer ${PRIVATE}`,
      model: `m ${PRIVATE}`,
      tool_name: `mcp__x__${KEY} ${EMAIL}`,
    })
    expect(record).toMatchObject({ agentType: `reviewer ${SHOWN}`, model: `m ${SHOWN}` })
    expect(JSON.stringify(record)).not.toMatch(/ann\.lee/)
    expect(hook({ tool_name: `T ${PRIVATE}` }).tool?.name).toBe(`T ${SHOWN}`)
    // As they are as a rule.
    const usual = {
      agent_type: 'code-reviewer',
      model: 'claude-opus-4-5@20250929',
      tool_name: 'mcp__a-b__npm_install_all',
    }
    expect(hook(usual)).toMatchObject({
      agentType: usual.agent_type,
      model: usual.model,
      tool: { name: usual.tool_name },
    })
  })

  test.each([
    ['/home/alice', '~'],
    ['/home/alice/', '~'],
    ['/Users/alice', '~'],
    ['C:\\Users\\alice', '~'],
    ['/root', '~'],
    ['/home/alice/shop', 'shop'],
    ['/srv/shop', 'shop'],
  ])("a home's name is nobody's project: %s is %s", (cwd, project) => {
    expect(hook({ cwd }).project).toBe(project)
  })

  test('a folder that is looked at is not told by its owner', () => {
    const record = hook({ cwd: '/x', tool_name: 'Read', tool_input: { file_path: '/home/alice' } })
    expect(record.tool?.detail).toBe('~')
  })
})

describe("[I9] of Claude Code's telemetry", () => {
  let server: IngestServer
  beforeEach(async () => {
    server = await startIngest()
  })
  afterEach(() => server.stop())

  const attributes = (said: Record<string, string>) =>
    Object.entries(said).map(([key, stringValue]) => ({ key, value: { stringValue } }))
  const span = (name: string, said: Record<string, string>) => ({
    name,
    traceId: '1'.repeat(32),
    spanId: '2'.repeat(16),
    startTimeUnixNano: '1795472708000000000',
    endTimeUnixNano: '1795472709000000000',
    attributes: attributes({ 'session.id': 's-1', ...said }),
  })
  const resource = { attributes: attributes({ 'service.name': 'claude-code' }) }

  test('models and tools are shown without addresses and keys, alike in hooks', async () => {
    const spans = [
      span('claude_code.llm_request', { model: `m ${PRIVATE}` }),
      span('claude_code.tool', { tool_name: `T ${PRIVATE}`, tool_use_id: 't-1' }),
    ]
    await server.otlpJson('traces', { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] })
    const [llm, tool] = (await server.claudeCode.until(2)) as [LlmSpanRecord, ToolSpanRecord]
    expect([llm.model, tool.toolName]).toEqual([`m ${SHOWN}`, `T ${SHOWN}`])
    expect(tool.toolName).toBe(hook({ tool_name: `T ${PRIVATE}` }).tool?.name)
  })

  const metric = (said: Record<string, string>, more: object = { asInt: '5' }) => ({
    resourceMetrics: [
      {
        resource,
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'claude_code.token.usage',
                sum: {
                  aggregationTemporality: 1,
                  dataPoints: [{ timeUnixNano: '1795472709000000000', attributes: attributes(said), ...more }],
                },
              },
            ],
          },
        ],
      },
    ],
  })

  test('[I7] a point of no session, as its user chose, or without a value is left out, and not rejected', async () => {
    expect((await server.otlpJson('metrics', metric({ type: 'input' }))).text).toBe('{}')
    const none = metric({ type: 'input', 'session.id': 's-1' }, { flags: 1 })
    expect((await server.otlpJson('metrics', none)).text).toBe('{}')
    expect(server.counts()).toEqual({ telemetryIgnored: 2 })
    const bad = await server.otlpJson('metrics', metric({ type: 'input', 'session.id': 'a b' }))
    expect(JSON.parse(bad.text).partialSuccess).toMatchObject({ rejectedDataPoints: '1' })
    expect(server.claudeCode.records).toEqual([])
  })
})

describe('[I9] of a GenAI span', () => {
  const read = (said: Record<string, string>) =>
    readGenAiSpan(
      {
        traceId: '1'.repeat(32),
        spanId: '2'.repeat(16),
        name: 'invoke_agent',
        startTimeUnixNano: '1795472708000000000',
        endTimeUnixNano: '1795472709000000000',
        attributes: Object.entries(said).map(([key, stringValue]) => ({ key, value: { stringValue } })),
      },
      { service: `service ${EMAIL}`, instance: `instance ${EMAIL}`, host: `host ${EMAIL}`, isHere: false },
    )

  test('names are shown without addresses and keys', () => {
    const names = {
      'gen_ai.agent.name': `A ${PRIVATE}`,
      'gen_ai.tool.name': `T ${PRIVATE}`,
      'gen_ai.request.model': EMAIL,
    }
    const span = read(names)
    expect(span).toMatchObject({ agentName: `A ${SHOWN}`, toolName: `T ${SHOWN}`, model: '[redacted]' })
    expect(JSON.stringify(span)).not.toMatch(LEAKS)
  })

  test('an id that is an address, or has a secret in it, is another one, the same each time', () => {
    const ids = (id: string) => {
      const span = read({ 'gen_ai.agent.id': id, 'gen_ai.conversation.id': `conversation ${id}` })
      return [span?.agentId, span?.conversationId]
    }
    for (const id of [EMAIL, KEY, '/home/ann/agent']) {
      expect(ids(id)[0]).toMatch(/^id-[\da-f]{20}$/)
      expect(ids(id)[1]).toMatch(/^id-[\da-f]{20}$/)
      expect(ids(id)).toEqual(ids(id))
    }
    expect(ids(EMAIL)[0]).not.toBe(ids(`x${EMAIL}`)[0])
    expect(ids('asst_0123')).toEqual(['asst_0123', 'conversation asst_0123'])
  })

  test.each([
    ['TimeoutError', 'TimeoutError'],
    ['java.net.UnknownHostException', 'java.net.UnknownHostException'],
    ['429', '429'],
    ['Error: the prompt was too long', null],
    [`E${EMAIL}`, null],
    [KEY, null],
    ['x'.repeat(101), null],
  ])('what failed is told by a class alone: %s', (said, errorType) => {
    expect(read({ 'error.type': said })).toMatchObject({ failed: true, errorType })
  })
})
