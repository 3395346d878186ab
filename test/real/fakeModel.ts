// A stand-in for the model behind Claude Code, so that the real client runs offline: it answers POST /v1/messages as the
// test's script says.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TokenCounts } from '../../protocol/swarm.ts'

export type Block = { type: 'text'; text: string } | { type: 'tool_use'; name: string; input: object }

export interface Turn {
  /** What the conversation began with: it tells whose it is. */
  prompt: string
  /** The names of the tools that are offered. */
  tools: readonly string[]
  /** What the tools that were called so far answered, oldest first. */
  results: readonly unknown[]
}

export type Script = (turn: Turn) => Block[] | Promise<Block[]>

export interface HandedOut {
  requestId: string
  prompt: string
  usage: TokenCounts
}

export interface FakeModel {
  url: string
  /** What each answer said that it used, oldest first: no two the same. */
  handedOut: readonly HandedOut[]
  close(): Promise<void>
}

interface Ask {
  model: string
  stream?: boolean
  system?: unknown
  tools?: { name: string }[]
  messages: { role: string; content: string | { type: string; text?: string; content?: unknown }[] }[]
}

/** `seen` gets each request's body, as text. */
export async function startFakeModel(
  script: Script,
  seen: (body: string) => void = () => undefined,
): Promise<FakeModel> {
  const handedOut: HandedOut[] = []
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
      const ask = JSON.parse(body) as Ask
      const given = handOut(handedOut.length + 1, ask)
      handedOut.push(given)
      answer(response, ask, given, script).catch((error: Error) => response.destroy(error))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    handedOut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const isAsk = ({ method, url = '' }: IncomingMessage): boolean =>
  method === 'POST' && url.startsWith('/v1/messages') && !url.includes('count_tokens')

/** Figures whose sums tell which requests are in them, and that nothing was counted twice. */
const handOut = (count: number, ask: Ask): HandedOut => ({
  requestId: `req_fake_${count}`,
  prompt: promptOf(ask),
  usage: {
    input: 1_000 + count ** 2,
    output: 40 + 3 * count,
    cacheRead: 300 + 7 * count,
    cacheWrite: 100 + 11 * count,
  },
})

function promptOf({ messages }: Ask): string {
  const content = messages.find(({ role }) => role === 'user')?.content ?? ''
  return typeof content === 'string' ? content : content.map(({ text }) => text ?? '').join('\n')
}

async function answer(response: ServerResponse, ask: Ask, given: HandedOut, script: Script): Promise<void> {
  const tools = (ask.tools ?? []).map(({ name }) => name)
  const results = ask.messages
    .flatMap(({ content }) => (typeof content === 'string' ? [] : content))
    .filter(({ type }) => type === 'tool_result')
    .map(({ content }) => content)
  // Without tools it asks for a title of the conversation.
  const blocks =
    tools.length > 0
      ? await script({ prompt: given.prompt, tools, results })
      : [{ type: 'text' as const, text: 'Title' }]
  const content = blocks.map((block, index) =>
    block.type === 'tool_use' ? { ...block, id: given.requestId.replace('req', 'toolu') + index } : block,
  )
  const stopReason = content.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn'
  const { input, output, cacheRead, cacheWrite } = given.usage
  const before = { input_tokens: input, cache_creation_input_tokens: cacheWrite, cache_read_input_tokens: cacheRead }
  const usage = { ...before, output_tokens: output }
  const message = {
    id: given.requestId.replace('req', 'msg'),
    type: 'message',
    role: 'assistant',
    model: ask.model,
    usage,
  }
  response.setHeader('request-id', given.requestId)
  if (!ask.stream) {
    sendJson(response, { ...message, content, stop_reason: stopReason, stop_sequence: null })
    return
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  const send = (type: string, data: object) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`)
  const begun = { ...message, content: [], stop_reason: null, stop_sequence: null }
  send('message_start', { message: { ...begun, usage: { ...before, output_tokens: 1 } } })
  content.forEach((block, index) => {
    const isText = block.type === 'text'
    send('content_block_start', { index, content_block: isText ? { ...block, text: '' } : { ...block, input: {} } })
    const delta = isText
      ? { type: 'text_delta', text: block.text }
      : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) }
    send('content_block_delta', { index, delta })
    send('content_block_stop', { index })
  })
  send('message_delta', { delta: { stop_reason: stopReason, stop_sequence: null }, usage: { output_tokens: output } })
  send('message_stop', {})
  response.end()
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(body))
}
