// MCP over HTTP by hand, for tests: messages as they are on the wire, in both eras.

import type { Message } from './relayClient.ts'
import { TOKEN } from './relayInProcess.ts'

const PATIENCE_MS = 10_000
const ACCEPT = 'application/json, text/event-stream'

export const MODERN = '2026-07-28'

export interface PostOptions {
  headers?: Record<string, string>
  signal?: AbortSignal
}

export const post = (url: string, message: unknown, { headers = {}, signal }: PostOptions = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { Authorization: `Bearer ${TOKEN}`, Accept: ACCEPT, 'Content-Type': 'application/json', ...headers },
    body: typeof message === 'string' ? message : JSON.stringify(message),
    ...(signal ? { signal } : {}),
  })

/** A request of the revision without sessions, with the headers that it demands. */
export function postModern(
  url: string,
  { id, method, params = {} }: { id: string | number; method: string; params?: Record<string, unknown> },
  { headers = {}, ...rest }: PostOptions = {},
): Promise<Response> {
  const { _meta = {}, ...others } = params as { _meta?: object }
  const meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientInfo': { name: 'modern', version: '0' },
    'io.modelcontextprotocol/clientCapabilities': {},
    ..._meta,
  }
  const name = typeof params.name === 'string' ? params.name : typeof params.uri === 'string' ? params.uri : undefined
  return post(
    url,
    { jsonrpc: '2.0', id, method, params: { ...others, _meta: meta } },
    {
      headers: {
        'MCP-Protocol-Version': MODERN,
        'Mcp-Method': method,
        ...(name ? { 'Mcp-Name': name } : {}),
        ...headers,
      },
      ...rest,
    },
  )
}

/** The messages of one answer, be it a stream or one JSON. */
export class Answers {
  readonly received: Message[] = []
  /** Everything that came, comments too. */
  text = ''
  /** Resolves when the stream ends, however it does. */
  readonly ended: Promise<void>
  readonly #watchers = new Set<() => void>()
  #isOver = false

  constructor(response: Response) {
    this.ended = this.#read(response).finally(() => {
      this.#isOver = true
      this.#tell()
    })
  }

  /** The first message for which `matches` holds, now or later. */
  until(matches: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        clearTimeout(timer)
        this.#watchers.delete(look)
        settle()
      }
      const failed = (why: string) => new Error(`${why}: ${matches}; received: ${this.text.slice(0, 500)}`)
      const look = () => {
        const message = this.received.find(matches)
        if (message) done(() => resolve(message))
        else if (this.#isOver) done(() => reject(failed('the stream ended')))
      }
      const timer = setTimeout(() => done(() => reject(failed('never came'))), PATIENCE_MS)
      this.#watchers.add(look)
      look()
    })
  }

  answer(id: string | number): Promise<Message> {
    return this.until((message) => message.id === id && message.method === undefined)
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }

  async #read(response: Response): Promise<void> {
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream')
    const decoder = new TextDecoder()
    let rest = ''
    try {
      if (!isStream) {
        this.text = await response.text()
        if (this.text) this.received.push(JSON.parse(this.text))
        return
      }
      for await (const chunk of response.body as ReadableStream<Uint8Array>) {
        const text = decoder.decode(chunk, { stream: true })
        this.text += text
        const events = (rest + text).split('\n\n')
        rest = events.pop() ?? ''
        for (const event of events) {
          const data = event.split('\n').find((line) => line.startsWith('data: '))
          if (data) this.received.push(JSON.parse(data.slice(6)))
        }
        this.#tell()
      }
    } catch (error) {
      // Cut by the relay, or given up by the test: both end the stream.
      if (!(error instanceof Error)) throw error
    }
  }
}

/** A session of the revisions that have them. */
export class HttpSession {
  readonly url: string
  readonly id: string
  readonly initialized: Message
  readonly #aborts: AbortController[] = []
  #lastId = 0

  private constructor(url: string, id: string, initialized: Message) {
    this.url = url
    this.id = id
    this.initialized = initialized
  }

  static async open(url: string, name = 'legacy'): Promise<HttpSession> {
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name, version: '0' } }
    const response = await post(url, { jsonrpc: '2.0', id: 'init', method: 'initialize', params })
    const id = response.headers.get('mcp-session-id')
    const initialized = await new Answers(response).answer('init')
    if (!id) throw new Error(`no session: ${response.status} ${JSON.stringify(initialized)}`)
    return new HttpSession(url, id, initialized)
  }

  get headers(): Record<string, string> {
    return { 'Mcp-Session-Id': this.id }
  }

  post(message: unknown, signal?: AbortSignal): Promise<Response> {
    return post(this.url, message, { headers: this.headers, ...(signal ? { signal } : {}) })
  }

  /** Its stream, opened; `cut` drops the connection. */
  async start(method: string, params: object = {}, id: string | number = `own-${++this.#lastId}`) {
    const abort = new AbortController()
    this.#aborts.push(abort)
    const response = await this.post({ jsonrpc: '2.0', id, method, params }, abort.signal)
    return { id, response, answers: new Answers(response), cut: () => abort.abort() }
  }

  async request(method: string, params: object = {}, id?: string | number): Promise<Message> {
    const { answers, id: asked } = await this.start(method, params, id)
    return answers.answer(asked)
  }

  async ask(tool: string, args: object = {}) {
    const { result } = await this.request('tools/call', { name: tool, arguments: args })
    return JSON.parse(result.content[0].text)
  }

  /** The stream for what belongs to no request. */
  async listen() {
    const abort = new AbortController()
    this.#aborts.push(abort)
    const headers = { Authorization: `Bearer ${TOKEN}`, Accept: 'text/event-stream', ...this.headers }
    const response = await fetch(this.url, { headers, signal: abort.signal })
    return { response, answers: new Answers(response), cut: () => abort.abort() }
  }

  delete(): Promise<Response> {
    return fetch(this.url, { method: 'DELETE', headers: { Authorization: `Bearer ${TOKEN}`, ...this.headers } })
  }

  cutAll(): void {
    for (const abort of this.#aborts) abort.abort()
  }
}
