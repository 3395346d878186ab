// Many clients, one MCP server: ids and progress tokens are rewritten to our own integers, so that each client gets
// exactly its own answers. Pure: no socket, no timer, no process (SPEC.md, rules X1–X12).

import { type ErrorBody, errorBody, isRetryable } from '../protocol/errors.ts'
import {
  failureOf,
  type InitializeResult,
  initializeResult,
  JSON_RPC,
  type JsonRpcFailure,
  type JsonRpcId,
  type JsonRpcResponse,
  MCP_PROTOCOL_VERSION,
  resultOf,
} from '../protocol/mcp.ts'
import { type Inbound, isId, isObject, type Json, parseJson, RpcFault, readInbound, writeJson } from './jsonRpc.ts'
import { type ClientId, type Owner, type Pending, PendingRequests, withOriginalId } from './pending.ts'

export interface ToolCall {
  client: ClientId
  tool: string
  args: Json
  result: unknown
}

export interface MuxEdge {
  /** False: the child does not take it. */
  toChild(line: string): boolean
  toClient(client: ClientId, text: string): void
  /** The child answered `initialize` and may be asked. */
  onReady(result: InitializeResult): void
  /** The child is of no use: it refused `initialize`. */
  onUseless(reason: string): void
  /** The child gave a result to a client's tool call. */
  onToolResult(call: ToolCall): void
  /** A method of the relay's own failed for no reason of the client's. */
  onInternalError(error: unknown): void
}

/** Answered by the relay itself. It throws `RpcFault` for an error; `after` runs when the answer is sent. */
export type LocalMethod = (client: ClientId, params: Json) => { result: unknown; after?: () => void }

export interface MuxOptions {
  edge: MuxEdge
  version: string
  maxPendingPerClient: number
  maxPending: number
  methods: ReadonlyMap<string, LocalMethod>
}

/** What was dropped, and why; for metrics. */
export interface MuxCounters {
  /** Answers of the child to what nobody waits for (any more). */
  lateAnswers: number
  /** Lines of the child that are no JSON-RPC. */
  garbageLines: number
  /** Errors of the child without an id: 2.x answers notifications so. */
  idlessErrors: number
  /** Requests and notifications of the child that no client is meant to see. */
  refusedFromChild: number
  /** Messages of clients that are none. */
  refusedFromClients: number
}

type Phase = { state: 'starting' } | { state: 'up' } | { state: 'gone'; error: ErrorBody }

export class Mux {
  readonly counters: MuxCounters = {
    lateAnswers: 0,
    garbageLines: 0,
    idlessErrors: 0,
    refusedFromChild: 0,
    refusedFromClients: 0,
  }
  readonly #options: MuxOptions
  readonly #edge: MuxEdge
  readonly #clients = new Set<ClientId>()
  readonly #pending = new PendingRequests()
  #phase: Phase = { state: 'starting' }
  /** The child's one answer to `initialize`, for all clients; kept while the child is away. */
  #initialized: InitializeResult | null = null
  #awaitingInitialize: { client: ClientId; id: JsonRpcId }[] = []

  constructor(options: MuxOptions) {
    this.#options = options
    this.#edge = options.edge
  }

  get pendingCount(): number {
    return this.#pending.size
  }

  addClient(client: ClientId): void {
    this.#clients.add(client)
  }

