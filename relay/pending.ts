// What was asked of the child and is not answered yet, by our own integer; and how a message looks on either side.

import type { JsonRpcId, JsonRpcResponse } from '../protocol/mcp.ts'
import { isId, isObject, type Json, writeJson } from './jsonRpc.ts'

export type ClientId = number

/** Who gets the answer: a client, under its own id, or (`client: null`) the relay itself. */
export type Owner = { client: ClientId; id: JsonRpcId } | { client: null; done: (answer: JsonRpcResponse) => void }

export interface Pending {
  id: number
  owner: Owner
  /** As the client gave it; towards the child our own id stands for it. */
  progressToken: JsonRpcId | null
  /** The tool that is called. */
  call: { tool: string; args: Json } | null
  /** Not sent yet: the child is still starting. */
  held: string | null
}

interface ClientRequests {
  ids: Set<number>
  byOriginalId: Map<JsonRpcId, number>
}

export class PendingRequests {
  readonly #byId = new Map<number, Pending>()
  readonly #byClient = new Map<ClientId, ClientRequests>()
  #lastId = 0

  get size(): number {
    return this.#byId.size
  }

  countOf(client: ClientId): number {
    return this.#byClient.get(client)?.ids.size ?? 0
  }

  get(id: number): Pending | undefined {
    return this.#byId.get(id)
  }

  /** Takes the request in, ready to be sent: `held` is its line. `null`: it cannot be written again. */
  add(owner: Owner, raw: Json): Pending | null {
    const id = ++this.#lastId
    const { line, progressToken } = forChild(raw, id)
    if (line === null) return null
    const pending: Pending = { id, owner, progressToken, call: toolCallOf(raw), held: line }
    this.#byId.set(id, pending)
    if (owner.client !== null) {
      let requests = this.#byClient.get(owner.client)
      if (!requests) {
        requests = { ids: new Set(), byOriginalId: new Map() }
        this.#byClient.set(owner.client, requests)
      }
      requests.ids.add(id)
      requests.byOriginalId.set(owner.id, id)
    }
    return pending
  }

  take(id: number): Pending | undefined {
    const pending = this.#byId.get(id)
    if (!pending) return undefined
    this.#byId.delete(id)
    const { owner } = pending
    const requests = owner.client === null ? undefined : this.#byClient.get(owner.client)
    if (requests && owner.client !== null) {
      requests.ids.delete(id)
      // A client that used an id twice has two requests under it; only the later one can be named.
      if (requests.byOriginalId.get(owner.id) === id) requests.byOriginalId.delete(owner.id)
      if (requests.ids.size === 0) this.#byClient.delete(owner.client)
    }
    return pending
  }

  /** By the client's own id. */
  takeOf(client: ClientId, originalId: unknown): Pending | undefined {
    const id = isId(originalId) ? this.#byClient.get(client)?.byOriginalId.get(originalId) : undefined
    return id === undefined ? undefined : this.take(id)
  }

  takeAllOf(client: ClientId): Pending[] {
    const ids = [...(this.#byClient.get(client)?.ids ?? [])]
    return ids.map((id) => this.take(id)).filter((pending) => pending !== undefined)
  }

  takeAll(): Pending[] {
    const all = [...this.#byId.values()]
    this.#byId.clear()
    this.#byClient.clear()
    return all
  }

  /** In the order in which they came. */
  allHeld(): Pending[] {
    return [...this.#byId.values()].filter((pending) => pending.held !== null)
  }
}

/** One line under our own id, which also stands for the progress token: tokens of two clients may be the same. */
function forChild(raw: Json, id: number): { line: string | null; progressToken: JsonRpcId | null } {
  const params = isObject(raw.params) ? raw.params : null
  const meta = params && isObject(params._meta) ? params._meta : null
  const token = meta?.progressToken
  if (!isId(token)) return { line: writeJson({ ...raw, id }), progressToken: null }
  const line = writeJson({ ...raw, id, params: { ...params, _meta: { ...meta, progressToken: id } } })
  return { line, progressToken: token }
}

function toolCallOf({ method, params }: Json): Pending['call'] {
  if (method !== 'tools/call' || !isObject(params) || typeof params.name !== 'string') return null
  return { tool: params.name, args: isObject(params.arguments) ? params.arguments : {} }
}

const ID_KEY = '"id":'

/**
 * The child's answer under the client's id. Where the line begins as usual, the rest of its bytes is passed on as it
 * is: nothing is written anew, and numbers that JavaScript cannot hold stay what they were. `null`: it cannot be written.
 */
export function withOriginalId(line: string, message: Json, ourId: number, originalId: JsonRpcId): string | null {
  const usual = `{"jsonrpc":"2.0","id":${ourId},`
  const isUsual = line.startsWith(usual) && !line.includes(ID_KEY, usual.length)
  if (isUsual) return `{"jsonrpc":"2.0","id":${JSON.stringify(originalId)},${line.slice(usual.length)}`
  return writeJson({ ...message, id: originalId })
}
