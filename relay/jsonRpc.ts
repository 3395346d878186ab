// What comes in from a client or the child, told apart by hand: this is the path of every message, and a message that
// passes through must keep all it carries.

import { failureOf, JSON_RPC, type JsonRpcFailure, type JsonRpcId } from '../protocol/mcp.ts'

export type Json = Record<string, unknown>

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Numbers beyond 2^53 come out of JSON.parse altered: an id must go back as it came. */
export const isId = (value: unknown): value is JsonRpcId =>
  typeof value === 'string' ||
  (typeof value === 'number' && Number.isFinite(value) && !(Number.isInteger(value) && !Number.isSafeInteger(value)))

export type Inbound =
  | { type: 'request'; id: JsonRpcId; method: string; params: Json | undefined; raw: Json }
  | { type: 'notification'; method: string; params: Json | undefined; raw: Json }
  /** To something we never asked: clients are asked nothing. */
  | { type: 'response' }
  | { type: 'refused'; failure: JsonRpcFailure }

export function parseJson(text: string): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch {
    return { ok: false }
  }
}

/** Far beyond any tool's arguments; a recursive reader overflows its stack at some thousands. */
const MAX_DEPTH = 512

/** `text` is valid JSON. */
export function nestsTooDeeply(text: string): boolean {
  if (text.length < 2 * MAX_DEPTH) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '"') {
      for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++
    } else if (char === '{' || char === '[') {
      if (++depth > MAX_DEPTH) return true
    } else if (char === '}' || char === ']') {
      depth--
    }
  }
  return false
}

/** `null`: nested too deeply. Such text can be read, but writing it again would overflow the stack. */
export function writeJson(value: unknown): string | null {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

export function readInbound(text: string): Inbound {
  const parsed = parseJson(text)
  if (!parsed.ok) return refused(null, JSON_RPC.PARSE_ERROR, 'Parse error')
  const raw = parsed.value
  if (Array.isArray(raw)) return refused(null, JSON_RPC.INVALID_REQUEST, 'Batches are not supported')
  if (!isObject(raw)) return refused(null, JSON_RPC.INVALID_REQUEST, 'Invalid request')
  const id = isId(raw.id) ? raw.id : null
  // Reading it did us no harm, but it is meant for others.
  if (nestsTooDeeply(text)) return refused(id, JSON_RPC.INVALID_REQUEST, 'Invalid request: nested too deeply')
  if (raw.jsonrpc !== '2.0') return refused(id, JSON_RPC.INVALID_REQUEST, 'Invalid request: jsonrpc must be "2.0"')
  if (typeof raw.method !== 'string') {
    const isResponse = raw.method === undefined && ('result' in raw || 'error' in raw)
    return isResponse ? { type: 'response' } : refused(id, JSON_RPC.INVALID_REQUEST, 'Invalid request: no method')
  }
  const { method, params } = raw
  if (params !== undefined && !isObject(params)) {
    return refused(id, JSON_RPC.INVALID_PARAMS, 'Invalid params: an object is expected')
  }
  if (!('id' in raw)) return { type: 'notification', method, params, raw }
  if (id === null) {
    return refused(null, JSON_RPC.INVALID_REQUEST, 'Invalid request: id must be a string or a safe number')
  }
  return { type: 'request', id, method, params, raw }
}

const refused = (id: JsonRpcId | null, code: number, message: string): Inbound => ({
  type: 'refused',
  failure: failureOf(id, code, message),
})

/** An answer of the relay's own that is an error. */
export class RpcFault extends Error {
  override readonly name = 'RpcFault'
  readonly code: number
  readonly data: unknown

  constructor(code: number, message: string, data?: unknown) {
    super(message)
    this.code = code
    this.data = data
  }
}