  /** Nobody waits for its answers any more. */
  removeClient(client: ClientId): void {
    this.#clients.delete(client)
    this.#awaitingInitialize = this.#awaitingInitialize.filter((waiting) => waiting.client !== client)
    for (const pending of this.#pending.takeAllOf(client)) this.#tellCancelled(pending, { reason: 'client left' })
  }

  fromClient(client: ClientId, text: string): void {
    if (!this.#clients.has(client)) return // it left; its last words came after
    const inbound = readInbound(text)
    switch (inbound.type) {
      case 'refused':
        this.counters.refusedFromClients++
        this.#send(client, inbound.failure)
        break
      case 'response':
        this.counters.refusedFromClients++
        break
      case 'notification':
        this.#notification(client, inbound)
        break
      case 'request':
        this.#request(client, inbound)
        break
      default:
        inbound satisfies never
    }
  }

  /** The child's process runs: it is asked to initialise before anything else is. */
  childStarting(): void {
    this.#phase = { state: 'starting' }
    const params = {
      protocolVersion: MCP_PROTOCOL_VERSION,
      capabilities: {},
      clientInfo: { name: 'swarmscope-relay', version: this.#options.version },
    }
    this.#ask('initialize', params, (answer) => this.#initializeAnswered(answer))
  }

  /** The child ended, or there is none: each request gets its error now. */
  childGone(error: ErrorBody): void {
    this.#phase = { state: 'gone', error }
    for (const pending of this.#pending.takeAll()) this.#answerUnavailable(pending.owner, error)
    const waiting = this.#awaitingInitialize
    this.#awaitingInitialize = []
    for (const { client, id } of waiting) this.#initialize(client, id)
  }

  fromChild(line: string): void {
    const parsed = parseJson(line)
    if (!parsed.ok || !isObject(parsed.value)) {
      this.counters.garbageLines++
      return
    }
    const message = parsed.value
    if (typeof message.method === 'string') this.#askedByChild(message, message.method, line)
    else this.#answered(message, line)
  }

  /** A request of the relay's own; rejects with `RpcFault` when the child says no or goes. */
  call(method: string, params: Json): Promise<unknown> {
    const phase = this.#phase
    if (phase.state === 'gone') return Promise.reject(unavailable(phase.error))
    return new Promise((resolve, reject) => {
      this.#ask(method, params, (answer) => {
        if ('error' in answer) reject(new RpcFault(answer.error.code, answer.error.message, answer.error.data))
        else resolve(answer.result)
      })
    })
  }

  #ask(method: string, params: Json, done: (answer: JsonRpcResponse) => void): void {
    this.#forward({ client: null, done }, { jsonrpc: '2.0', id: 0, method, params })
  }

  #initializeAnswered(answer: JsonRpcResponse): void {
    if ('error' in answer) {
      if (this.#phase.state === 'starting') this.#edge.onUseless(`it refused initialize: ${answer.error.message}`)
      return
    }
    const result = initializeResult.safeParse(answer.result)
    if (!result.success) {
      this.#edge.onUseless('its answer to initialize is none')
      return
    }
    // The newest answer counts: after a restart it may be another version.
    this.#initialized = result.data
    this.#phase = { state: 'up' }
    this.#edge.toChild('{"jsonrpc":"2.0","method":"notifications/initialized"}')
    this.#edge.onReady(result.data)
    const waiting = this.#awaitingInitialize
    this.#awaitingInitialize = []
    for (const { client, id } of waiting) this.#initialize(client, id)
    for (const pending of this.#pending.allHeld()) this.#release(pending)
  }

  #request(client: ClientId, request: Extract<Inbound, { type: 'request' }>): void {
    const { id, method, params = {}, raw } = request
    if (method === 'initialize') {
      this.#initialize(client, id)
      return
    }
    const local = this.#options.methods.get(method)
    if (local) {
      this.#answerLocally(client, id, () => local(client, params))
      return
    }
    if (this.#phase.state === 'gone') {
      this.#answerUnavailable({ client, id }, this.#phase.error)
      return
    }
    const { maxPending, maxPendingPerClient } = this.#options
    if (this.#pending.size >= maxPending || this.#pending.countOf(client) >= maxPendingPerClient) {
      this.#answerOverload(client, id)
      return
    }
    this.#forward({ client, id }, raw)
  }

  #answerOverload(client: ClientId, id: JsonRpcId): void {
    const data = { code: 'RATE_LIMITED', suggestion: 'Wait for answers before asking more', retryable: true }
    this.#send(client, failureOf(id, JSON_RPC.CHILD_UNAVAILABLE, 'Too many requests are under way', data))
  }

