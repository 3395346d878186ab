// The multiplexer's promise, as a second and much simpler multiplexer: after each step it says exactly what the clients
// and the child must have got, no message more, none less, none for another.

import type { JsonRpcId } from '../../protocol/mcp.ts'
import { RELAY_LIMITS } from '../../relay/limits.ts'
import type { Mux } from '../../relay/mux.ts'
import { INITIALIZED, MuxBench, type Sent } from './relayMux.ts'

/** What may happen. `client` and `pick` are any numbers: they choose among what there is. */
export type Step =
  | { do: 'ask'; client: number; id: JsonRpcId; token?: JsonRpcId }
  | { do: 'initialize'; client: number; id: JsonRpcId }
  | { do: 'cancel'; client: number; id: JsonRpcId }
  /** The client goes, and a new one comes in its place. */
  | { do: 'leave'; client: number }
  | { do: 'answer'; pick: number; fail: boolean }
  /** Once more what was answered already. */
  | { do: 'answerAgain'; pick: number }
  | { do: 'progress'; pick: number }
  | { do: 'tellAll' }
  | { do: 'garbage' }
  /** So much time goes by that every request is given up. */
  | { do: 'late' }
  /** The child goes; `up` leads back in two steps. */
  | { do: 'crash' }
  | { do: 'up' }

interface Asked {
  nonce: number
  connection: number
  id: JsonRpcId
  token: JsonRpcId | undefined
  /** It came to the child under this id. */
  internal: number | null
  /** What the child has to put into its progress. */
  internalToken: unknown
  isOwed: boolean
}

/** The multiplexer did not do what the model says; anything else that is thrown is a fault of another kind. */
export class BrokenPromise extends Error {}

const UNAVAILABLE = -32001
/** Answered requests that may be answered once more. */
const MAX_ANSWERED = 50

export class MuxModel {
  readonly #bench: MuxBench
  readonly #connections: number[]
  #lastConnection = 0
  #lastNonce = 0
  #phase: 'up' | 'starting' | 'gone' = 'gone'
  #wasUp = false
  readonly #asked = new Map<number, Asked>()
  /** Per connection: the latest request under an id, which a cancellation of that id means. */
  readonly #named = new Map<number, Map<JsonRpcId, Asked>>()
  #held: Asked[] = []
  #waitingInitialize: { connection: number; id: JsonRpcId }[] = []
  /** The child's: asked and not answered; also what was cancelled meanwhile, or asked of its predecessor. */
  readonly #withChild: Asked[] = []
  readonly #answered: Asked[] = []
  readonly #internals = new Set<number>()
  #initializeId: unknown = null
  /** What this step must lead to. */
  #toClients: string[] = []
  #toChild: string[] = []
  requests = 0

  constructor(MuxClass: typeof Mux, clients: number) {
    // Whether the child lives is another promise (X15); its question would be one message more after each `late`.
    this.#bench = new MuxBench({ Mux: MuxClass, limits: { probeAfterMs: Number.POSITIVE_INFINITY } })
    this.#connections = Array.from({ length: clients }, () => this.#connect())
    this.take({ do: 'up' })
  }

