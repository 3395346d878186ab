// A stand-in for the model behind Claude Code, so that the real client runs offline: it answers POST /v1/messages as the
// test's script says.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Block = { type: 'text'; text: string } | { type: 'tool_use'; name: string; input: object }

export interface Turn {
  /** The names of the tools that are offered. */
  tools: readonly string[]
  /** What the tools that were called so far answered, oldest first. */
  results: readonly unknown[]
}

export type Script = (turn: Turn) => Block[] | Promise<Block[]>

export interface FakeModel {
  url: string
  close(): Promise<void>
}

interface Ask {
  model: string
  stream?: boolean
  system?: unknown
  tools?: { name: string }[]
  messages: { role: string; content: string | { type: string; content?: unknown }[] }[]
}

/** `seen` gets each request's body, as text. */
export async function startFakeModel(
  script: Script,
  seen: (body: string) => void = () => undefined,
): Promise<FakeModel> {
  let count = 0
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      if (!isAsk(request)) {
        sendJson(response, request.url?.includes('count_tokens') ? { input_tokens: 100 } : {})
        return
      }
      seen(body)
      answer(response, JSON.parse(body) as Ask, ++count, script).catch((error: Error) => response.destroy(error))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const isAsk = ({ method, url = '' }: IncomingMessage): boolean =>
  method === 'POST' && url.startsWith('/v1/messages') && !url.includes('count_tokens')

async function answer(response: ServerResponse, ask: Ask, count: number, script: Script): Promise<void> {
  const tools = (ask.tools ?? []).map(({ name }) => name)
  const results = ask.messages
    .flatMap(({ content }) => (typeof content === 'string' ? [] : content))
    .filter(({ type }) => type === 'tool_result')
    .map(({ content }) => content)
  // Without tools it asks for a title of the conversation.
  const blocks = tools.length > 0 ? await script({ tools, results }) : [{ type: 'text' as const, text: 'Title' }]
  const content = blocks.map((block, index) =>
    block.type === 'tool_use' ? { ...block, id: `toolu_${count}_${index}` } : block,
  )
  const stopReason = content.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn'
  const usage = { input_tokens: 100, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 10 }
  const message = { id: `msg_${count}`, type: 'message', role: 'assistant', model: ask.model, usage }
  response.setHeader('request-id', `req_fake_${count}`)
  if (!ask.stream) {
    sendJson(response, { ...message, content, stop_reason: stopReason, stop_sequence: null })
    return
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  const send = (type: string, data: object) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`)
  send('message_start', { message: { ...message, content: [], stop_reason: null, stop_sequence: null } })
  content.forEach((block, index) => {
    const isText = block.type === 'text'
    send('content_block_start', { index, content_block: isText ? { ...block, text: '' } : { ...block, input: {} } })
    const delta = isText
      ? { type: 'text_delta', text: block.text }
      : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) }
    send('content_block_delta', { index, delta })
    send('content_block_stop', { index })
  })
  send('message_delta', { delta: { stop_reason: stopReason, stop_sequence: null }, usage: { output_tokens: 10 } })
  send('message_stop', {})
  response.end()
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(body))
}