  #answerLocally(client: ClientId, id: JsonRpcId, method: () => ReturnType<LocalMethod>): void {
    try {
      const { result, after } = method()
      this.#send(client, resultOf(id, result))
      after?.()
    } catch (error) {
      if (error instanceof RpcFault) {
        this.#send(client, failureOf(id, error.code, error.message, error.data))
        return
      }
      this.#edge.onInternalError(error)
      this.#send(client, failureOf(id, JSON_RPC.INTERNAL_ERROR, 'Internal error'))
    }
  }

  /** With the child's answer; without a child only what the relay itself has is offered, and why. */
  #initialize(client: ClientId, id: JsonRpcId): void {
    if (this.#initialized) {
      const { capabilities } = this.#initialized
      // Resources are ours (the records as they are), whatever the child says of its own.
      this.#send(client, resultOf(id, { ...this.#initialized, capabilities: { ...capabilities, resources: {} } }))
    } else if (this.#phase.state !== 'gone') {
      if (this.#awaitingInitialize.length >= this.#options.maxPending) this.#answerOverload(client, id)
      else this.#awaitingInitialize.push({ client, id })
    } else if (this.#phase.error.code === 'CHILD_NOT_FOUND') {
      const { error, details } = this.#phase.error
      const own = {
        protocolVersion: MCP_PROTOCOL_VERSION,
        capabilities: { resources: {} },
        serverInfo: { name: 'swarmscope-relay', version: this.#options.version },
        instructions: `There are no tools here: ${error}. ${details.suggestion}`,
      }
      this.#send(client, resultOf(id, own))
    } else {
      this.#answerUnavailable({ client, id }, this.#phase.error)
    }
  }

  #notification(client: ClientId, { method, params, raw }: Extract<Inbound, { type: 'notification' }>): void {
    switch (method) {
      case 'notifications/cancelled': {
        const pending = this.#pending.takeOf(client, params?.requestId)
        if (pending) this.#tellCancelled(pending, params ?? {})
        break
      }
      // The child was initialised once, by us. It asked no client for roots, and asks none to report progress.
      case 'notifications/initialized':
      case 'notifications/roots/list_changed':
      case 'notifications/progress':
        break
      default:
        this.#passOn(raw)
    }
  }

  #passOn(notification: Json): void {
    const line = writeJson(notification)
    if (line === null) this.counters.refusedFromClients++
    else if (this.#phase.state === 'up') this.#edge.toChild(line)
  }

  #forward(owner: Owner, raw: Json): void {
    const pending = this.#pending.add(owner, raw)
    if (!pending) {
      this.#answer(owner, failureOf(null, JSON_RPC.INVALID_REQUEST, 'Invalid request: nested too deeply'))
      return
    }
    if (this.#phase.state === 'up' || raw.method === 'initialize') this.#release(pending)
  }

  #release(pending: Pending): void {
    const line = pending.held
    pending.held = null
    if (line === null || this.#edge.toChild(line)) return
    this.#pending.take(pending.id)
    this.#answerUnavailable(pending.owner, errorBody('CHILD_TIMEOUT'))
  }

  #tellCancelled(pending: Pending, params: Json): void {
    if (pending.held !== null) return // the child never heard of it
    const message = {
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { ...params, requestId: pending.id },
    }
    this.#edge.toChild(JSON.stringify(message))
  }

  #askedByChild(message: Json, method: string, line: string): void {
    const { id } = message
    if (isId(id)) {
      // No such capability was declared, and one client must never answer for another.
      this.counters.refusedFromChild++
      const failure = { jsonrpc: '2.0', id, error: { code: JSON_RPC.METHOD_NOT_FOUND, message: 'Method not found' } }
      this.#edge.toChild(JSON.stringify(failure))
    } else if (method === 'notifications/progress') {
      this.#progress(message)
    } else if (method.startsWith('notifications/') && method !== 'notifications/cancelled') {
      for (const client of this.#clients) this.#edge.toClient(client, line)
    } else {
      this.counters.refusedFromChild++ // e.g. `server.initialized` of 2.x
    }
  }

  #progress(message: Json): void {
    const params = isObject(message.params) ? message.params : {}
    const pending = typeof params.progressToken === 'number' ? this.#pending.get(params.progressToken) : undefined
    if (!pending || pending.owner.client === null || pending.progressToken === null) {
      this.counters.refusedFromChild++
      return
    }
    const own = { ...message, params: { ...params, progressToken: pending.progressToken } }
    const text = writeJson(own)
    if (text !== null) this.#edge.toClient(pending.owner.client, text)
  }

  #answered(message: Json, line: string): void {
    const { id } = message
    const pending = typeof id === 'number' ? this.#pending.take(id) : undefined
    if (!pending) {
      if (isId(id)) this.counters.lateAnswers++
      else if ('error' in message) this.counters.idlessErrors++
      else this.counters.garbageLines++
      return
    }
    const { owner, call } = pending
    // Whatever this is, it was the one answer: who waits must not wait for another.
    const isAnswer = 'result' in message || isObject(message.error)
    if (isAnswer && owner.client === null) {
      owner.done(message as unknown as JsonRpcResponse)
      return
    }
    const text = isAnswer && owner.client !== null ? withOriginalId(line, message, pending.id, owner.id) : null
    if (text === null || owner.client === null) {
      this.counters.garbageLines++
      this.#answer(owner, failureOf(null, JSON_RPC.INTERNAL_ERROR, 'The answer of claude-flow was none'))
      return
    }
    this.#edge.toClient(owner.client, text)
    if (call && 'result' in message) this.#edge.onToolResult({ client: owner.client, ...call, result: message.result })
  }

  #answerUnavailable(owner: Owner, error: ErrorBody): void {
    const { code, message, data } = unavailable(error)
    this.#answer(owner, failureOf(null, code, message, data))
  }

  #answer(owner: Owner, failure: JsonRpcFailure): void {
    if (owner.client === null) owner.done(failure)
    else this.#send(owner.client, { ...failure, id: owner.id })
  }

  #send(client: ClientId, message: JsonRpcResponse): void {
    this.#edge.toClient(client, JSON.stringify(message))
  }
}

function unavailable({ code, error, details }: ErrorBody): RpcFault {
  const data = { code, suggestion: details.suggestion, retryable: isRetryable(code) }
  return new RpcFault(JSON_RPC.CHILD_UNAVAILABLE, error, data)
}
