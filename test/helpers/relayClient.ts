// A client of the relay for tests: requests by promise, notifications by condition, and raw text.

import { type ClientOptions, WebSocket } from 'ws'

export interface Message {
  id?: unknown
  method?: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into messages of every kind
  params?: any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  result?: any
  error?: { code: number; message: string; data?: { code?: string; suggestion?: string } }
}

const PATIENCE_MS = 10_000

export class RelayClient {
  readonly socket: WebSocket
  /** Everything received, in order. */
  readonly received: Message[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #watchers = new Set<() => void>()
  #lastId = 0

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer) => {
      this.received.push(JSON.parse(data.toString()))
      for (const watcher of [...this.#watchers]) watcher()
    })
    this.closed = new Promise((resolve) =>
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    )
  }

  /** `null`: without a token. */
  static async connect(url: string, token: string | null, options: ClientOptions = {}): Promise<RelayClient> {
    const headers = token === null ? {} : { Authorization: `Bearer ${token}` }
    const socket = new WebSocket(url, ['mcp'], { headers, ...options })
    const client = new RelayClient(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve())
      socket.once('error', reject)
    })
    socket.on('error', () => undefined)
    return client
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** The answer, result or error. */
  async request(method: string, params: object = {}, id: string | number = `own-${++this.#lastId}`): Promise<Message> {
    const from = this.received.length
    this.send({ jsonrpc: '2.0', id, method, params })
    return this.until((message) => message.id === id && message.method === undefined, from)
  }

  call(tool: string, args: object = {}, id?: string | number): Promise<Message> {
    return this.request('tools/call', { name: tool, arguments: args }, id)
  }

  /** The JSON in a tool's answer. */
  async ask(tool: string, args: object = {}) {
    const { result } = await this.call(tool, args)
    return JSON.parse(result.content[0].text)
  }

  /** The first message (since `from`) for which `matches` holds, now or later. */
  until(matches: (message: Message) => boolean, from = 0): Promise<Message> {
    return new Promise((resolve, reject) => {
      let next = from
      const look = () => {
        for (; next < this.received.length; next++) {
          const message = this.received[next]
          if (!message || !matches(message)) continue
          this.#watchers.delete(look)
          clearTimeout(timer)
          resolve(message)
          return
        }
      }
      const timer = setTimeout(() => {
        this.#watchers.delete(look)
        reject(new Error(`never came: ${matches}; received: ${JSON.stringify(this.received).slice(0, 500)}`))
      }, PATIENCE_MS)
      this.#watchers.add(look)
      look()
    })
  }

  async close(): Promise<void> {
    this.socket.close()
    await this.closed
  }
}
