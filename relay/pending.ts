// What was asked of the child and is not answered yet, by our own integer; and how a message looks on either side.

import type { JsonRpcId, JsonRpcResponse } from '../protocol/mcp.ts'
import { withAnswerId, withId, withProgressToken } from './idBytes.ts'
import { isId, isObject, type Json, writeJson } from './jsonRpc.ts'

export type ClientId = number

/** Who gets the answer: a client, under its own id, or (`client: null`) the relay itself. */
export type Owner = { client: ClientId; id: JsonRpcId } | { client: null; done: (answer: JsonRpcResponse) => void }

export interface Pending {
  id: number
  owner: Owner
  method: string
  /** As the client gave it; towards the child our own id stands for it. */
  progressToken: JsonRpcId | null
  /** The tool that is called, and the swarm that it names; the rest of its arguments may be large. */
  call: { tool: string; swarmId: string | null } | null
  askedAtMs: number
  /** When it was asked, or last told of progress. */
  heardAtMs: number
  /** Not sent yet: the child is still starting. */
  held: Buffer | null
}

interface ClientRequests {
  count: number
  byOriginalId: Map<JsonRpcId, number>
}

export class PendingRequests {
  readonly #byId = new Map<number, Pending>()
  readonly #byClient = new Map<ClientId, ClientRequests>()
  #lastId = 0
  #ofClients = 0
  #heldBytes = 0

  get size(): number {
    return this.#byId.size
  }

  /** Without the relay's own. */
  get countOfClients(): number {
    return this.#ofClients
  }

  /** Of requests that wait for the child to start. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  countOf(client: ClientId): number {
    return this.#byClient.get(client)?.count ?? 0
  }

  get(id: number): Pending | undefined {
    return this.#byId.get(id)
  }

  /** In the order in which they were asked. */
  values(): IterableIterator<Pending> {
    return this.#byId.values()
  }

  /** Takes the request in, ready to be sent: `held` is its line. `null`: it cannot be written again. */
  add(owner: Owner, raw: Json, bytes: Buffer | null, nowMs: number): Pending | null {
    const id = ++this.#lastId
    const { line, progressToken } = forChild(raw, bytes, id)
    if (line === null) return null
    const pending: Pending = {
      id,
      owner,
      method: raw.method as string,
      progressToken,
      call: toolCallOf(raw),
      askedAtMs: nowMs,
      heardAtMs: nowMs,
      held: line,
    }
    this.#byId.set(id, pending)
    this.#heldBytes += line.length
    if (owner.client !== null) {
      this.#ofClients++
      let requests = this.#byClient.get(owner.client)
      if (!requests) {
        requests = { count: 0, byOriginalId: new Map() }
        this.#byClient.set(owner.client, requests)
      }
      requests.count++
      requests.byOriginalId.set(owner.id, id)
    }
    return pending
  }

  /** Its line, to be sent now; `null`: that was done. */
  release(pending: Pending): Buffer | null {
    const line = pending.held
    pending.held = null
    this.#heldBytes -= line?.length ?? 0
    return line
  }

  take(id: number): Pending | undefined {
    const pending = this.#byId.get(id)
    if (!pending) return undefined
    this.#byId.delete(id)
    this.#heldBytes -= pending.held?.length ?? 0
    const { owner } = pending
    if (owner.client === null) return pending
    this.#ofClients--
    const requests = this.#byClient.get(owner.client)
    if (requests) {
      // A client that used an id twice has two requests under it; only the later one can be named.
      if (requests.byOriginalId.get(owner.id) === id) requests.byOriginalId.delete(owner.id)
      if (--requests.count === 0) this.#byClient.delete(owner.client)
    }
    return pending
  }

  /** By the client's own id. */
  takeOf(client: ClientId, originalId: unknown): Pending | undefined {
    const id = isId(originalId) ? this.#byClient.get(client)?.byOriginalId.get(originalId) : undefined
    return id === undefined ? undefined : this.take(id)
  }

  takeAllOf(client: ClientId): Pending[] {
    if (!this.#byClient.has(client)) return []
    return this.#takeWhere(({ owner }) => owner.client === client)
  }

  takeAll(): Pending[] {
    return this.#takeWhere(() => true)
  }

  #takeWhere(isMeant: (pending: Pending) => boolean): Pending[] {
    const meant = [...this.#byId.values()].filter(isMeant)
    for (const { id } of meant) this.take(id)
    return meant
  }
}

const LINE_END = /[\r\n]/g

/**
 * The request as one line under our own id, which also stands for the progress token: tokens of two clients may be the
 * same. `bytes`: as it came; where only the id differs, the rest of them goes on as it is.
 */
function forChild(
  raw: Json,
  bytes: Buffer | null,
  id: number,
): { line: Buffer | null; progressToken: JsonRpcId | null } {
  const params = isObject(raw.params) ? raw.params : null
  const meta = params && isObject(params._meta) ? params._meta : null
  const token = meta?.progressToken
  if (isId(token)) {
    const half = bytes && withId(bytes, String(id))
    const same = half && withProgressToken(half, String(id))
    if (same) return { line: oneLine(same), progressToken: token }
    const line = writeJson({ ...raw, id, params: { ...params, _meta: { ...meta, progressToken: id } } })
    return { line: line === null ? null : Buffer.from(line), progressToken: token }
  }
  const same = bytes && withId(bytes, String(id))
  if (same) return { line: oneLine(same), progressToken: null }
  const line = writeJson({ ...raw, id })
  return { line: line === null ? null : Buffer.from(line), progressToken: null }
}

/** Between the tokens of a JSON text a line break is but white space, and it cannot stand anywhere else. */
function oneLine(line: Buffer): Buffer {
  const hasBreak = line.includes(0x0a) || line.includes(0x0d)
  return hasBreak ? Buffer.from(line.toString().replace(LINE_END, ' ')) : line
}

function toolCallOf({ method, params }: Json): Pending['call'] {
  if (method !== 'tools/call' || !isObject(params) || typeof params.name !== 'string') return null
  const swarmId = isObject(params.arguments) ? params.arguments.swarmId : undefined
  return { tool: params.name, swarmId: typeof swarmId === 'string' ? swarmId : null }
}

/** The child's answer under the client's id, the rest of its bytes as they are. `null`: it cannot be written. */
export function withOriginalId(
  line: Buffer,
  message: Json,
  ourId: number,
  originalId: JsonRpcId,
): Buffer | string | null {
  return withAnswerId(line, ourId, JSON.stringify(originalId)) ?? writeJson({ ...message, id: originalId })
}
