// A mux between clients and a child that are only arrays.

import { type ErrorBody, errorBody } from '../../protocol/errors.ts'
import { RELAY_LIMITS } from '../../relay/limits.ts'
import { type LocalMethod, Mux, type MuxOptions } from '../../relay/mux.ts'
import type { Settled } from '../../relay/outcome.ts'
import { ALL_TOOLS, ToolPolicy, type ToolPolicyOptions } from '../../relay/toolPolicy.ts'

export interface Sent {
  client: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look into messages of every kind
  message: any
}

export const INITIALIZED = {
  protocolVersion: '2024-11-05',
  capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
  serverInfo: { name: 'ruflo', version: '3.0.0' },
}

export interface MuxBenchOptions {
  limits?: Partial<MuxOptions['limits']>
  tools?: Partial<ToolPolicyOptions>
  methods?: [string, LocalMethod][]
  about?: string
  /** What `onNeeded` finds: whether a child may be started. */
  mayStart?: boolean
  /** The class, or one with a bug in it. */
  Mux?: typeof Mux
}

export class MuxBench {
  /** What the child got, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly toChild: any[] = []
  readonly lines: string[] = []
  readonly toClients: Sent[] = []
  readonly texts: string[] = []
  readonly bytes: Buffer[] = []
  readonly settled: Settled[] = []
  readonly useless: ErrorBody[] = []
  readonly closed: number[] = []
  readonly silences: boolean[] = []
  needed = 0
  childTakes = true
  nowMs = 0
  readonly mux: Mux

  constructor({
    limits = {},
    tools = {},
    methods = [],
    about,
    mayStart = false,
    Mux: MuxClass = Mux,
  }: MuxBenchOptions = {}) {
    this.mux = new MuxClass({
      version: '0.0.0',
      ...(about === undefined ? {} : { about }),
      limits: { ...RELAY_LIMITS, maxPending: 100_000, maxPendingPerClient: 100_000, ...limits },
      policy: new ToolPolicy({ ...ALL_TOOLS, ...tools }),
      methods: new Map(methods),
      nowMs: () => this.nowMs,
      edge: {
        toChild: (line) => {
          if (!this.childTakes) return false
          this.lines.push(line.toString())
          this.toChild.push(JSON.parse(line.toString()))
          return true
        },
        toClient: (client, message) => {
          this.texts.push(message.toString())
          this.bytes.push(Buffer.from(message))
          this.toClients.push({ client, message: JSON.parse(message.toString()) })
        },
        closeClient: (client) => this.closed.push(client),
        onNeeded: () => {
          this.needed++
          if (mayStart) this.mux.childStarting()
        },
        onBusy: () => undefined,
        onReady: () => undefined,
        onSilence: (isSilent) => this.silences.push(isSilent),
        onUseless: (error) => this.useless.push(error),
        onSettled: (settled) => this.settled.push(settled),
        onInternalError: (error) => {
          throw error
        },
      },
    })
  }

  /** Starts the child and lets it answer `initialize`. */
  up(): this {
    this.mux.childStarting()
    this.childSays({ jsonrpc: '2.0', id: this.toChild.at(-1).id, result: INITIALIZED })
    this.toChild.length = 0
    this.lines.length = 0
    this.settled.length = 0
    return this
  }

  down(): void {
    this.mux.childGone(errorBody('CHILD_CRASHED', { detail: 'signal SIGKILL' }))
  }

  clientSays(client: number, message: unknown): void {
    this.mux.fromClient(client, typeof message === 'string' ? message : JSON.stringify(message))
  }

  request(client: number, id: unknown, method = 'tools/list', params: object = {}): void {
    this.clientSays(client, { jsonrpc: '2.0', id, method, params })
  }

  childSays(message: unknown): void {
    this.mux.fromChild(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)))
  }

  /** The messages that this client got. */
  of(client: number) {
    return this.toClients.filter((sent) => sent.client === client).map((sent) => sent.message)
  }
}
