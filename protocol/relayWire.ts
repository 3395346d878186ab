// Relay ↔ server: JSON-RPC methods of ours beside MCP's, on the same socket (SPEC.md, R1–R12).

import { z } from 'zod'
import { claudeFlowRecord } from './claudeFlow.ts'

export const RELAY_PROTOCOL = { min: 1, max: 1 } as const

export const RELAY_METHOD = {
  HELLO: 'swarmscope/hello',
  SUBSCRIBE: 'swarmscope/subscribe',
  /** Notifications, relay → subscriber. */
  SNAPSHOT: 'swarmscope/snapshot',
  FRAME: 'swarmscope/frame',
  STATE: 'swarmscope/state',
  CALLS: 'swarmscope/calls',
} as const

const versionRange = z.object({ min: z.number().int().positive(), max: z.number().int().positive() })
export type VersionRange = z.infer<typeof versionRange>

/** The highest version both ends speak, or `null`. */
export function commonVersion(a: VersionRange, b: VersionRange): number | null {
  const version = Math.min(a.max, b.max)
  return version >= Math.max(a.min, b.min) ? version : null
}

export const helloParams = z.looseObject({ version: z.string().max(100), protocol: versionRange })

/** An error of the catalogue, without `success`. */
export const relayError = z.object({
  error: z.string(),
  code: z.string(),
  details: z.object({ suggestion: z.string() }),
})

export const relayState = z.object({
  child: z.object({
    /**
     * `on-demand`: started when somebody needs it. `silent`: it runs, but answers nothing. `missing`: no command was found
     * to start. `waiting`: it ended, and is started again after a pause.
     */
    state: z.enum(['on-demand', 'starting', 'up', 'silent', 'waiting', 'missing', 'stopped']),
    serverInfo: z.object({ name: z.string(), version: z.string() }).nullable(),
    restarts: z.number().int().nonnegative(),
    lastError: relayError.nullable(),
  }),
  /** Whether any state of claude-flow's was found (files, database or, for 2.x, in its process). */
  hasState: z.boolean(),
})
export type RelayState = z.infer<typeof relayState>
export type ChildStatus = RelayState['child']

export const helloResult = z.looseObject({
  /** Random, kept by the relay for this machine and project root. */
  sourceId: z.string().regex(/^[A-Za-z0-9_-]{4,64}$/),
  version: z.string().max(100),
  protocol: versionRange,
  project: z.object({ name: z.string().max(255), root: z.string().max(4096), host: z.string().max(255) }),
  state: relayState,
})
export type HelloResult = z.infer<typeof helloResult>

/** Where the subscriber is; a first-comer says `{epoch: null, rev: 0}`. */
export const subscribeParams = z.looseObject({
  epoch: z.string().max(100).nullable().default(null),
  rev: z.number().int().nonnegative().default(0),
})

export const subscribeResult = z.looseObject({ epoch: z.string(), rev: z.number().int().nonnegative() })

export const recordChunk = z.object({
  epoch: z.string().max(100),
  seq: z.number().int().nonnegative(),
  index: z.number().int().nonnegative(),
  last: z.boolean(),
  put: z.array(claudeFlowRecord),
})

export const recordFrame = z.object({
  epoch: z.string().max(100),
  from: z.number().int().nonnegative(),
  to: z.number().int().nonnegative(),
  put: z.array(claudeFlowRecord),
  del: z.array(z.object({ entity: z.literal('record'), id: z.string() })),
})

/** More than pass in one turn of the event loop as a rule; a larger burst is counted, not listed. */
export const MAX_CALLS_IN_NOTICE = 1_000

export const MAX_TOOL_NAME_LENGTH = 256

/** A tool that was called through the relay: neither arguments nor answer. */
const callNotice = z.object({
  /** When it was over. */
  at: z.iso.datetime(),
  tool: z.string().max(MAX_TOOL_NAME_LENGTH),
  /** Numbered by the relay; `name` as the client called itself. */
  client: z.object({ id: z.number().int(), name: z.string().nullable() }),
  /** `tool-error`: the tool itself said no. `refused`: it never reached claude-flow. */
  outcome: z.enum(['ok', 'tool-error', 'error', 'cancelled', 'timed-out', 'child-gone', 'refused']),
  durationMs: z.number().nonnegative(),
})
export type CallNotice = z.infer<typeof callNotice>

export const callsNotice = z.object({
  calls: z.array(callNotice).max(MAX_CALLS_IN_NOTICE),
  /** How many more there were. */
  dropped: z.number().int().nonnegative(),
})
