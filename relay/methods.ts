// What the relay answers itself, on the same sockets as MCP: `ping`, the resources, and Swarmscope's own methods.

import { z } from 'zod'
import type { ClaudeFlowRecord } from '../protocol/claudeFlow.ts'
import type { RevisionedStore } from '../protocol/frames.ts'
import { JSON_RPC } from '../protocol/mcp.ts'
import {
  commonVersion,
  type HelloResult,
  helloParams,
  RELAY_METHOD,
  RELAY_PROTOCOL,
  subscribeParams,
} from '../protocol/relayWire.ts'
import { type Json, RpcFault } from './jsonRpc.ts'
import type { LocalMethod } from './mux.ts'
import type { ClientId } from './pending.ts'
import { listResources, type Resource, readResource, resourceOf } from './resources.ts'

export interface MethodsOptions {
  store: RevisionedStore<ClaudeFlowRecord>
  hello: () => HelloResult
  /** The client understands our notifications from now on. */
  onHello: (client: ClientId) => void
  subscribe: (client: ClientId, at: { epoch: string | null; rev: number }) => void
  subscribeResource: (client: ClientId, resource: Resource) => void
  unsubscribeResource: (client: ClientId, resource: Resource) => void
}

export function localMethods(options: MethodsOptions): Map<string, LocalMethod> {
  const { store, hello, onHello, subscribe } = options
  return new Map<string, LocalMethod>([
    // 2.x does not know `ping`; and what a client wants to know is whether its line is alive.
    ['ping', () => ({ result: {} })],
    ['resources/list', () => ({ result: { resources: listResources() } })],
    ['resources/templates/list', () => ({ result: { resourceTemplates: [] } })],
    ['resources/read', (_client, params) => ({ result: { contents: [readResource(store, resourceOf(params))] } })],
    [
      'resources/subscribe',
      (client, params) => {
        options.subscribeResource(client, resourceOf(params))
        return { result: {} }
      },
    ],
    [
      'resources/unsubscribe',
      (client, params) => {
        options.unsubscribeResource(client, resourceOf(params))
        return { result: {} }
      },
    ],
    [
      RELAY_METHOD.HELLO,
      (client, params) => {
        const { protocol, version } = parseParams(helloParams, params)
        if (commonVersion(RELAY_PROTOCOL, protocol) === null) throw versionMismatch(hello().version, version, protocol)
        return { result: hello(), after: () => onHello(client) }
      },
    ],
    [
      RELAY_METHOD.SUBSCRIBE,
      (client, params) => {
        const at = parseParams(subscribeParams, params)
        return { result: { epoch: store.epoch, rev: store.seq }, after: () => subscribe(client, at) }
      },
    ],
  ])
}

/** Our own methods are checked strictly; what passes through to the child is the child's to check. */
function parseParams<S extends z.ZodType>(schema: S, params: Json): z.infer<S> {
  const parsed = schema.safeParse(params)
  if (parsed.success) return parsed.data
  throw new RpcFault(JSON_RPC.INVALID_PARAMS, `Invalid params: ${z.prettifyError(parsed.error)}`)
}

function versionMismatch(ours: string, theirs: string, { max }: { max: number }): RpcFault {
  const older = max < RELAY_PROTOCOL.min ? 'the client' : 'the relay'
  const suggestion = `Update ${older}: the relay is ${ours}, the client ${theirs}`
  return new RpcFault(JSON_RPC.INVALID_PARAMS, `Relay and client speak different versions. ${suggestion}`, {
    code: 'VERSION_MISMATCH',
    suggestion,
    retryable: false,
  })
}
