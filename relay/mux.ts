// Many clients, one MCP server: ids and progress tokens are rewritten to our own integers, so that each client gets
// exactly its own answers. Pure: no socket, no timer, no process (SPEC.md, rules X1–X19).

import { isUtf8 } from 'node:buffer'
import { type ErrorBody, errorBody } from '../protocol/errors.ts'
import {
  failureOf,
  type InitializeResult,
  initializeResult,
  JSON_RPC,
  type JsonRpcFailure,
  type JsonRpcId,
  type JsonRpcResponse,
  MCP_PROTOCOL_VERSION,
  MCP_PROTOCOL_VERSIONS,
  resultOf,
} from '../protocol/mcp.ts'
import { type Inbound, isId, isObject, type Json, parseJson, RpcFault, readInbound, writeJson } from './jsonRpc.ts'
import type { RelayLimits } from './limits.ts'
import { Liveness } from './liveness.ts'
import { MuxClients } from './muxClients.ts'
import { faultOf, type Outcome, outcomeOf, type Settled } from './outcome.ts'
import { type ClientId, type Owner, type Pending, PendingRequests, withOriginalId } from './pending.ts'
import { RESOURCE_CAPABILITY } from './resources.ts'
import { LOOKS_ONLY, type ToolPolicy } from './toolPolicy.ts'

/** What is sent: text, or the bytes of it where they came so. */
export type Message = Buffer | string

export interface MuxEdge {
  /** False: the child does not take it. */
  toChild(line: Message): boolean
  toClient(client: ClientId, message: Message): void
  /** It goes on asking faster than it may, though it was told. */
  closeClient(client: ClientId, reason: string): void
  /** Somebody asks and no child runs: if one may be started, `childStarting` is called before this returns. */
  onNeeded(): void
  /** The first request is under way; until `isIdle` again, `tick` must be called now and then. */
  onBusy(): void
  /** The child answered `initialize` and may be asked. */
  onReady(result: InitializeResult): void
  /** Nothing is heard from the child although it was asked whether it lives; or it is heard again. */
  onSilence(isSilent: boolean): void
  /** The child is of no use: it refused `initialize`, or hangs. */
  onUseless(error: ErrorBody): void
  onSettled(settled: Settled): void
  /** A method of the relay's own failed for no reason of the client's. */
  onInternalError(error: unknown): void
}

/** Answered by the relay itself. It throws `RpcFault` for an error; `after` runs when the answer is sent. */
export type LocalMethod = (client: ClientId, params: Json) => { result: unknown; after?: () => void }

export interface MuxOptions {
  edge: MuxEdge
  version: string
  /** For the model behind a client: whose claude-flow this is. Stands after what the child itself says. */
  about?: string
  methods: ReadonlyMap<string, LocalMethod>
  policy: ToolPolicy
  limits: Pick<
    RelayLimits,
    | 'maxPending'
    | 'maxPendingPerClient'
    | 'requestTimeoutMs'
    | 'maxRequestTimeoutMs'
    | 'probeAfterMs'
    | 'probeTimeoutMs'
    | 'hungAfterMs'
    | 'maxHeldBytes'
    | 'rateLimit'
  >
  nowMs?: () => number
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
  /** Messages of clients beyond their rate. */
  rateLimited: number
}

type Phase =
  /** None runs; `error`: why, if it is not just that nobody needed it. */
  { state: 'gone'; error: ErrorBody | null } | { state: 'starting' } | { state: 'up' }

