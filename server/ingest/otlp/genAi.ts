// Spans of other agents, by OpenTelemetry's conventions for generative AI, in the flavours that are about. What such a span
// may hold of prompts, answers and arguments is not looked at.

import { hash } from 'node:crypto'
import { contentWords, publicWords } from '../../../protocol/redact.ts'
import type { TokenCounts } from '../../../protocol/swarm.ts'
import type { Machine } from '../../sources/claudeCode/machine.ts'
import type { GenAiSpan } from '../../sources/otlp/genAiSpan.ts'
import {
  type Attributes,
  attributesOf,
  hexIdIn,
  listIn,
  numberIn,
  numberOf,
  recordIn,
  textIn,
  textOf,
  timeMsIn,
} from './read.ts'

const MAX_ID_LENGTH = 200
const MAX_NAME_LENGTH = 120
/** A class, a code, a status: `TimeoutError`, `openai.RateLimitError`, `429`. Others write the whole message there. */
const ERROR_TYPE = /^[\w.:$]{1,100}$/

/** The conventions' own names, and those of instrumentations that are older: OpenLLMetry's, and Vercel's AI SDK's. */
const WANTED: ReadonlySet<string> = new Set([
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.system',
  'gen_ai.agent.id',
  'gen_ai.agent.name',
  'gen_ai.workflow.name',
  'gen_ai.conversation.id',
  'gen_ai.tool.name',
  'gen_ai.request.model',
  'gen_ai.response.model',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.usage.prompt_tokens',
  'gen_ai.usage.completion_tokens',
  'gen_ai.usage.cache_read.input_tokens',
  'gen_ai.usage.cache_creation.input_tokens',
  'error.type',
  'llm.request.type',
  'traceloop.span.kind',
  'traceloop.entity.name',
  'ai.operationId',
  'ai.telemetry.functionId',
  'ai.toolCall.name',
])

const OPERATIONS: Readonly<Record<string, GenAiSpan['kind']>> = {
  invoke_agent: 'agent',
  // Merged into `invoke_agent` in newer conventions: what runs other agents.
  invoke_workflow: 'agent',
  create_agent: 'create',
  execute_tool: 'tool',
  chat: 'inference',
  text_completion: 'inference',
  generate_content: 'inference',
  embeddings: 'inference',
  // The AI SDK until its version 6: what is around these tells the same tokens once more, and is no run of an agent.
  'ai.generateText.doGenerate': 'inference',
  'ai.streamText.doStream': 'inference',
  'ai.generateObject.doGenerate': 'inference',
  'ai.streamObject.doStream': 'inference',
  'ai.embed.doEmbed': 'inference',
  'ai.embedMany.doEmbed': 'inference',
  'ai.toolCall': 'tool',
}
/** OpenLLMetry. */
const REQUEST_TYPES: Readonly<Record<string, GenAiSpan['kind']>> = {
  chat: 'inference',
  completion: 'inference',
  embedding: 'inference',
}
const SPAN_KINDS: Readonly<Record<string, GenAiSpan['kind']>> = { agent: 'agent', workflow: 'agent', tool: 'tool' }
const STATUS_ERROR = 2
/** Of a span's flags (`SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK`): it is told, and so it is. */
const PARENT_IS_REMOTE = 0x300

/** Who sent it. */
interface Program extends Machine {
  service: string | null
  instance: string | null
}

/** `null`: malformed. A span of another kind (`other`) keeps the tree together, and is nothing by itself. */
export function readGenAiSpan(span: unknown, { service, instance, host, isHere }: Program): GenAiSpan | null {
  const traceId = hexIdIn(span, 'traceId', 16)
  const spanId = hexIdIn(span, 'spanId', 8)
  const endMs = timeMsIn(span, 'endTimeUnixNano')
  const startMs = timeMsIn(span, 'startTimeUnixNano')
  if (traceId === null || spanId === null || endMs === null || startMs === null) return null
  const said = attributesOf(listIn(span, 'attributes'), WANTED)
  const kind = kindOf(said, textIn(span, 'name') ?? '')
  const errorType = textOf(said, 'error.type')
  return {
    kind,
    traceId,
    spanId,
    parentSpanId: hexIdIn(span, 'parentSpanId', 8),
    isParentRemote: ((numberIn(span, 'flags') ?? 0) & PARENT_IS_REMOTE) === PARENT_IS_REMOTE,
    service: service === null ? null : shown(service),
    instance: instance === null ? null : hiddenId(instance),
    host: host === null ? null : shown(host),
    isHere,
    agentId: idOf(said, 'gen_ai.agent.id'),
    agentName:
      nameOf(said, 'gen_ai.agent.name') ?? nameOf(said, 'gen_ai.workflow.name') ?? entityOf(said, kind, 'agent'),
    functionName: nameOf(said, 'ai.telemetry.functionId'),
    conversationId: idOf(said, 'gen_ai.conversation.id'),
    toolName: nameOf(said, 'gen_ai.tool.name') ?? nameOf(said, 'ai.toolCall.name') ?? entityOf(said, kind, 'tool'),
    model: nameOf(said, 'gen_ai.response.model') ?? nameOf(said, 'gen_ai.request.model'),
    tokens: tokensOf(said),
    startMs: Math.min(startMs, endMs),
    endMs,
    failed: errorType !== null || numberIn(recordIn(span, 'status'), 'code') === STATUS_ERROR,
    errorType: errorType !== null && ERROR_TYPE.test(errorType) && !isPrivate(errorType) ? errorType : null,
  }
}

