// What a real Claude Code 2.1.197 sent in one run (a main agent, two subagents, one agent registered with claude-flow), as
// records. Hooks carry no time: they are given one each, in their order.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readHook } from '../../server/sources/claudeCode/readHook.ts'
import type { ClaudeCodeRecord, HookRecord, TelemetryRecord } from '../../server/sources/claudeCode/records.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures/claude-code-2.1.197/', import.meta.url))
export const SESSION = '2d7753c7-f4e0-49cd-916e-c3b7f4487fbd'
export const FIRST = 'aed7dcb861a5b4bf7'
export const SECOND = 'a1419c316be4a3a06'
export const START_MS = Date.parse('2026-11-23T22:25:08.448Z')
const HOOK_STEP_MS = 37

export interface OtherRun {
  sessionId?: string
  /** Told apart from the recorded run's ids. */
  suffix?: string
  host?: string | null
  afterMs?: number
}

type Json = Record<string, unknown>
const linesOf = (file: string): Json[] =>
  readFileSync(`${FIXTURES}${file}`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Json)

export const hookBodies = (): Json[] => linesOf('hooks.jsonl')

export function recordedHooks(run: OtherRun = {}): HookRecord[] {
  return hookBodies().map((body, index) => {
    const at = new Date(START_MS + (run.afterMs ?? 0) + index * HOOK_STEP_MS).toISOString()
    const record = readHook(JSON.parse(renamed(JSON.stringify(body), run)), {
      at,
      showContent: false,
      machine: { host: run.host ?? null, isHere: run.host === undefined },
    })
    if (!record) throw new Error(`not understood: ${JSON.stringify(body)}`)
    return record
  })
}

export const recordedTelemetry = (run: OtherRun = {}): TelemetryRecord[] =>
  (JSON.parse(renamed(JSON.stringify([...logs(), ...spans(), ...points()]), run)) as TelemetryRecord[]).map(
    (record) => ({
      ...record,
      at: moved(record.at, run),
      ...('startAt' in record && record.startAt !== null ? { startAt: moved(record.startAt, run) } : {}),
    }),
  ) as TelemetryRecord[]

export const recorded = (run: OtherRun = {}): ClaudeCodeRecord[] => [...recordedHooks(run), ...recordedTelemetry(run)]

const moved = (at: string, { afterMs = 0 }: OtherRun): string => new Date(Date.parse(at) + afterMs).toISOString()

function renamed(text: string, { sessionId = SESSION, suffix = '' }: OtherRun): string {
  return text
    .replaceAll(SESSION, sessionId)
    .replace(/"(toolu_\w+|req_fake_\d+|aed7dcb861a5b4bf7|a1419c316be4a3a06)"/g, `"$1${suffix}"`)
}

interface Attribute {
  key: string
  value: { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean }
}
const attributesOf = ({ attributes }: Json): Record<string, string | number | boolean | undefined> =>
  Object.fromEntries(
    (attributes as Attribute[]).map(({ key, value }) => [
      key,
      value.stringValue ??
        value.doubleValue ??
        value.boolValue ??
        (value.intValue === undefined ? undefined : Number(value.intValue)),
    ]),
  )

const many = (of: unknown, key: string): Json[] => (of as Json)[key] as Json[]
const isoOf = (nanos: unknown): string => new Date(Number(BigInt(String(nanos)) / 1_000_000n)).toISOString()
const textIn = (said: ReturnType<typeof attributesOf>, key: string): string | null =>
  said[key] === undefined ? null : String(said[key])
const numberIn = (said: ReturnType<typeof attributesOf>, key: string): number | null =>
  said[key] === undefined ? null : Number(said[key])

function tokensIn(said: ReturnType<typeof attributesOf>) {
  return {
    input: numberIn(said, 'input_tokens'),
    output: numberIn(said, 'output_tokens'),
    cacheRead: numberIn(said, 'cache_read_tokens'),
    cacheWrite: numberIn(said, 'cache_creation_tokens'),
  }
}