/** Any server answers it, if only with an error. Clients' own are answered by the relay. */
const PROBE = 'ping'
/** What a child says to everybody. Its resources are not offered, so neither is what becomes of them. */
const FOR_ALL: ReadonlySet<string> = new Set([
  'notifications/message',
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
])
/** How the line of an answer begins; where it is too long to be passed on, its owner can still be told. */
const ANSWER_HEAD = /^\{\s*"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*(\d{1,15})\s*[,}]/

export class Mux {
  readonly counters: MuxCounters = {
    lateAnswers: 0,
    garbageLines: 0,
    idlessErrors: 0,
    refusedFromChild: 0,
    refusedFromClients: 0,
    rateLimited: 0,
  }
  readonly #options: MuxOptions
  readonly #edge: MuxEdge
  readonly #nowMs: () => number
  readonly #clients: MuxClients
  readonly #liveness: Liveness
  readonly #pending = new PendingRequests()
  #phase: Phase = { state: 'gone', error: null }
  /** The child's one answer to `initialize`, for all clients; kept while the child is away. */
  #initialized: InitializeResult | null = null
  #awaitingInitialize: { client: ClientId; id: JsonRpcId; asked: unknown }[] = []
  /** Nothing new is taken in. */
  #closing: ErrorBody | null = null
  #onIdle: (() => void)[] = []

  constructor(options: MuxOptions) {
    this.#options = options
    this.#edge = options.edge
    this.#nowMs = options.nowMs ?? (() => performance.now())
    this.#clients = new MuxClients(options.limits.rateLimit)
    this.#liveness = new Liveness(options.limits, {
      ask: () => this.#ask(PROBE, {}, () => undefined),
      onSilence: (isSilent) => options.edge.onSilence(isSilent),
      onHung: (silentMs) => {
        const detail = `nothing was heard from it for ${Math.round(silentMs / 1000)} s`
        options.edge.onUseless(errorBody('CHILD_SILENT', { detail }))
      },
    })
  }

  /** Of clients and of the relay itself. */
  get pendingCount(): number {
    return this.#pending.size
  }

  get isIdle(): boolean {
    return this.#pending.size === 0
  }

  addClient(client: ClientId): void {
    this.#clients.add(client, this.#nowMs())
  }

  /** Nobody waits for its answers any more. */
  removeClient(client: ClientId): void {
    this.#awaitingInitialize = this.#awaitingInitialize.filter((waiting) => waiting.client !== client)
    for (const pending of this.#pending.takeAllOf(client)) this.#cancelled(pending, { reason: 'client left' })
    this.#clients.delete(client)
  }

  fromClient(id: ClientId, message: Message): void {
    if (!this.#clients.has(id)) return // it left; its last words came after
    const inbound = readInbound(typeof message === 'string' ? message : message.toString())
    if (!this.#isWithinRate(id, inbound)) return
    switch (inbound.type) {
      case 'refused':
        this.counters.refusedFromClients++
        this.#send(id, inbound.failure)
        break
      case 'response':
        this.counters.refusedFromClients++
        break
      case 'notification':
        this.#notification(id, inbound)
        break
      case 'request':
        this.#request(id, inbound, message)
        break
      default:
        inbound satisfies never
    }
  }

  /** The child's process runs: it is asked to initialise before anything else is. */
  childStarting(): void {
    this.#phase = { state: 'starting' }
    this.#liveness.heard(this.#nowMs())
    const params = {
      // The newest that we know: the child answers with the newest that it knows.
      protocolVersion: MCP_PROTOCOL_VERSIONS.at(-1),
      capabilities: {},
      clientInfo: { name: 'swarmscope-relay', version: this.#options.version },
    }
    this.#ask('initialize', params, (answer) => this.#initializeAnswered(answer))
  }

  /** The child ended, or there is none (`null`: nobody needed it yet): each request gets its error now. */
  childGone(error: ErrorBody | null): void {
    this.#phase = { state: 'gone', error }
    this.#liveness.heard(this.#nowMs())
    const reason = error ?? errorBody('CHILD_CRASHED')
    for (const pending of this.#pending.takeAll()) {
      this.#answerError(pending.owner, reason)
      this.#settled(pending, 'child-gone')
    }
    this.#answerInitialize()
  }

  /** A line that is too long to be taken begins so; the child is ended for it. Its owner shall not ask for it again. */
  childTooLong(head: Buffer, maxBytes: number): void {
    const [, id] = ANSWER_HEAD.exec(head.toString('latin1')) ?? []
    const pending = id === undefined ? undefined : this.#pending.take(Number(id))
    if (!pending) return
    const detail = `It is longer than ${maxBytes} bytes, which this relay does not pass on: ask for less at once`
    this.#answerError(pending.owner, errorBody('ANSWER_TOO_LARGE', { detail }))
    this.#settled(pending, 'error')
  }

  fromChild(bytes: Buffer): void {
    const text = bytes.toString()
    // A client's WebSocket ends at the first byte that is no UTF-8; what is read in its place is passed on.
    const line = isUtf8(bytes) ? bytes : Buffer.from(text)
    const parsed = parseJson(text)
    if (!parsed.ok || !isObject(parsed.value)) {
      this.counters.garbageLines++
      return
    }
    this.#liveness.heard(this.#nowMs())
    const message = parsed.value
    if (typeof message.method === 'string') this.#askedByChild(message, message.method, line)
    else this.#answered(message, line)
  }

  /** From now on whoever asks gets this; what is under way goes on. */
  refuse(error: ErrorBody): void {
    this.#closing = error
  }

  /** Runs `action` as soon as no client waits for an answer: at once if none does. */
  whenIdle(action: () => void): void {
    if (this.#pending.countOfClients === 0) action()
    else this.#onIdle.push(action)
  }

  /** A request of the relay's own; rejects with `RpcFault` when the child says no or goes. */
  call(method: string, params: Json): Promise<unknown> {
    const phase = this.#phase
    if (phase.state === 'gone') return Promise.reject(faultOf(phase.error ?? errorBody('CHILD_CRASHED')))
    return new Promise((resolve, reject) => {
      this.#ask(method, params, (answer) => {
        if ('error' in answer) reject(new RpcFault(answer.error.code, answer.error.message, answer.error.data))
        else resolve(answer.result)
      })
    })
  }

  /** Gives up what has waited too long, and finds out whether the child lives while somebody waits for it. */
  tick(): void {
    const nowMs = this.#nowMs()
    const { requestTimeoutMs, maxRequestTimeoutMs } = this.#options.limits
    for (const pending of [...this.#pending.values()]) {
      const isOverdue =
        nowMs - pending.heardAtMs >= requestTimeoutMs || nowMs - pending.askedAtMs >= maxRequestTimeoutMs
      // What is held waits for the child to start, which has a bound of its own.
      if (isOverdue && pending.held === null) this.#giveUp(pending)
    }
    if (this.#phase.state === 'up') this.#liveness.tick(nowMs, this.#waitingSinceMs)
  }

  /** When the oldest request that the child has was asked. */
  get #waitingSinceMs(): number | null {
    for (const { askedAtMs, held } of this.#pending.values()) if (held === null) return askedAtMs
    return null
  }

  #giveUp(pending: Pending): void {
    this.#pending.take(pending.id)
    // The question whether it lives is alone no reason to end it.
    if (pending.method !== PROBE) this.#liveness.gaveUpRequest()
    this.#tellCancelled(pending, { reason: 'it took too long' })
    this.#answerError(pending.owner, errorBody('CHILD_TIMEOUT'))
    this.#settled(pending, 'timed-out')
  }

  #isWithinRate(client: ClientId, inbound: Inbound): boolean {
    const verdict = this.#clients.take(client, this.#nowMs())
    if (verdict.isWithin) return true
    const { retryAfterMs, isStubborn } = verdict
    this.counters.rateLimited++
    if (inbound.type === 'request') {
      this.#answerError({ client, id: inbound.id }, errorBody('RATE_LIMITED'), { retryAfterMs })
    }
    if (isStubborn) this.#edge.closeClient(client, 'too many messages')
    return false
  }

  #ask(method: string, params: Json, done: (answer: JsonRpcResponse) => void): void {
    this.#forward({ client: null, done }, { jsonrpc: '2.0', id: 0, method, params }, null)
  }

  #initializeAnswered(answer: JsonRpcResponse): void {
    if (this.#phase.state !== 'starting') return // it went meanwhile
    const result = 'error' in answer ? null : initializeResult.safeParse(answer.result)
    if (!result?.success) {
      const reason =
        'error' in answer ? `it refused initialize: ${answer.error.message}` : 'its answer to initialize is none'
      this.#edge.onUseless(errorBody('CHILD_CRASHED', { detail: reason }))
      return
    }
    // The newest answer counts: after a restart it may be another version.
    this.#initialized = result.data
    this.#phase = { state: 'up' }
    this.#edge.toChild('{"jsonrpc":"2.0","method":"notifications/initialized"}')
    this.#edge.onReady(result.data)
    this.#answerInitialize()
    for (const pending of [...this.#pending.values()]) if (pending.held !== null) this.#release(pending)
  }

  #request(client: ClientId, request: Extract<Inbound, { type: 'request' }>, message: Message): void {
    const { id, method, params = {}, raw } = request
    if (method === 'initialize') {
      this.#clients.noteName(client, params)
      this.#initialize(client, id, params.protocolVersion)
      return
    }
    const local = this.#options.methods.get(method)
    if (local) {
      this.#answerLocally(client, id, () => local(client, params))
      return
    }
    const refusal = this.#closing ?? this.#policyRefusal(method, params) ?? this.#overload(client)
    if (refusal) {
      this.#refused(client, id, method, params, refusal)
      return
    }
    if (this.#phase.state === 'gone') this.#edge.onNeeded()
    if (this.#phase.state === 'gone') {
      this.#answerError({ client, id }, this.#phase.error ?? errorBody('CHILD_CRASHED'))
      return
    }
    this.#forward({ client, id }, raw, typeof message === 'string' ? Buffer.from(message) : message)
  }

  #refused(client: ClientId, id: JsonRpcId, method: string, params: Json, error: ErrorBody): void {
    this.#answerError({ client, id }, error)
    const call =
      method === 'tools/call' && typeof params.name === 'string' ? { tool: params.name, swarmId: null } : null
    const clientName = this.#clients.nameOf(client)
    this.#edge.onSettled({ client, clientName, method, call, outcome: 'refused', durationMs: 0, result: undefined })
  }

  #policyRefusal(method: string, params: Json): ErrorBody | null {
    const { policy } = this.#options
    if (policy.isOpen) return null
    if (!policy.allowsMethod(method)) return errorBody('TOOL_NOT_ALLOWED', { detail: LOOKS_ONLY })
    if (method !== 'tools/call') return null
    const detail = policy.refusalOf(typeof params.name === 'string' ? params.name : '')
    return detail === null ? null : errorBody('TOOL_NOT_ALLOWED', { detail })
  }

  #overload(client: ClientId): ErrorBody | null {
    const { maxPending, maxPendingPerClient, maxHeldBytes } = this.#options.limits
    if (this.#pending.heldBytes >= maxHeldBytes) return errorBody('RATE_LIMITED')
    const isFull = this.#pending.size >= maxPending || this.#pending.countOf(client) >= maxPendingPerClient
    return isFull ? errorBody('RATE_LIMITED') : null
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
  #initialize(client: ClientId, id: JsonRpcId, asked: unknown): void {
    if (!this.#initialized && this.#phase.state === 'gone') this.#edge.onNeeded()
    const phase = this.#phase
    if (this.#initialized) {
      const { capabilities, protocolVersion, instructions } = this.#initialized
      const said = [instructions, this.#options.about].filter((text) => typeof text === 'string')
      this.#send(
        client,
        resultOf(id, {
          ...this.#initialized,
          protocolVersion: bestVersion(asked, protocolVersion),
          // Resources are ours (the records as they are), whatever the child says of its own.
          capabilities: { ...capabilities, resources: RESOURCE_CAPABILITY },
          ...(said.length > 0 ? { instructions: said.join('\n\n') } : {}),
        }),
      )
    } else if (phase.state !== 'gone') {
      if (this.#awaitingInitialize.length >= this.#options.limits.maxPending) {
        this.#answerError({ client, id }, errorBody('RATE_LIMITED'))
      } else {
        this.#awaitingInitialize.push({ client, id, asked })
      }
    } else if (phase.error?.code === 'CHILD_NOT_FOUND') {
      const { error, details } = phase.error
      const own = {
        protocolVersion: bestVersion(asked, MCP_PROTOCOL_VERSION),
        capabilities: { resources: RESOURCE_CAPABILITY },
        serverInfo: { name: 'swarmscope-relay', version: this.#options.version },
        instructions: `There are no tools here: ${error}. ${details.suggestion}`,
      }
      this.#send(client, resultOf(id, own))
    } else {
      this.#answerError({ client, id }, phase.error ?? errorBody('CHILD_CRASHED'))
    }
  }

  /** Those who asked while it started, with what became of it. */
  #answerInitialize(): void {
    const waiting = this.#awaitingInitialize
    this.#awaitingInitialize = []
    for (const { client, id, asked } of waiting) this.#initialize(client, id, asked)
  }

  #notification(client: ClientId, { method, params, raw }: Extract<Inbound, { type: 'notification' }>): void {
    switch (method) {
      case 'notifications/cancelled': {
        const pending = this.#pending.takeOf(client, params?.requestId)
        if (pending) this.#cancelled(pending, params ?? {})
        break
      }
      // The child was initialised once, by us. It asked no client for roots, and asks none to report progress.
      case 'notifications/initialized':
      case 'notifications/roots/list_changed':
      case 'notifications/progress':
        break
      default:
        this.#passOn(method, raw)
    }
  }

  /** Only what MCP calls a notification: a request without an id would be done all the same, past every bound and rule. */
  #passOn(method: string, notification: Json): void {
    const mayPass = method.startsWith('notifications/') && this.#options.policy.allowsMethod(method)
    const line = mayPass ? writeJson(notification) : null
    if (line === null) this.counters.refusedFromClients++
    else if (this.#phase.state === 'up') this.#edge.toChild(line)
  }

  #forward(owner: Owner, raw: Json, bytes: Buffer | null): void {
    const wasIdle = this.isIdle
    const pending = this.#pending.add(owner, raw, bytes, this.#nowMs())
    if (!pending) {
      this.#answer(owner, failureOf(null, JSON_RPC.INVALID_REQUEST, 'Invalid request: nested too deeply'))
      return
    }
    if (wasIdle) this.#edge.onBusy()
    if (this.#phase.state === 'up' || raw.method === 'initialize') this.#release(pending)
  }

  #release(pending: Pending): void {
    const line = this.#pending.release(pending)
    if (line === null || this.#edge.toChild(line)) return
    this.#pending.take(pending.id)
    this.#answerError(pending.owner, errorBody('CHILD_TIMEOUT'))
    this.#settled(pending, 'error')
  }

  /** By who asked. Clients have time-outs of their own: one that waited long enough has given up for us, too. */
  #cancelled(pending: Pending, params: Json): void {
    this.#tellCancelled(pending, params)
    const hasWaitedMs = this.#nowMs() - pending.askedAtMs
    if (pending.held === null && hasWaitedMs >= this.#options.limits.probeTimeoutMs) this.#liveness.gaveUpRequest()
    this.#settled(pending, 'cancelled')
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

  #askedByChild(message: Json, method: string, line: Buffer): void {
    const { id } = message
    if (isId(id) && method === PROBE) {
      this.#edge.toChild(JSON.stringify(resultOf(id, {}))) // either side may ask whether the other lives
    } else if (isId(id)) {
      // No such capability was declared, and one client must never answer for another.
      this.counters.refusedFromChild++
      const failure = { jsonrpc: '2.0', id, error: { code: JSON_RPC.METHOD_NOT_FOUND, message: 'Method not found' } }
      this.#edge.toChild(JSON.stringify(failure))
    } else if (method === 'notifications/progress') {
      this.#progress(message)
    } else if (FOR_ALL.has(method)) {
      for (const client of this.#clients.ids()) this.#edge.toClient(client, line)
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
    pending.heardAtMs = this.#nowMs()
    const own = { ...message, params: { ...params, progressToken: pending.progressToken } }
    const text = writeJson(own)
    if (text !== null) this.#edge.toClient(pending.owner.client, text)
  }

  #answered(message: Json, line: Buffer): void {
    const { id } = message
    const pending = typeof id === 'number' ? this.#pending.take(id) : undefined
    if (!pending) {
      if (isId(id)) this.counters.lateAnswers++
      else if ('error' in message) this.counters.idlessErrors++
      else this.counters.garbageLines++
      return
    }
    const { owner } = pending
    // Whatever this is, it was the one answer: who waits must not wait for another.
    const isAnswer = 'result' in message || isObject(message.error)
    if (isAnswer && owner.client === null) {
      owner.done(message as unknown as JsonRpcResponse)
      return
    }
    const own = isAnswer && owner.client !== null ? this.#ownAnswer(pending, message, line, owner.id) : null
    if (own === null || owner.client === null) {
      this.counters.garbageLines++
      this.#answer(owner, failureOf(null, JSON_RPC.INTERNAL_ERROR, 'The answer of claude-flow was none'))
      this.#settled(pending, 'error')
      return
    }
    this.#edge.toClient(owner.client, own)
    this.#settled(pending, outcomeOf(message, pending.call !== null), message.result)
  }

  #ownAnswer({ method, id: ourId }: Pending, message: Json, line: Buffer, id: JsonRpcId): Message | null {
    const { policy } = this.#options
    if (method === 'tools/list' && !policy.isOpen && isObject(message.result) && Array.isArray(message.result.tools)) {
      const tools = message.result.tools.filter((tool) => isObject(tool) && policy.allowsTool(String(tool.name)))
      return writeJson({ ...message, id, result: { ...message.result, tools } })
    }
    return withOriginalId(line, message, ourId, id)
  }

  /** It is over, and its owner knows. */
  #settled(pending: Pending, outcome: Outcome, result?: unknown): void {
    const { owner, method, call, askedAtMs } = pending
    if (owner.client === null) return
    const { client } = owner
    const durationMs = this.#nowMs() - askedAtMs
    this.#edge.onSettled({
      client,
      clientName: this.#clients.nameOf(client),
      method,
      call,
      outcome,
      durationMs,
      result,
    })
    if (this.#pending.countOfClients > 0 || this.#onIdle.length === 0) return
    for (const action of this.#onIdle.splice(0)) action()
  }

  #answerError(owner: Owner, error: ErrorBody, more?: Json): void {
    const { code, message, data } = faultOf(error, more)
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

/** The newest that both know: the child's own, unless the client asked for an older one. */
function bestVersion(asked: unknown, childs: string): string {
  return typeof asked === 'string' && MCP_PROTOCOL_VERSIONS.includes(asked) && asked < childs ? asked : childs
}
