// One session of MCP's revisions up to 2025-11-25: a client of the multiplexer like a WebSocket. The SDK's transport keeps
// the streams; what is to stand in them comes from the multiplexer. A dropped stream cancels nothing; DELETE and the
// session's end do.

import { randomUUID } from 'node:crypto'
import { type JSONRPCMessage, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import type { Logger } from '../../platform/log.ts'
import {
  failureOf,
  JSON_RPC,
  type JsonRpcFailure,
  type JsonRpcId,
  type JsonRpcNotification,
} from '../../protocol/mcp.ts'
import { CLOSE } from '../../protocol/viewerWire.ts'
import type { ClientEvents, ClientQueue, RelayClient } from '../client.ts'
import { isId, isObject } from '../jsonRpc.ts'
import type { Message } from '../mux.ts'
import type { ClientId } from '../pending.ts'
import { jsonOf, type Post } from './body.ts'
import { type Answer, failed, outgoing } from './outgoing.ts'
import type { Outlet } from './outlet.ts'

export interface SessionEvents extends ClientEvents {
  /** The stream for what belongs to no request was away, and is there again. */
  onRegained(client: RelayClient): void
}

export interface SessionOptions {
  id: ClientId
  events: SessionEvents
  keepAliveMs: number
  log: Logger
  onInitialized: (sessionId: string) => void
  onEnd: () => void
}

export class Session implements RelayClient {
  readonly id: ClientId
  readonly queue: ClientQueue
  readonly #options: SessionOptions
  readonly #transport: WebStandardStreamableHTTPServerTransport
  readonly #posts = new WeakMap<Request, Post>()
  /** Under way, with their progress tokens: each has a stream of its own. */
  readonly #requests = new Map<JsonRpcId, JsonRpcId | null>()
  /** Progress token → its request. */
  readonly #byToken = new Map<JsonRpcId, JsonRpcId>()
  /** They wait for the standalone stream: one for each sender that paces itself. */
  readonly #waiting = new Set<() => void>()
  /** Of the first `initialize`, until it is answered. */
  #initializing: JsonRpcId | null = null
  #isInitialized = false
  #standalone: Outlet | null = null
  #hadStandalone = false
  #openStreams = 0
  #idleSinceMs = performance.now()
  #ended = false

  constructor(options: SessionOptions) {
    const { id, keepAliveMs, log, onInitialized } = options
    this.id = id
    this.#options = options
    this.queue = {
      send: (message) => this.#deliver(message),
      sendPaced: (message) => this.#deliver(message),
      onceDrained: (action) => {
        this.#waiting.add(action)
        this.#whenDrained(action)
      },
    }
    this.#transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: onInitialized,
      keepAliveMs,
    })
    this.#transport.onmessage = (_message, extra) => {
      const post = extra?.request && this.#posts.get(extra.request)
      if (post) this.#received(post)
    }
    this.#transport.onclose = () => this.#end()
    this.#transport.onerror = (err) => log.debug({ err, client: id }, 'MCP session')
    options.events.onOpen(this)
  }

  /** For how long it has had no open stream. */
  get idleForMs(): number {
    return this.#openStreams > 0 ? 0 : performance.now() - this.#idleSinceMs
  }

  async start(): Promise<void> {
    await this.#transport.start()
  }

  drop(_code: number, reason: string): void {
    this.#options.log.warn({ client: this.id, reason }, 'session ended')
    this.close().catch((err: unknown) => this.#options.log.error({ err, client: this.id }, 'session'))
  }

  /** Ends it: its requests are cancelled, its streams finished. */
  async close(): Promise<void> {
    await this.#transport.close()
  }

  /** `post` is `null` for GET and DELETE. False: the transport refused it. */
  async handle(request: Request, post: Post | null, outlet: Outlet): Promise<boolean> {
    this.#track(outlet)
    const asked = post?.inbound.type === 'request' ? post.inbound : null
    if (asked) {
      if (this.#requests.has(asked.id)) {
        // Its answer could not be told from the other's.
        const failure = failureOf(asked.id, JSON_RPC.INVALID_REQUEST, 'Invalid request: this id is under way already')
        await outlet.pipe(Response.json(failure, { status: 400 }))
        return false
      }
      this.#remember(asked.id, asked.params?._meta)
      if (asked.method === 'initialize' && !this.#isInitialized) this.#initializing = asked.id
    }
    if (post) this.#posts.set(request, post)
    // A client that comes anew has lost the former, whether we know it yet or not: a half-open one must not lock it out.
    const listens = request.method === 'GET' && request.headers.get('accept')?.includes('text/event-stream')
    if (listens) this.#transport.closeStandaloneSSEStream()
    const response = await this.#transport.handleRequest(request, post ? { parsedBody: forTransport(post) } : {})
    if (asked && response.status !== 200) this.#forget(asked.id)
    if (listens && response.status === 200) this.#openStandalone(outlet)
    await outlet.pipe(response)
    return response.ok
  }

  #track(outlet: Outlet): void {
    if (outlet.closed.aborted) return
    this.#openStreams++
    outlet.closed.addEventListener('abort', () => {
      this.#openStreams--
      this.#idleSinceMs = performance.now()
      if (this.#standalone === outlet) this.#standalone = null
      // It never learned its session's id: nobody will ever come for it.
      if (this.#initializing !== null) this.drop(CLOSE.GOING_AWAY, 'its client left before it was initialised')
    })
  }

  #received({ text, inbound }: Post): void {
    this.#options.events.onMessage(this, text)
    if (inbound.type !== 'notification' || inbound.method !== 'notifications/cancelled') return
    const id = inbound.params?.requestId
    if (isId(id) && this.#requests.has(id)) this.#endStream(id)
  }

  /** No answer follows a cancellation: the stream that waits for it ends. */
  #endStream(id: JsonRpcId): void {
    this.#forget(id)
    this.#transport.closeSSEStream(id)
    // With its stream gone this reaches nobody, and makes the transport forget the request.
    this.#send(failed(id, 'Cancelled'))
  }

  #deliver(given: Message): void {
    if (this.#ended) return
    const message = outgoing(given)
    if (message === null) return
    if ('method' in message) {
      if (message.method !== 'notifications/progress') {
        this.#send(message)
        return
      }
      const token = message.params?.progressToken
      const request = isId(token) ? this.#byToken.get(token) : undefined
      if (request !== undefined) this.#send(message, request)
      return
    }
    if (!this.#requests.has(message.id)) return
    const initializes = message.id === this.#initializing
    this.#forget(message.id)
    this.#answer(message)
    if (!initializes) return
    this.#isInitialized = true
    if ('error' in message) this.drop(CLOSE.GOING_AWAY, 'it could not be initialised')
  }

  /** Whatever the transport has against an answer: its stream must not stay open. */
  #answer(answer: Answer): void {
    this.#transport.send(answer as JSONRPCMessage).catch((err: unknown) => {
      this.#options.log.warn({ err, client: this.id }, 'answer not delivered')
      this.#send(failed(answer.id, 'The answer of claude-flow could not be delivered'))
      this.#transport.closeSSEStream(answer.id)
    })
  }

  #send(message: JsonRpcFailure | JsonRpcNotification, relatedRequestId?: JsonRpcId): void {
    const options = relatedRequestId === undefined ? {} : { relatedRequestId }
    this.#transport
      .send(message as JSONRPCMessage, options)
      .catch((err: unknown) => this.#options.log.debug({ err, client: this.id }, 'not delivered'))
  }

  #remember(id: JsonRpcId, meta: unknown): void {
    const token = isObject(meta) && isId(meta.progressToken) ? meta.progressToken : null
    this.#requests.set(id, token)
    if (token !== null) this.#byToken.set(token, id)
  }

  #forget(id: JsonRpcId): void {
    const token = this.#requests.get(id)
    this.#requests.delete(id)
    if (this.#initializing === id) this.#initializing = null
    if (token !== undefined && token !== null && this.#byToken.get(token) === id) this.#byToken.delete(token)
  }

  #openStandalone(outlet: Outlet): void {
    if (outlet.closed.aborted) return
    this.#standalone = outlet
    for (const action of this.#waiting) this.#whenDrained(action)
    if (this.#hadStandalone) this.#options.events.onRegained(this)
    this.#hadStandalone = true
  }

  /** Without a standalone stream, or when it closes meanwhile, the action waits for the next one. */
  #whenDrained(action: () => void): void {
    // What was given to the transport reaches the outlet in microtasks.
    setImmediate(() => {
      this.#standalone?.queue.onceDrained(() => {
        if (this.#waiting.delete(action)) action()
      })
    })
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#waiting.clear()
    this.#options.onEnd()
    this.#options.events.onClose(this)
  }
}

/**
 * The transport needs to know what kind of message this is, and `initialize` whole. It must not look at the rest: its
 * schemas refuse, or leave out, what the child may well understand.
 */
function forTransport(post: Post): unknown {
  const { inbound } = post
  if (inbound.type !== 'request' || inbound.method === 'initialize') return jsonOf(post)
  return { jsonrpc: '2.0', id: inbound.id, method: inbound.method }
}