  take(step: Step): void {
    switch (step.do) {
      case 'ask':
        this.#ask(this.#connectionOf(step.client), step.id, step.token)
        break
      case 'initialize':
        this.#initialize(this.#connectionOf(step.client), step.id)
        break
      case 'cancel':
        this.#cancel(this.#connectionOf(step.client), step.id)
        break
      case 'leave':
        this.#leave(step.client % this.#connections.length)
        break
      case 'answer':
        this.#answer(step.pick, step.fail)
        break
      case 'answerAgain': {
        const asked = this.#answered[step.pick % this.#answered.length]
        if (asked) this.#bench.childSays(spelled(0, asked.internal, '"result":{}'))
        break
      }
      case 'progress':
        this.#progress(step.pick)
        break
      case 'tellAll':
        this.#bench.childSays({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' })
        for (const connection of this.#connections) this.#toClients.push(`${connection} listChanged`)
        break
      case 'garbage':
        for (const line of ['garbage', '[]', '{"jsonrpc":"2.0","id":1e300,"result":{}}', '{"id":"1","result":{}}']) {
          this.#bench.childSays(line)
        }
        break
      case 'late':
        this.#late()
        break
      case 'crash':
        this.#crash()
        break
      case 'up':
        this.#up()
        break
      default:
        step satisfies never
    }
    this.#compare(step)
  }

  /** The child comes back and answers everything, also what nobody waits for any more; then nothing may be left. */
  finish(): void {
    this.take({ do: 'up' })
    this.take({ do: 'up' })
    while (this.#withChild.length > 0) this.take({ do: 'answer', pick: 0, fail: false })
    const left = [...this.#asked.values()]
    if (left.length > 0) throw new BrokenPromise(`never answered: ${JSON.stringify(left.slice(0, 9))}`)
    const { pendingCount } = this.#bench.mux
    if (pendingCount > 0) throw new BrokenPromise(`${pendingCount} requests are still pending`)
  }

  #connect(): number {
    const connection = ++this.#lastConnection
    this.#bench.mux.addClient(connection)
    this.#named.set(connection, new Map())
    return connection
  }

  #connectionOf(client: number): number {
    return this.#connections[client % this.#connections.length] ?? 0
  }

  #ask(connection: number, id: JsonRpcId, token: JsonRpcId | undefined): void {
    this.requests++
    const nonce = ++this.#lastNonce
    const asked: Asked = { nonce, connection, id, token, internal: null, internalToken: undefined, isOwed: true }
    const meta = token === undefined ? {} : { _meta: { progressToken: token } }
    const params = { name: 'any', arguments: payloadOf(nonce), ...meta }
    this.#bench.clientSays(connection, spelled(nonce, id, `"method":"tools/call","params":${JSON.stringify(params)}`))
    if (this.#phase === 'gone') {
      this.#toClients.push(`${connection} unavailable ${JSON.stringify(id)}`)
      return
    }
    this.#asked.set(nonce, asked)
    this.#named.get(connection)?.set(id, asked)
    if (this.#phase === 'starting') this.#held.push(asked)
    else this.#toChild.push(`asked ${nonce}`)
  }

  #initialize(connection: number, id: JsonRpcId): void {
    const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'test', version: '0' } }
    if (this.#wasUp) this.#toClients.push(`${connection} initialized ${JSON.stringify(id)}`)
    else if (this.#phase === 'gone') this.#toClients.push(`${connection} unavailable ${JSON.stringify(id)}`)
    else this.#waitingInitialize.push({ connection, id })
    this.#bench.request(connection, id, 'initialize', params)
  }

  #cancel(connection: number, id: JsonRpcId): void {
    const params = { requestId: id, reason: 'test' }
    this.#bench.clientSays(connection, { jsonrpc: '2.0', method: 'notifications/cancelled', params })
    const asked = this.#named.get(connection)?.get(id)
    if (asked) this.#forget(asked)
  }

  #leave(index: number): void {
    const gone = this.#connections[index] ?? 0
    this.#bench.mux.removeClient(gone)
    for (const asked of this.#asked.values()) if (asked.connection === gone) this.#forget(asked)
    this.#waitingInitialize = this.#waitingInitialize.filter(({ connection }) => connection !== gone)
    this.#named.delete(gone)
    this.#connections[index] = this.#connect()
    // What it says when it is gone is said by nobody.
    this.#bench.request(gone, 1)
  }

  /** Nobody waits for it any more; the child is told so if it has it. */
  #forget(asked: Asked): void {
    this.#settle(asked)
    if (asked.internal === null) this.#held = this.#held.filter((held) => held !== asked)
    else this.#toChild.push(`cancelled ${asked.internal}`)
  }

  #settle(asked: Asked): void {
    asked.isOwed = false
    this.#asked.delete(asked.nonce)
    const named = this.#named.get(asked.connection)
    if (named?.get(asked.id) === asked) named.delete(asked.id)
  }

  #answer(pick: number, fail: boolean): void {
    const index = pick % this.#withChild.length
    const asked = this.#withChild[index]
    if (!asked) return
    this.#withChild[index] = this.#withChild.at(-1) ?? asked
    this.#withChild.pop()
    this.#answered.push(asked)
    if (this.#answered.length > MAX_ANSWERED) this.#answered.shift()
    const { nonce, connection, id, internal } = asked
    const payload = payloadOf(nonce)
    const reply = fail
      ? `"error":${JSON.stringify({ code: 1, message: 'no', data: payload })}`
      : `"result":${JSON.stringify(payload)}`
    if (asked.isOwed) this.#toClients.push(`${connection} answer ${JSON.stringify(id)} ${nonce}`)
    this.#settle(asked)
    this.#bench.childSays(spelled(nonce >> 1, internal, reply))
  }

  #progress(pick: number): void {
    const all = pick % 4 === 0 ? this.#answered : this.#withChild
    const asked = all[pick % all.length]
    if (!asked || asked.internalToken === undefined) return
    const { connection, token, nonce, internalToken } = asked
    const params = { progressToken: internalToken, progress: 1, message: String(nonce) }
    if (asked.isOwed) this.#toClients.push(`${connection} progress ${JSON.stringify(token)} ${nonce}`)
    this.#bench.childSays({ jsonrpc: '2.0', method: 'notifications/progress', params })
  }

  #late(): void {
    if (this.#phase !== 'up') return
    for (const asked of [...this.#asked.values()]) {
      this.#toClients.push(`${asked.connection} unavailable ${JSON.stringify(asked.id)}`)
      this.#forget(asked)
    }
    this.#bench.nowMs += RELAY_LIMITS.requestTimeoutMs
    this.#bench.mux.tick()
  }

  #crash(): void {
    if (this.#phase === 'gone') return
    this.#phase = 'gone'
    for (const asked of [...this.#asked.values()]) {
      this.#toClients.push(`${asked.connection} unavailable ${JSON.stringify(asked.id)}`)
      this.#settle(asked)
    }
    for (const { connection, id } of this.#waitingInitialize) {
      this.#toClients.push(`${connection} unavailable ${JSON.stringify(id)}`)
    }
    this.#waitingInitialize = []
    this.#held = []
    this.#bench.down()
  }

  #up(): void {
    if (this.#phase === 'gone') {
      this.#phase = 'starting'
      this.#toChild.push('initialize')
      this.#bench.mux.childStarting()
    } else if (this.#phase === 'starting') {
      this.#phase = 'up'
      this.#wasUp = true
      this.#toChild.push('initialized', ...this.#held.map(({ nonce }) => `asked ${nonce}`))
      this.#held = []
      for (const { connection, id } of this.#waitingInitialize) {
        this.#toClients.push(`${connection} initialized ${JSON.stringify(id)}`)
      }
      this.#waitingInitialize = []
      this.#bench.childSays({ jsonrpc: '2.0', id: this.#initializeId, result: INITIALIZED })
    }
  }

  #compare(step: Step): void {
    const toClients = this.#bench.toClients.splice(0).map(describe)
    const toChild = this.#bench.toChild.splice(0).map((message) => this.#hear(message))
    this.#bench.texts.length = 0
    this.#bench.lines.length = 0
    this.#bench.settled.length = 0
    const [expected, expectedOfChild] = [this.#toClients, this.#toChild]
    this.#toClients = []
    this.#toChild = []
    // The order counts towards the child; to the clients only within one, and there each message has a name of its own.
    if (same(toClients.sort(), expected.sort()) && same(toChild, expectedOfChild)) return
    const told = (got: string[], due: string[]) => `got [${shown(got, due)}], and should have got [${shown(due, got)}]`
    throw new BrokenPromise(
      `after ${JSON.stringify(step)} the clients ${told(toClients, expected)}; the child ${told(toChild, expectedOfChild)}`,
    )
  }

  // biome-ignore lint/suspicious/noExplicitAny: a message of any kind
  #hear({ id, method, params }: any): string {
    switch (method) {
      case 'initialize':
        this.#initializeId = id
        return 'initialize'
      case 'notifications/initialized':
        return 'initialized'
      case 'notifications/cancelled':
        return `cancelled ${params.requestId}`
      default: {
        const { nonce } = params.arguments
        if (!isWhole(params.arguments)) return `asked with ${JSON.stringify(params.arguments)}`
        const asked = this.#asked.get(nonce)
        if (asked) {
          asked.internal = id
          asked.internalToken = params._meta?.progressToken
          this.#withChild.push(asked)
        }
        if (this.#internals.has(id)) return `asked ${nonce} under the id of another: ${id}`
        this.#internals.add(id)
        return `asked ${nonce}`
      }
    }
  }
}

