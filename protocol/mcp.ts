// JSON-RPC 2.0 as MCP uses it: the shapes, and how to tell them apart.

import { z } from 'zod'

export type JsonRpcId = string | number

export const JSON_RPC = {
  PARSE_ERROR: -32700,
  INVALID_REQUEST: -32600,
  METHOD_NOT_FOUND: -32601,
  INVALID_PARAMS: -32602,
  INTERNAL_ERROR: -32603,
  /** Ours: the child ended, or never started; `data` has the catalogue's code. */
  CHILD_UNAVAILABLE: -32001,
  /** MCP's code for a resource that does not exist. */
  RESOURCE_NOT_FOUND: -32002,
} as const

/** What claude-flow speaks. */
export const MCP_PROTOCOL_VERSION = '2024-11-05'

/** Those that begin with `initialize`, oldest first; their names are dates, so they can be compared. */
export const MCP_PROTOCOL_VERSIONS: readonly string[] = [MCP_PROTOCOL_VERSION, '2025-03-26', '2025-06-18', '2025-11-25']

export interface JsonRpcError {
  code: number
  message: string
  data?: unknown
}

const id = z.union([z.string(), z.number()])
const params = z.record(z.string(), z.unknown())

/** Unknown keys are kept: what passes through must not lose anything. */
export const jsonRpcMessage = z.union([
  z.looseObject({ jsonrpc: z.literal('2.0'), id, method: z.string(), params: params.optional() }),
  z.looseObject({
    jsonrpc: z.literal('2.0'),
    id: z.undefined().optional(),
    method: z.string(),
    params: params.optional(),
  }),
  z.looseObject({ jsonrpc: z.literal('2.0'), id, result: z.unknown() }),
  z.looseObject({
    jsonrpc: z.literal('2.0'),
    id: id.nullish(),
    error: z.looseObject({ code: z.number(), message: z.string(), data: z.unknown().optional() }),
  }),
])

export interface JsonRpcRequest {
  jsonrpc: '2.0'
  id: JsonRpcId
  method: string
  params?: Record<string, unknown> | undefined
}
export interface JsonRpcNotification {
  jsonrpc: '2.0'
  method: string
  params?: Record<string, unknown> | undefined
}
export interface JsonRpcResult {
  jsonrpc: '2.0'
  id: JsonRpcId
  result: unknown
}
export interface JsonRpcFailure {
  jsonrpc: '2.0'
  id: JsonRpcId | null
  error: JsonRpcError
}
export type JsonRpcResponse = JsonRpcResult | JsonRpcFailure

export const resultOf = (id: JsonRpcId, result: unknown): JsonRpcResult => ({ jsonrpc: '2.0', id, result })

export const failureOf = (id: JsonRpcId | null, code: number, message: string, data?: unknown): JsonRpcFailure => ({
  jsonrpc: '2.0',
  id,
  error: data === undefined ? { code, message } : { code, message, data },
})

/** `tools/call`'s answer, as far as it matters here. */
export const toolResult = z.looseObject({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  isError: z.boolean().optional(),
})

export const initializeResult = z.looseObject({
  protocolVersion: z.string(),
  capabilities: z.record(z.string(), z.unknown()).default({}),
  serverInfo: z.looseObject({ name: z.string(), version: z.string() }),
})
export type InitializeResult = z.infer<typeof initializeResult>
