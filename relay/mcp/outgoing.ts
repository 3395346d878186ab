// A message on its way to a client of the HTTP door, as the SDK wants it: a value, which it will write again. Text that
// nests too deeply can be read, but writing it would overflow the stack inside of the SDK, and nobody would be answered.

import { failureOf, JSON_RPC } from '../../protocol/mcp.ts'
import { isId, isObject, nestsTooDeeply } from '../jsonRpc.ts'
import type { Message } from '../mux.ts'

/** `null`: a notification that cannot be told. An answer that cannot becomes an error under its id. */
export function outgoing(message: Message): unknown {
  const text = message.toString()
  const value: unknown = JSON.parse(text)
  if (!nestsTooDeeply(text)) return value
  const isAnswer = isObject(value) && isId(value.id) && value.method === undefined
  return isAnswer
    ? failureOf(value.id as string | number, JSON_RPC.INTERNAL_ERROR, 'The answer of claude-flow is nested too deeply')
    : null
}
