// Claude Code's telemetry → the records that the model understands. Everything else that it sends (who the user is, most of
// all) is not looked at.

import { createHash } from 'node:crypto'
import { shownLine } from '../../../protocol/redact.ts'
import type { IsoTime, TokenCounts } from '../../../protocol/swarm.ts'
import type { Machine } from '../../sources/claudeCode/machine.ts'
import {
  MAX_NAME_LENGTH,
  NATIVE_ID,
  type TelemetryRecord,
  type UsageMetricRecord,
} from '../../sources/claudeCode/records.ts'
import {
  type Attributes,
  attributesOf,
  flagOf,
  hexIdIn,
  listIn,
  numberIn,
  numberOf,
  recordIn,
  type ScopeGroup,
  textIn,
  textOf,
  timeMsIn,
} from './read.ts'

const SERVICES: ReadonlySet<string> = new Set(['claude-code', 'claude-code-desktop'])
/** `OTEL_SERVICE_NAME` in the user's environment names the service anew, but not what is in it. */
const SCOPES = 'com.anthropic.claude_code'

export const isClaudeCode = ({ service, scope }: Pick<ScopeGroup, 'service' | 'scope'>): boolean =>
  (service !== null && SERVICES.has(service)) || (scope?.startsWith(SCOPES) ?? false)

/** `ignored`: well-formed, and nothing that is shown. */
export type Read<T> = T | 'ignored' | 'malformed'

const PREFIX = 'claude_code.'
const HOST_NAME = /^[\w.-]{1,253}$/

const LOG_ATTRIBUTES: ReadonlySet<string> = new Set([
  'event.name',
  'event.timestamp',
  'event.sequence',
  'session.id',
  'prompt.id',
  'request_id',
  'model',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_creation_tokens',
  'cost_usd',
  'duration_ms',
  'query_source',
  'tool_use_id',
  'tool_name',
  'success',
  'decision',
  'agent_type',
])
const LOG_EVENTS = ['api_request', 'tool_result', 'tool_decision', 'subagent_completed'] as const

export function readLogRecord(record: unknown, machine: Machine): Read<TelemetryRecord> {
  const said = attributesOf(listIn(record, 'attributes'), LOG_ATTRIBUTES)
  const event = textOf(said, 'event.name') ?? textIn(recordIn(record, 'body'), 'stringValue')
  const told = event?.startsWith(PREFIX) ? event.slice(PREFIX.length) : event
  const name = LOG_EVENTS.find((known) => known === told)
  if (name === undefined) return 'ignored'
  const sessionId = idOf(said, 'session.id')
  const at = isoOf(timeMsIn(record, 'timeUnixNano') ?? timeOf(said, 'event.timestamp'))
  if (sessionId === null || at === null) return 'malformed'
  const base = { sessionId, ...shownOf(machine), at }
  switch (name) {
    case 'api_request':
      return {
        ...base,
        type: 'api-request',
        requestId: idOf(said, 'request_id'),
        sequence: countOf(said, 'event.sequence'),
        promptId: idOf(said, 'prompt.id'),
        model: wordOf(said, 'model'),
        tokens: tokensOf(said),
        costUsd: amountOf(said, 'cost_usd'),
        durationMs: amountOf(said, 'duration_ms'),
        querySource: wordOf(said, 'query_source'),
      }
    case 'tool_result': {
      const toolUseId = idOf(said, 'tool_use_id')
      const toolName = wordOf(said, 'tool_name')
      if (toolUseId === null || toolName === null) return 'malformed'
      const durationMs = amountOf(said, 'duration_ms')
      return { ...base, type: 'tool-result', toolUseId, toolName, success: flagOf(said, 'success'), durationMs }
    }
    case 'tool_decision': {
      const toolUseId = idOf(said, 'tool_use_id')
      const decision = textOf(said, 'decision')
      if (toolUseId === null || (decision !== 'accept' && decision !== 'reject')) return 'malformed'
      return { ...base, type: 'tool-decision', toolUseId, accepted: decision === 'accept' }
    }
    case 'subagent_completed':
      return { ...base, type: 'subagent-completed', agentType: wordOf(said, 'agent_type') }
    default:
      return name satisfies never
  }
}

const SPAN_ATTRIBUTES: ReadonlySet<string> = new Set([
  'span.type',
  'session.id',
  'agent_id',
  'parent_agent_id',
  'request_id',
  'gen_ai.response.id',
  'model',
  'gen_ai.request.model',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_creation_tokens',
  'tool_use_id',
  'gen_ai.tool.call.id',
  'tool_name',
  'success',
])