function logs(): TelemetryRecord[] {
  const found: TelemetryRecord[] = []
  for (const body of linesOf('otlp-logs.jsonl')) {
    for (const resource of many(body, 'resourceLogs')) {
      for (const scope of many(resource, 'scopeLogs')) {
        for (const log of many(scope, 'logRecords')) {
          const said = attributesOf(log)
          const base = {
            sessionId: textIn(said, 'session.id') ?? '',
            host: null,
            isHere: true,
            at: isoOf(log.timeUnixNano),
          }
          switch (said['event.name']) {
            case 'api_request':
              found.push({
                ...base,
                type: 'api-request',
                requestId: textIn(said, 'request_id'),
                sequence: numberIn(said, 'event.sequence'),
                promptId: textIn(said, 'prompt.id'),
                model: textIn(said, 'model'),
                tokens: tokensIn(said),
                costUsd: numberIn(said, 'cost_usd'),
                durationMs: numberIn(said, 'duration_ms'),
                querySource: textIn(said, 'query_source'),
              })
              break
            case 'tool_result':
              found.push({
                ...base,
                type: 'tool-result',
                toolUseId: textIn(said, 'tool_use_id') ?? '',
                toolName: textIn(said, 'tool_name') ?? '',
                success: said.success === 'true',
                durationMs: numberIn(said, 'duration_ms'),
              })
              break
            case 'tool_decision':
              found.push({
                ...base,
                type: 'tool-decision',
                toolUseId: textIn(said, 'tool_use_id') ?? '',
                accepted: said.decision === 'accept',
              })
              break
            case 'subagent_completed':
              found.push({ ...base, type: 'subagent-completed', agentType: textIn(said, 'agent_type') })
              break
            default:
              break
          }
        }
      }
    }
  }
  return found
}

function spans(): TelemetryRecord[] {
  const found: TelemetryRecord[] = []
  for (const body of linesOf('otlp-traces.jsonl')) {
    for (const resource of many(body, 'resourceSpans')) {
      for (const scope of many(resource, 'scopeSpans')) {
        for (const span of many(scope, 'spans')) {
          const said = attributesOf(span)
          const base = {
            sessionId: textIn(said, 'session.id') ?? '',
            host: null,
            isHere: true,
            at: isoOf(span.endTimeUnixNano),
            startAt: isoOf(span.startTimeUnixNano),
            spanId: String(span.spanId),
            parentSpanId: span.parentSpanId === undefined ? null : String(span.parentSpanId),
            agentId: textIn(said, 'agent_id'),
            parentAgentId: textIn(said, 'parent_agent_id'),
          }
          if (span.name === 'claude_code.llm_request') {
            const requestId = textIn(said, 'request_id')
            found.push({ ...base, type: 'llm-span', requestId, model: textIn(said, 'model'), tokens: tokensIn(said) })
          } else if (span.name === 'claude_code.tool' || span.name === 'claude_code.tool.execution') {
            found.push({
              ...base,
              type: 'tool-span',
              span: span.name === 'claude_code.tool' ? 'call' : 'execution',
              toolUseId: textIn(said, 'tool_use_id'),
              toolName: textIn(said, 'tool_name'),
              success: said.success === undefined ? null : said.success === true,
            })
          }
        }
      }
    }
  }
  return found
}

function points(): TelemetryRecord[] {
  const found: TelemetryRecord[] = []
  for (const body of linesOf('otlp-metrics.jsonl')) {
    for (const resource of many(body, 'resourceMetrics')) {
      for (const scope of many(resource, 'scopeMetrics')) {
        for (const metric of many(scope, 'metrics')) {
          if (metric.name !== 'claude_code.token.usage' && metric.name !== 'claude_code.cost.usage') continue
          const { dataPoints, aggregationTemporality } = metric.sum as Json
          for (const point of dataPoints as Json[]) {
            const said = attributesOf(point)
            const field =
              metric.name === 'claude_code.cost.usage'
                ? 'costUsd'
                : said.type === 'cacheCreation'
                  ? 'cacheWrite'
                  : said.type
            found.push({
              type: 'usage-metric',
              sessionId: textIn(said, 'session.id') ?? '',
              host: null,
              isHere: true,
              at: isoOf(point.timeUnixNano),
              startAt: isoOf(point.startTimeUnixNano),
              field: field as 'input',
              series: Object.entries(said)
                .filter(([key]) => key !== 'session.id' && key !== 'user.id')
                .map(([key, value]) => `${key}=${value}`)
                .sort()
                .join(','),
              value: Number(point.asDouble ?? point.asInt),
              temporality: aggregationTemporality === 1 ? 'delta' : 'cumulative',
            })
          }
        }
      }
    }
  }
  return found
}
