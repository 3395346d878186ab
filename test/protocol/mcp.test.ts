import { describe, expect, it } from 'vitest'
import { failureOf, JSON_RPC, jsonRpcMessage, resultOf } from '../../protocol/mcp.ts'

describe('jsonRpcMessage', () => {
  it.each([
    ['a request', { jsonrpc: '2.0', id: 1, method: 'ping' }],
    ['a request with a text for an id', { jsonrpc: '2.0', id: '1', method: 'tools/call', params: { name: 'x' } }],
    ['a notification', { jsonrpc: '2.0', method: 'notifications/initialized' }],
    ['a result', { jsonrpc: '2.0', id: 1, result: {} }],
    ['an error', { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error' } }],
    ["claude-flow 2's error without an id", { jsonrpc: '2.0', error: { code: -32601, message: 'Method not found' } }],
    ['more than is needed', { jsonrpc: '2.0', id: 1, method: 'x', params: { _meta: { a: 1 } }, trace: 'kept' }],
  ])('takes %s, and loses nothing of it', (_, message) => {
    expect(jsonRpcMessage.parse(message)).toEqual(message)
  })

  it.each([
    ['a batch', [{ jsonrpc: '2.0', id: 1, method: 'ping' }]],
    ['another version', { jsonrpc: '1.0', id: 1, method: 'ping' }],
    ['an object for an id', { jsonrpc: '2.0', id: {}, method: 'ping' }],
    ['a list for params', { jsonrpc: '2.0', id: 1, method: 'ping', params: [] }],
    ['an error without a code', { jsonrpc: '2.0', id: 1, error: { message: 'x' } }],
    ['nothing to say', { jsonrpc: '2.0', id: 1 }],
    ['null', null],
  ])('refuses %s', (_, message) => {
    expect(jsonRpcMessage.safeParse(message).success).toBe(false)
  })
})

it('answers are built with the id as it came', () => {
  expect(resultOf('1', { ok: true })).toEqual({ jsonrpc: '2.0', id: '1', result: { ok: true } })
  expect(failureOf(1, JSON_RPC.METHOD_NOT_FOUND, 'no')).toEqual({
    jsonrpc: '2.0',
    id: 1,
    error: { code: -32601, message: 'no' },
  })
  expect(failureOf(null, JSON_RPC.PARSE_ERROR, 'no', { code: 'X' })).toMatchObject({
    id: null,
    error: { data: { code: 'X' } },
  })
})