export function readSpan(span: unknown, machine: Machine): Read<TelemetryRecord> {
  const name = textIn(span, 'name')
  const type = name?.startsWith(PREFIX) ? name.slice(PREFIX.length) : name
  if (type !== 'llm_request' && type !== 'tool' && type !== 'tool.execution') return 'ignored'
  const said = attributesOf(listIn(span, 'attributes'), SPAN_ATTRIBUTES)
  const sessionId = idOf(said, 'session.id')
  const spanId = hexIdIn(span, 'spanId', 8)
  const at = isoOf(timeMsIn(span, 'endTimeUnixNano'))
  const startAt = isoOf(timeMsIn(span, 'startTimeUnixNano'))
  if (sessionId === null || spanId === null || at === null || startAt === null) return 'malformed'
  const base = {
    sessionId,
    ...shownOf(machine),
    at,
    startAt,
    spanId,
    parentSpanId: hexIdIn(span, 'parentSpanId', 8),
    agentId: idOf(said, 'agent_id'),
    parentAgentId: idOf(said, 'parent_agent_id'),
  }
  if (type === 'llm_request') {
    const tokens = tokensOf(said)
    return {
      ...base,
      type: 'llm-span',
      requestId: idOf(said, 'request_id'),
      model: wordOf(said, 'model') ?? wordOf(said, 'gen_ai.request.model'),
      tokens: Object.values(tokens).every((count) => count === null) ? null : tokens,
    }
  }
  return {
    ...base,
    type: 'tool-span',
    span: type === 'tool' ? 'call' : 'execution',
    toolUseId: idOf(said, 'tool_use_id') ?? idOf(said, 'gen_ai.tool.call.id'),
    toolName: wordOf(said, 'tool_name'),
    success: flagOf(said, 'success'),
  }
}

const POINT_ATTRIBUTES: ReadonlySet<string> = new Set([
  'session.id',
  'type',
  'model',
  'query_source',
  'speed',
  'effort',
  'agent.name',
  'skill.name',
  'plugin.name',
  'marketplace.name',
  'mcp_server.name',
  'mcp_tool.name',
])
const TOKEN_FIELDS: Readonly<Record<string, UsageMetricRecord['field']>> = {
  input: 'input',
  output: 'output',
  cacheRead: 'cacheRead',
  cacheCreation: 'cacheWrite',
}
const TEMPORALITIES: Readonly<Record<number, UsageMetricRecord['temporality']>> = { 1: 'delta', 2: 'cumulative' }

/** One for each data point. */
export function* readMetric(metric: unknown, machine: Machine): Iterable<Read<TelemetryRecord>> {
  const sum = recordIn(metric, 'sum')
  const name = textIn(metric, 'name')
  const points = listIn(sum ?? recordIn(metric, 'gauge') ?? recordIn(metric, 'histogram'), 'dataPoints')
  const isTokens = name === 'claude_code.token.usage'
  if (!sum || (!isTokens && name !== 'claude_code.cost.usage')) {
    for (const _ of points) yield 'ignored'
    return
  }
  const temporality = TEMPORALITIES[numberIn(sum, 'aggregationTemporality') ?? 0]
  for (const point of points) {
    const said = attributesOf(listIn(point, 'attributes'), POINT_ATTRIBUTES)
    const type = textOf(said, 'type') ?? ''
    const field = isTokens ? (Object.hasOwn(TOKEN_FIELDS, type) ? TOKEN_FIELDS[type] : undefined) : 'costUsd'
    // Whoever wants no session in its metrics (`OTEL_METRICS_INCLUDE_SESSION_ID=false`) did nothing wrong, nor a point that says
    // that there is none.
    if (!said.has('session.id') || isUnrecorded(point)) {
      yield 'ignored'
      continue
    }
    const sessionId = idOf(said, 'session.id')
    const at = isoOf(timeMsIn(point, 'timeUnixNano'))
    const value = numberIn(point, 'asDouble') ?? numberIn(point, 'asInt')
    if (!temporality || !field || sessionId === null || at === null || value === null || value < 0) {
      yield 'malformed'
      continue
    }
    const startAt = isoOf(timeMsIn(point, 'startTimeUnixNano'))
    yield {
      type: 'usage-metric',
      sessionId,
      ...shownOf(machine),
      at,
      series: seriesOf(said),
      field,
      value,
      temporality,
      startAt,
    }
  }
}

/** The lowest bit of the flags: `DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK`. */
const isUnrecorded = (point: unknown): boolean => ((numberIn(point, 'flags') ?? 0) & 1) === 1

/** The same for the same attributes, in whatever order they came. */
const seriesOf = (said: Attributes): string =>
  createHash('sha256')
    .update(JSON.stringify([...said].sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest('base64url')
    .slice(0, 22)

const tokensOf = (said: Attributes): TokenCounts => ({
  input: countOf(said, 'input_tokens'),
  output: countOf(said, 'output_tokens'),
  cacheRead: countOf(said, 'cache_read_tokens'),
  cacheWrite: countOf(said, 'cache_creation_tokens'),
})

function idOf(said: Attributes, key: string): string | null {
  const text = textOf(said, key)
  return text !== null && NATIVE_ID.test(text) ? text : null
}

const wordOf = (said: Attributes, key: string): string | null => shownLine(textOf(said, key) ?? '', MAX_NAME_LENGTH)

function amountOf(said: Attributes, key: string): number | null {
  const value = numberOf(said, key)
  return value !== null && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : null
}

function countOf(said: Attributes, key: string): number | null {
  const value = amountOf(said, key)
  return value !== null && Number.isInteger(value) ? value : null
}

function timeOf(said: Attributes, key: string): number | null {
  const ms = Date.parse(textOf(said, key) ?? '')
  return Number.isNaN(ms) ? null : ms
}

const isoOf = (ms: number | null): IsoTime | null => (ms === null ? null : new Date(ms).toISOString())

const shownOf = ({ host, isHere }: Machine): Machine => ({
  host: host !== null && HOST_NAME.test(host) ? host : null,
  isHere,
})
