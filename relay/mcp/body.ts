// The body of a POST, bounded and decoded: one JSON-RPC message, told apart as on the WebSocket.

import type { IncomingMessage } from 'node:http'
import type { JsonRpcFailure } from '../../protocol/mcp.ts'
import { type Inbound, type Json, readInbound } from '../jsonRpc.ts'

/** A message that was accepted; `text` is what the multiplexer gets. */
export interface Post {
  text: string
  inbound: Exclude<Inbound, { type: 'refused' }>
}

export type ReadPost = { type: 'ok'; post: Post } | { type: 'refused'; failure: JsonRpcFailure } | { type: 'too large' }

/** Rejects when the sender goes away in the middle. */
export async function readPost(request: IncomingMessage, maxBytes: number): Promise<ReadPost> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return { type: 'too large' }
  const chunks: Buffer[] = []
  let bytes = 0
  // Leaving the loop must not end the connection: the sender is to be told.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) return { type: 'too large' }
    chunks.push(chunk)
  }
  const text = decode(Buffer.concat(chunks))
  const inbound = readInbound(text)
  return inbound.type === 'refused'
    ? { type: 'refused', failure: inbound.failure }
    : { type: 'ok', post: { text, inbound } }
}

/** Bytes that are no UTF-8 are no JSON either: the empty text is refused as such. */
function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return ''
  }
}

/** The message as the SDK is to see it. */
export const jsonOf = ({ text, inbound }: Post): Json =>
  inbound.type === 'response' ? (JSON.parse(text) as Json) : inbound.raw