/** Ids as JSON, so that 1 and "1" are two. */
function describe({ client, message: { id, method, params, result, error } }: Sent): string {
  if (method === 'notifications/progress') {
    return `${client} progress ${JSON.stringify(params.progressToken)} ${params.message}`
  }
  if (method !== undefined) return `${client} listChanged`
  if (result?.serverInfo) return `${client} initialized ${JSON.stringify(id)}`
  if (error?.code === UNAVAILABLE) return `${client} unavailable ${JSON.stringify(id)}`
  const payload = result ?? error?.data
  if (!isWhole(payload)) return `${client} got ${JSON.stringify(payload)}`
  return `${client} answer ${JSON.stringify(id)} ${payload?.nonce ?? JSON.stringify(error)}`
}

/** Some have an id of their own in them, which is nobody's business. */
const payloadOf = (nonce: number): object => (nonce % 3 ? { nonce } : { nonce, id: nonce })
const isWhole = (payload: { nonce: number; id?: unknown } | undefined): boolean =>
  payload?.id === undefined || payload.id === payload.nonce

/** A message as different writers write it: the id first or last, with and without white space. */
function spelled(variant: number, id: unknown, rest: string): string {
  const ownId = JSON.stringify(id)
  switch (variant % 5) {
    case 0:
      return `{"jsonrpc":"2.0","id":${ownId},${rest}}`
    case 1:
      return `{${rest},"jsonrpc":"2.0","id":${ownId}}`
    case 2:
      return `{"jsonrpc":"2.0","id":\n ${ownId} ,${rest}}`
    case 3:
      return `{ "id" : ${ownId}, "jsonrpc" : "2.0", ${rest} }`
    default:
      return `{${rest},\t"id":\t${ownId}\t,"jsonrpc":"2.0"}`
  }
}

/** What differs, and not the thousands that a crash brings beside it. */
function shown(these: readonly string[], others: readonly string[]): string {
  const known = new Set(others)
  const differing = these.filter((text, index) => !known.has(text) || (these.length < 9 && others[index] !== text))
  return `${differing.slice(0, 9).join(', ')}; ${these.length} in all`
}

const same = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((text, index) => text === other[index])
