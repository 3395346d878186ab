// One request of MCP's revision 2026-07-28, which knows no sessions: a client of the multiplexer for as long as its
// answer takes, and no longer. It is cancelled when its connection closes. The SDK checks it, answers `server/discover`
// and keeps `subscriptions/listen`; all else is asked of the multiplexer.

import {
  createMcpHandler,
  InMemoryServerEventBus,
  type JSONRPCRequest,
  type jsonSchemaValidator,
  type McpHttpHandler,
  Server,
  type ServerContext,
  type ServerEvent,
} from '@modelcontextprotocol/server'
import type { Logger } from '../../platform/log.ts'
import {
  type InitializeResult,
  initializeResult,
  JSON_RPC,
  type JsonRpcId,
  type JsonRpcNotification,
  type JsonRpcResponse,
} from '../../protocol/mcp.ts'
import { RELAY_METHOD } from '../../protocol/relayWire.ts'
import type { ClientEvents, ClientQueue, RelayClient } from '../client.ts'
import { isObject, type Json, RpcFault } from '../jsonRpc.ts'
import type { Message } from '../mux.ts'
import type { ClientId } from '../pending.ts'
import { RESOURCE_CAPABILITY, RESOURCES } from '../resources.ts'
import { jsonOf, type Post } from './body.ts'
import { outgoing } from './outgoing.ts'
import type { Outlet } from './outlet.ts'

export interface ExchangeOptions {
  id: ClientId
  outlet: Outlet
  events: ClientEvents
  keepAliveMs: number
  log: Logger
}

const LISTEN = 'subscriptions/listen'

/** What the multiplexer tells everybody, and the event that it is for those who listen. Log messages are for no request. */
const CHANGES: Readonly<Record<string, ServerEvent['kind']>> = {
  'notifications/tools/list_changed': 'tools_list_changed',
  'notifications/prompts/list_changed': 'prompts_list_changed',
  'notifications/resources/list_changed': 'resources_list_changed',
  'notifications/resources/updated': 'resource_updated',
}

/** Nothing is validated here that it would be needed for; the SDK's own would be built anew for each request. */
const NO_VALIDATOR: jsonSchemaValidator = {
  getValidator: () => () => ({ valid: false, data: undefined, errorMessage: 'not validated here' }),
}

/** What is known of the child while it never answered. */
const UNKNOWN: InitializeResult = {
  protocolVersion: '',
  capabilities: { resources: RESOURCE_CAPABILITY },
  serverInfo: { name: 'swarmscope-relay', version: '0' },
}

export const isListen = (post: Post | null): boolean =>
  post?.inbound.type === 'request' && post.inbound.method === LISTEN

export class Exchange implements RelayClient {
  readonly id: ClientId
  readonly queue: ClientQueue
  readonly #options: ExchangeOptions
  readonly #bus = new InMemoryServerEventBus()
  /** Towards the multiplexer the ids are our own: this request is its client's only one, but not ours. */
  readonly #waiting = new Map<JsonRpcId, (answer: JsonRpcResponse) => void>()
  #onProgress: ((notification: JsonRpcNotification) => void) | null = null
  #handler: McpHttpHandler | null = null
  #lastId = 0

  constructor(options: ExchangeOptions) {
    this.id = options.id
    this.#options = options
    this.queue = {
      send: (message) => this.#received(message),
      sendPaced: (message) => this.#received(message),
      // What was given to the SDK reaches the outlet in microtasks.
      onceDrained: (action) => void setImmediate(() => options.outlet.queue.onceDrained(action)),
    }
    options.events.onOpen(this)
    options.outlet.closed.addEventListener('abort', () => options.events.onClose(this))
  }

  /** `post` is `null` for what is no POST: the SDK says so. */
  async handle(request: Request, post: Post | null): Promise<void> {
    const { outlet, keepAliveMs, log } = this.#options
    const asked = post?.inbound.type === 'request' ? post.inbound : null
    // What the relay has itself needs no child, nor to know it.
    const needsChild = asked !== null && !asked.method.startsWith('resources/')
    const initialized = needsChild ? await this.#ask('initialize', {}) : null
    if (asked?.method === 'server/discover' && initialized && 'error' in initialized) {
      await outlet.pipe(Response.json({ ...initialized, id: asked.id }))
      return
    }
    if (asked?.method === LISTEN) await this.#subscribe(asked.params)
    const child = initialized && 'result' in initialized ? initializeResult.safeParse(initialized.result) : null
    this.#handler = createMcpHandler(() => this.#server(child?.data ?? UNKNOWN), {
      legacy: 'reject',
      bus: this.#bus,
      keepAliveMs,
      onerror: (err) => log.debug({ err, client: this.id }, 'MCP request'),
    })
    const response = await this.#handler.fetch(request, post ? { parsedBody: jsonOf(post) } : {})
    await outlet.pipe(response)
  }

  drop(_code: number, reason: string): void {
    this.#options.outlet.cut(reason)
  }

  /** Ends a stream that listens, with the last word that the protocol has for it. */
  async close(): Promise<void> {
    await this.#handler?.close()
  }

  #server({ serverInfo, capabilities, instructions }: InitializeResult): Server {
    // Log messages of this revision belong to the request that asked for them; the child's belong to none.
    const { logging: _, ...rest } = capabilities
    const server = new Server(serverInfo, {
      capabilities: rest,
      jsonSchemaValidator: NO_VALIDATOR,
      ...(typeof instructions === 'string' ? { instructions } : {}),
    })
    server.fallbackRequestHandler = (request, context) => this.#forward(request, context)
    return server
  }

  async #forward({ method, params }: JSONRPCRequest, { mcpReq }: ServerContext): Promise<Json> {
    // Frames come long after the answer, with which this client is gone.
    if (method === RELAY_METHOD.SUBSCRIBE) throw new RpcFault(JSON_RPC.METHOD_NOT_FOUND, 'Subscribe on the WebSocket')
    const told: Promise<void>[] = []
    this.#onProgress = (notification) => told.push(mcpReq.notify(notification as Parameters<typeof mcpReq.notify>[0]))
    const answer = await this.#ask(method, params)
    this.#onProgress = null
    await Promise.all(told) // the answer comes after what was told before it
    if ('error' in answer) throw new RpcFault(answer.error.code, answer.error.message, answer.error.data)
    return answer.result as Json
  }

  async #subscribe(params: Json | undefined): Promise<void> {
    const wanted = isObject(params?.notifications) ? params.notifications.resourceSubscriptions : []
    if (!Array.isArray(wanted)) return // the SDK says what is wrong with it
    const known = RESOURCES.filter(({ uri }) => wanted.includes(uri))
    await Promise.all(known.map(({ uri }) => this.#ask('resources/subscribe', { uri })))
  }

  #ask(method: string, params: Json | undefined): Promise<JsonRpcResponse> {
    const id = ++this.#lastId
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#options.events.onMessage(this, JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    })
  }

  #received(given: Message): void {
    const message = outgoing(given)
    if (message === null) return
    if ('method' in message) {
      this.#told(message)
    } else {
      this.#waiting.get(message.id)?.(message)
      this.#waiting.delete(message.id)
    }
  }

  #told(notification: JsonRpcNotification): void {
    const { method, params } = notification
    const kind = CHANGES[method]
    if (method === 'notifications/progress') this.#onProgress?.(notification)
    else if (kind === 'resource_updated') this.#bus.publish({ kind, uri: String(params?.uri) })
    else if (kind) this.#bus.publish({ kind })
  }
}
