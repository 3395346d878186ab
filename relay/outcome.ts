// How a request ended, and how what is wrong is said to clients.

import { type ErrorBody, type ErrorCode, isRetryable } from '../protocol/errors.ts'
import { JSON_RPC } from '../protocol/mcp.ts'
import { isObject, type Json, RpcFault } from './jsonRpc.ts'
import type { ClientId } from './pending.ts'

export const OUTCOMES = ['ok', 'tool-error', 'error', 'cancelled', 'timed-out', 'child-gone', 'refused'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** A client's request that was meant for the child is over. */
export interface Settled {
  client: ClientId
  /** As the client called itself. */
  clientName: string | null
  method: string
  /** For `tools/call`; what else was given, and what was answered, stays in the relay. */
  call: { tool: string; swarmId: string | null } | null
  outcome: Outcome
  durationMs: number
  result: unknown
}

/** claude-flow's tools say so of a failure at the very beginning of a result that is no MCP error. */
const SAYS_NO = /^\s*\{\s*"success":\s*false\b/
const SAYS_NO_WITHIN = 100

/** Of the child's answer to a request; `isCall`: to `tools/call`. */
export function outcomeOf(answer: Json, isCall: boolean): Outcome {
  if (!('result' in answer)) return 'error'
  if (!isCall || !isObject(answer.result)) return 'ok'
  const { isError, content } = answer.result
  const first: unknown = Array.isArray(content) ? content[0] : undefined
  const text = isObject(first) && typeof first.text === 'string' ? first.text.slice(0, SAYS_NO_WITHIN) : ''
  return isError === true || SAYS_NO.test(text) ? 'tool-error' : 'ok'
}

/** What the request itself is to blame for; for all else the relay or the child is. */
const RPC_CODES: Partial<Record<ErrorCode, number>> = { TOOL_NOT_ALLOWED: JSON_RPC.INVALID_PARAMS }

export function faultOf({ code, error, details }: ErrorBody, more: Json = {}): RpcFault {
  const data = { code, suggestion: details.suggestion, retryable: isRetryable(code), ...more }
  return new RpcFault(RPC_CODES[code] ?? JSON_RPC.CHILD_UNAVAILABLE, error, data)
}