/** Whoever tells one of them tells of models, agents or tools. */
const MARKS = [
  'gen_ai.system',
  'gen_ai.provider.name',
  'gen_ai.operation.name',
  'gen_ai.tool.name',
  'gen_ai.agent.name',
  'ai.operationId',
  'traceloop.span.kind',
] as const

/** By its operation; older ones tell it by a type of their own, or by the span's name alone: `chat gpt-4`. */
function kindOf(said: Attributes, name: string): GenAiSpan['kind'] {
  if (!MARKS.some((mark) => said.has(mark))) return 'other'
  const operation = textOf(said, 'gen_ai.operation.name')
  if (operation !== null) return kindIn(OPERATIONS, operation)
  const byType = kindIn(REQUEST_TYPES, textOf(said, 'llm.request.type') ?? '')
  if (byType !== 'other') return byType
  const bySpanKind = kindIn(SPAN_KINDS, textOf(said, 'traceloop.span.kind') ?? '')
  if (bySpanKind !== 'other') return bySpanKind
  return kindIn(OPERATIONS, textOf(said, 'ai.operationId') ?? name.split(' ', 1)[0] ?? '')
}

const kindIn = (kinds: Readonly<Record<string, GenAiSpan['kind']>>, word: string): GenAiSpan['kind'] =>
  Object.hasOwn(kinds, word) ? (kinds[word] ?? 'other') : 'other'

/** OpenLLMetry's name for what the span is of. */
const entityOf = (said: Attributes, kind: GenAiSpan['kind'], wanted: GenAiSpan['kind']): string | null =>
  kind === wanted && said.has('traceloop.span.kind') ? nameOf(said, 'traceloop.entity.name') : null

function tokensOf(said: Attributes): TokenCounts | null {
  const input = countOf(said, 'gen_ai.usage.input_tokens') ?? countOf(said, 'gen_ai.usage.prompt_tokens')
  const output = countOf(said, 'gen_ai.usage.output_tokens') ?? countOf(said, 'gen_ai.usage.completion_tokens')
  const cacheRead = countOf(said, 'gen_ai.usage.cache_read.input_tokens')
  const cacheWrite = countOf(said, 'gen_ai.usage.cache_creation.input_tokens')
  if (input === null && output === null && cacheRead === null && cacheWrite === null) return null
  // By the conventions the input has the cached ones in it, in our model each stands for itself. One that has not is left.
  const cached = (cacheRead ?? 0) + (cacheWrite ?? 0)
  return { input: input !== null && input >= cached ? input - cached : input, output, cacheRead, cacheWrite }
}

function countOf(said: Attributes, key: string): number | null {
  const value = numberOf(said, key)
  return value !== null && Number.isInteger(value) && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : null
}

function idOf(said: Attributes, key: string): string | null {
  const id = textOf(said, key)
  return id === null ? null : hiddenId(id)
}

/** One that is somebody's address, or has a secret in it, is still the same for the same. */
const hiddenId = (id: string): string =>
  isPrivate(id) ? `id-${hash('sha256', id, 'hex').slice(0, 20)}` : id.slice(0, MAX_ID_LENGTH)

const isPrivate = (text: string): boolean => contentWords(text, text.length) !== text

const shown = (text: string): string => publicWords(text.replace(/\s+/g, ' ').trim(), MAX_NAME_LENGTH)

function nameOf(said: Attributes, key: string): string | null {
  const text = textOf(said, key)
  return text === null ? null : shown(text) || null
}
