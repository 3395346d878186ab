// A mux between clients and a child that are only arrays.

import { errorBody } from '../../protocol/errors.ts'
import { type LocalMethod, Mux, type ToolCall } from '../../relay/mux.ts'

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

export class MuxBench {
  /** What the child got, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly toChild: any[] = []
  readonly lines: string[] = []
  readonly toClients: Sent[] = []
  readonly texts: string[] = []
  readonly toolCalls: ToolCall[] = []
  readonly useless: string[] = []
  childTakes = true
  readonly mux: Mux

  constructor(
    limits: { maxPending?: number; maxPendingPerClient?: number } = {},
    methods: [string, LocalMethod][] = [],
  ) {
    this.mux = new Mux({
      version: '0.0.0',
      maxPending: limits.maxPending ?? 100_000,
      maxPendingPerClient: limits.maxPendingPerClient ?? 100_000,
      methods: new Map(methods),
      edge: {
        toChild: (line) => {
          if (!this.childTakes) return false
          this.lines.push(line)
          this.toChild.push(JSON.parse(line))
          return true
        },
        toClient: (client, text) => {
          this.texts.push(text)
          this.toClients.push({ client, message: JSON.parse(text) })
        },
        onReady: () => undefined,
        onUseless: (reason) => this.useless.push(reason),
        onToolResult: (call) => this.toolCalls.push(call),
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
    this.mux.fromChild(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** The messages that this client got. */
  of(client: number) {
    return this.toClients.filter((sent) => sent.client === client).map((sent) => sent.message)
  }
}
