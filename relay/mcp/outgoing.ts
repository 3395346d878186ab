// A message on its way to a client of the HTTP door, as the SDK wants it: a value, which it will write again. Text that
// nests too deeply can be read, but writing it would overflow the stack inside of the SDK; an answer that is not quite of
// the protocol's shape it takes for none. In both cases nobody would be answered.

import {
  failureOf,
  JSON_RPC,
  type JsonRpcFailure,
  type JsonRpcId,
  type JsonRpcNotification,
  type JsonRpcResponse,
  resultOf,
} from '../../protocol/mcp.ts'
import { isId, isObject, type Json, nestsTooDeeply } from '../jsonRpc.ts'
import type { Message } from '../mux.ts'

/** With the id of a request: other answers are for nobody. */
export type Answer = JsonRpcResponse & { id: JsonRpcId }

/** `null`: a notification that cannot be told. An answer that cannot becomes an error under its id. */
export function outgoing(message: Message): Answer | JsonRpcNotification | null {
  const text = message.toString()
  const value: unknown = JSON.parse(text)
  if (!isObject(value)) return null
  const isTooDeep = nestsTooDeeply(text)
  if (typeof value.method === 'string') return isTooDeep ? null : (value as unknown as JsonRpcNotification)
  if (!isId(value.id)) return null
  return isTooDeep ? failed(value.id, 'The answer of claude-flow is nested too deeply') : answerOf(value.id, value)
}

/** In the protocol's shape, without what else stood beside it. One that says both a result and an error has failed. */
function answerOf(id: JsonRpcId, { result, error }: Json): Answer {
  if (isObject(error)) {
    const { code, message, data } = error
    if (typeof message !== 'string') return none(id)
    return {
      ...failureOf(id, Number.isSafeInteger(code) ? (code as number) : JSON_RPC.INTERNAL_ERROR, message, data),
      id,
    }
  }
  const isResult = isObject(result) && (result._meta === undefined || isObject(result._meta))
  return isResult ? resultOf(id, result) : none(id)
}

const none = (id: JsonRpcId): Answer => failed(id, 'The answer of claude-flow was none')

export const failed = (id: JsonRpcId, message: string): JsonRpcFailure & { id: JsonRpcId } => ({
  ...failureOf(id, JSON_RPC.INTERNAL_ERROR, message),
  id,
})
