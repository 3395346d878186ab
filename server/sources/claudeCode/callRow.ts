// One tool call, as far as it is told.

import type { IsoTime } from '../../../protocol/swarm.ts'
import { AGENT_TOOLS, type WrittenFile } from './records.ts'
import { earlier } from './said.ts'

/** Thirty years: hundreds of them are a whole number yet. */
const MAX_DURATION_MS = 1e12

export interface CallRow {
  at: IsoTime
  name: string | null
  /** `null`: not told yet; `MAIN`: the main agent's. */
  agent: string | null
  detail: string | null
  description: string | null
  /** By hooks, as it happens. */
  startAt: IsoTime | null
  endAt: IsoTime | null
  /** By telemetry, afterwards. */
  toldEndAt: IsoTime | null
  hooked: boolean
  allowedAt: IsoTime | null
  failed: boolean
  /** From the hook, else the log event, else the span. */
  durations: [hook: number | null, log: number | null, span: number | null]
  childId: string | null
  registered: { nativeId: string; createdAt: IsoTime | null } | null
  to: string | null
  execSpan: string | null
  file: WrittenFile | null
}

export const newCall = (at: IsoTime): CallRow => ({
  at,
  name: null,
  agent: null,
  detail: null,
  description: null,
  startAt: null,
  endAt: null,
  toldEndAt: null,
  hooked: false,
  allowedAt: null,
  failed: false,
  durations: [null, null, null],
  childId: null,
  registered: null,
  to: null,
  execSpan: null,
  file: null,
})

/** Whether it calls a subagent. */
export const callsAgent = ({ name }: CallRow): boolean => name !== null && AGENT_TOOLS.has(name)

/** By it agents reach each other. */
export const isLinking = (call: CallRow): boolean =>
  callsAgent(call) || call.to !== null || call.childId !== null || call.registered !== null

/** By hooks as it happened, else by telemetry. */
export const endOf = ({ endAt, toldEndAt }: CallRow): IsoTime | null => endAt ?? toldEndAt

/** Its beginning may come in behind its end. */
export function beganAt({ startAt, endAt, toldEndAt }: CallRow): IsoTime | null {
  return startAt === null ? null : earlier(earlier(startAt, endAt), toldEndAt)
}

export const isOpen = (row: CallRow): boolean => row.startAt !== null && endOf(row) === null

/** In whole ms, so that a sum of them does not depend on their order. */
export function durationOf({ durations: [hook, log, span] }: CallRow): number | null {
  const ms = hook ?? log ?? span
  return ms === null ? null : Math.min(Math.round(ms), MAX_DURATION_MS)
}
