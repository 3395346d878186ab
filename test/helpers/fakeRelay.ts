// A relay as the server meets it: real sockets, the real wire, and in between whatever the test wants it to say.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { FoundRecord } from '../../protocol/claudeFlow.ts'
import { JSON_RPC } from '../../protocol/mcp.ts'
import { RELAY_METHOD, type RelayState } from '../../protocol/relayWire.ts'
import { RelayStore } from './relayStore.ts'

export interface RpcFailure {
  code: number
  message: string
  data?: unknown
}
/** What is answered: a result, an error, or nothing at all. */
export type Answer = { result: unknown } | { error: RpcFailure } | 'silence'
export type Responder = (params: Record<string, unknown>) => Answer

export const text = (value: unknown): Answer => ({
  result: { content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }] },
})
export const failure = (code: number, message: string, data?: unknown): Answer => ({
  error: data === undefined ? { code, message } : { code, message, data },
})

export const UP: RelayState = {
  child: { state: 'up', serverInfo: { name: 'ruflo', version: '3.0.0' }, restarts: 0, lastError: null },
  hasState: true,
}

interface Client {
  socket: WebSocket
  subscribed: boolean
}

export class FakeRelay {
  readonly token = 'relay-token-of-the-test'
  sourceId = 'source-of-the-test'
  records = new RelayStore()
  state: RelayState = UP
  protocol = { min: 1, max: 1 }
  /** By method; they come before what a relay of ours would answer. */
  readonly methods = new Map<string, Responder>()
  /** By the name of the tool. */
  readonly tools = new Map<string, Responder>()
  readonly requests: { method: string; params: Record<string, unknown> }[] = []
  /** Of the requests, in their order. */
  readonly requestIds: (number | undefined)[] = []
  /** Headers of every attempt to connect, refused ones too. */
  readonly attempts: IncomingMessage['headers'][] = []
  /** Answered instead of an upgrade. */
  refuseWith: number | null = null
  /** In that answer. */
  refuseBody = ''
  chunkBytes: number | undefined
  /** Key and certificate (PEM): it listens with TLS. */
  tls: { key: string; cert: string } | null = null
  #port = 0
  #frozen = false
  readonly #unanswered: (() => void)[] = []
  #server: Server | null = null
  readonly #clients = new Set<Client>()
  readonly #waiting = new Set<() => void>()

  get port(): number {
    return this.#port
  }

  get clients(): number {
    return this.#clients.size
  }

  calls(tool: string): unknown[] {
    return this.requests.filter(({ params }) => params.name === tool).map(({ params }) => params.arguments)
  }

  /** Listens, after a `stop` on the same port again. */
  async start(): Promise<this> {
    const refuse = (_request: IncomingMessage, response: ServerResponse) => void response.writeHead(426).end()
    const server = this.tls ? createTlsServer(this.tls, refuse) : createServer(refuse)
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'mcp' })
    const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const status = this.refuseWith ?? (request.headers.authorization === `Bearer ${this.token}` ? null : 401)
      if (status !== null) {
        socket.end(
          `HTTP/1.1 ${status} Refused\r\nContent-Length: ${this.refuseBody.length}\r\nConnection: close\r\n\r\n${this.refuseBody}`,
        )
        return
      }
      sockets.handleUpgrade(request, socket, head, (client) => this.#welcome(client))
    }
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.attempts.push(request.headers)
      socket.on('error', () => socket.destroy())
      this.#changed()
      if (this.#frozen) this.#unanswered.push(() => upgrade(request, socket, head))
      else upgrade(request, socket, head)
    })
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
    return this
  }

  /** The port is refused from now on. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = null
    this.drop()
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()))
  }

  /** Cuts every connection; new ones are taken. */
  drop(): void {
    for (const { socket } of this.#clients) socket.terminate()
  }

  /** Hangs as a stopped process does: connections stay and are taken, nothing is read and nothing is answered. */
  freeze(): void {
    this.#frozen = true
    for (const { socket } of this.#clients) socket.pause()
  }

  thaw(): void {
    this.#frozen = false
    for (const { socket } of this.#clients) socket.resume()
    for (const answer of this.#unanswered.splice(0)) answer()
  }

  /** Now exactly these records are there; subscribers are told. */
  set(found: readonly FoundRecord[]): void {
    const frame = this.records.set(found)
    if (frame) this.notify(RELAY_METHOD.FRAME, frame)
  }

  tellState(state: RelayState): void {
    this.state = state
    this.notify(RELAY_METHOD.STATE, state)
  }

  notify(method: string, params: unknown): void {
    const message = JSON.stringify({ jsonrpc: '2.0', method, params })
    for (const { socket, subscribed } of this.#clients) if (subscribed) socket.send(message)
  }

  /** Sends as it is, to everybody. */
  raw(message: string | Buffer): void {
    for (const { socket } of this.#clients) socket.send(message)
  }

  /** Resolves as soon as it holds; looked at after each attempt, request and end of a connection. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  #changed(): void {
    for (const look of [...this.#waiting]) look()
  }

  #welcome(socket: WebSocket): void {
    const client: Client = { socket, subscribed: false }
    this.#clients.add(client)
    socket.on('error', () => socket.terminate())
    socket.on('close', () => {
      this.#clients.delete(client)
      this.#changed()
    })
    socket.on('message', (data) => this.#receive(client, JSON.parse(data.toString())))
    this.#changed()
  }

  #receive(
    client: Client,
    { id, method, params = {} }: { id?: number; method: string; params?: Record<string, unknown> },
  ): void {
    this.requests.push({ method, params })
    this.requestIds.push(id)
    if (id !== undefined) {
      const answer = this.#answer(method, params)
      if (answer !== 'silence') client.socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
      if (method === RELAY_METHOD.SUBSCRIBE && !this.methods.has(method)) this.#follow(client, params)
    }
    this.#changed()
  }

  #answer(method: string, params: Record<string, unknown>): Answer {
    const given = this.methods.get(method)
    if (given) return given(params)
    const { sourceId, protocol, state } = this
    const { epoch, seq } = this.records.store
    if (method === RELAY_METHOD.HELLO) {
      const project = { name: 'shop', root: '/home/dev/shop', host: 'laptop' }
      return { result: { sourceId, version: '0.1.0', protocol, project, state } }
    }
    if (method === RELAY_METHOD.SUBSCRIBE) return { result: { epoch, rev: seq } }
    if (method === 'tools/call') {
      const tool = this.tools.get(String(params.name))
      if (tool) return tool((params.arguments ?? {}) as Record<string, unknown>)
      return failure(JSON_RPC.METHOD_NOT_FOUND, `Tool not found: ${params.name}`)
    }
    return failure(JSON_RPC.METHOD_NOT_FOUND, `Method not found: ${method}`)
  }

  #follow(client: Client, params: Record<string, unknown>): void {
    client.subscribed = true
    const send = (method: string, value: unknown) =>
      client.socket.send(JSON.stringify({ jsonrpc: '2.0', method, params: value }))
    const changes = this.records.store.changesSince(params.epoch as string | null, Number(params.rev))
    if (changes.type === 'frame') send(RELAY_METHOD.FRAME, changes.frame)
    if (changes.type === 'snapshot') {
      for (const chunk of this.records.chunks(this.chunkBytes)) send(RELAY_METHOD.SNAPSHOT, chunk)
    }
  }
}

/** A port on loopback where nothing listens. */
export async function freedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return port
}
