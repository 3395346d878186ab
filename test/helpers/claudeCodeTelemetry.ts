// Telemetry as the real Claude Code sends it, of now and of any session: what was recorded, with its times moved; and one
// request to the model, as its log event and its span tell of it.

import { START_MS } from './claudeCodeRecordings.ts'

/** As if what was recorded began at that time. */
export const movedTo = (body: string, startMs: number): string =>
  body.replace(/("\w*[tT]imeUnixNano":)"(\d{19})"/g, (_, key: string, nanos: string) => {
    return `${key}"${BigInt(nanos) + BigInt(startMs - START_MS) * 1_000_000n}"`
  })

interface ModelRequest {
  sessionId: string
  requestId: string
  atMs: number
  inputTokens: number
  outputTokens: number
  costUsd: number
  email?: string
}

type Value = string | number | boolean

const attributes = (fields: Record<string, Value>) =>
  Object.entries(fields).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : typeof value === 'boolean'
          ? { boolValue: value }
          : Number.isInteger(value)
            ? { intValue: value }
            : { doubleValue: value },
  }))

const RESOURCE = { attributes: attributes({ 'service.name': 'claude-code', 'service.version': '2.1.197' }) }

/** Bodies for `/v1/logs` and `/v1/traces`. */
export function modelRequest(request: ModelRequest): { logs: string; traces: string } {
  const { sessionId, requestId, atMs, inputTokens, outputTokens, costUsd, email } = request
  const both = {
    'user.id': '0'.repeat(64),
    ...(email === undefined ? {} : { 'user.email': email }),
    'session.id': sessionId,
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    cache_read_tokens: 0,
    cache_creation_tokens: 0,
    duration_ms: 40,
    request_id: requestId,
  }
  const time = `${BigInt(atMs) * 1_000_000n}`
  const record = {
    timeUnixNano: time,
    observedTimeUnixNano: time,
    body: { stringValue: 'claude_code.api_request' },
    attributes: attributes({
      ...both,
      'event.name': 'api_request',
      model: 'claude-opus-4-8',
      cost_usd: costUsd,
      query_source: 'sdk',
    }),
  }
  const span = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: atMs.toString(16).padStart(16, '0').slice(-16),
    name: 'claude_code.llm_request',
    kind: 1,
    startTimeUnixNano: `${BigInt(atMs - 40) * 1_000_000n}`,
    endTimeUnixNano: time,
    attributes: attributes({
      ...both,
      'span.type': 'llm_request',
      model: 'claude-opus-4-8',
      'llm_request.context': 'interaction',
      success: true,
    }),
  }
  const logScope = { name: 'com.anthropic.claude_code.events', version: '2.1.197' }
  const spanScope = { name: 'com.anthropic.claude_code.tracing', version: '2.1.197' }
  return {
    logs: JSON.stringify({
      resourceLogs: [{ resource: RESOURCE, scopeLogs: [{ scope: logScope, logRecords: [record] }] }],
    }),
    traces: JSON.stringify({
      resourceSpans: [{ resource: RESOURCE, scopeSpans: [{ scope: spanScope, spans: [span] }] }],
    }),
  }
}
