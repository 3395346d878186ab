// The same records as in frames, for clients that know MCP only: three resources, live, as JSON.

import type { ClaudeFlowRecord, RecordKind } from '../protocol/claudeFlow.ts'
import type { RevisionedStore } from '../protocol/frames.ts'
import { JSON_RPC } from '../protocol/mcp.ts'
import { type Json, RpcFault } from './jsonRpc.ts'

export interface Resource {
  name: string
  uri: string
  title: string
  kinds: readonly RecordKind[]
}

const resource = (name: string, title: string, ...kinds: RecordKind[]): Resource => ({
  name,
  uri: `claude-flow://${name}`,
  title,
  kinds,
})

export const RESOURCES: readonly Resource[] = [
  resource('agents', 'Agents as claude-flow has them', 'agent'),
  resource('tasks', 'Tasks as claude-flow has them', 'task'),
  resource('swarms', 'Swarms and the hive as claude-flow has them', 'swarm', 'hive'),
]

/** Whatever the child says of its own resources: these are ours, and no more are ever listed. */
export const RESOURCE_CAPABILITY = { subscribe: true } as const

const MIME_TYPE = 'application/json'

export const listResources = (): Json[] =>
  RESOURCES.map(({ name, uri, title }) => ({
    uri,
    name,
    title,
    description: `${title}, live, as JSON`,
    mimeType: MIME_TYPE,
  }))

/** Throws `RpcFault` for what is none of ours. */
export function resourceOf({ uri }: Json): Resource {
  if (typeof uri !== 'string') throw new RpcFault(JSON_RPC.INVALID_PARAMS, 'Invalid params: uri must be a string')
  const found = RESOURCES.find((candidate) => candidate.uri === uri)
  if (!found) throw new RpcFault(JSON_RPC.RESOURCE_NOT_FOUND, 'Resource not found', { uri: uri.slice(0, 200) })
  return found
}

export function readResource(store: RevisionedStore<ClaudeFlowRecord>, { name, uri, kinds }: Resource): Json {
  const records = [...store.values()].filter(({ kind }) => kinds.includes(kind))
  return { uri, mimeType: MIME_TYPE, text: JSON.stringify({ epoch: store.epoch, rev: store.seq, [name]: records }) }
}
