// GET …/bots/health: how Swarmscope is. Answers without a token, so it tells nothing of what agents do.

import type { RequestHandler } from 'express'
import { VERSION } from '../../platform/version.ts'
import { degradedSources } from '../../protocol/derive.ts'
import { ERRORS, type ErrorCode, errorBody } from '../../protocol/errors.ts'
import type { Mode, SourceError, SourceState, SourceStatus } from '../../protocol/swarm.ts'
import type { Guard } from '../guard/guard.ts'
import type { Hub } from '../hub/hub.ts'
import type { View } from '../view.ts'

/** Whether it serves, and serves all of it: docs/health.md has the table of all cases. */
export const HEALTH_STATUSES = ['healthy', 'degraded', 'draining'] as const

export interface Health {
  success: true
  status: (typeof HEALTH_STATUSES)[number]
  /** The first thing that is wrong, as a code of the catalogue (or of a newer relay's); `null` while nothing is. */
  code: string | null
  mode: Mode
  degraded: string[]
  version: string
  uptimeSeconds: number
  viewers: number
  agents: number
  sources: SourceStatus[]
  /** What happens is shown, but not kept: history has an end. */
  logError: SourceError | null
  /** What claude-flow says it is, for those who brought a token. */
  claudeFlow: ClaudeFlowProgram | null
}

export interface ClaudeFlowProgram {
  name: string
  version: string
}

export interface HealthOptions {
  view: View
  hub: Pick<Hub, 'viewers'>
  demo: boolean
  guard: Guard
  isDraining: () => boolean
  claudeFlow: { readonly program: ClaudeFlowProgram | null } | null
}

export interface HealthInput {
  view: View
  hub: Pick<Hub, 'viewers'>
  demo: boolean
  /** Stopping: no new work is taken. */
  draining: boolean
  trusted: boolean
  claudeFlow?: HealthOptions['claudeFlow']
}

/** `GET …/health`, for anybody; with a token errors say more. */
export function answerHealth(options: HealthOptions): RequestHandler {
  const { view, hub, demo, guard, isDraining, claudeFlow } = options
  return (request, response) => {
    const trusted = guard.isTrusted(request)
    const health = healthOf({ view, hub, demo, draining: isDraining(), trusted, claudeFlow })
    if (health.status === 'draining') response.status(503).set('Retry-After', '5')
    response.json(health)
  }
}

/** What is known now: nobody is asked, so a relay that hangs cannot keep the answer. */
export function healthOf({ view, hub, demo, draining, trusted, claudeFlow = null }: HealthInput): Health {
  const { mode, degraded, sources, logError } = view
  const code = draining ? 'STOPPING' : (trouble(demo, mode, sources) ?? logError?.code ?? null)
  return {
    success: true,
    status: draining ? 'draining' : code === null ? 'healthy' : 'degraded',
    code,
    mode,
    degraded,
    version: VERSION,
    uptimeSeconds: Math.round(process.uptime()),
    viewers: hub.viewers,
    agents: view.world.store.all('agent').size,
    sources: trusted ? sources : sources.map(withoutDetail),
    logError,
    claudeFlow: trusted ? (claudeFlow?.program ?? null) : null,
  }
}

function trouble(demo: boolean, mode: Mode, sources: readonly SourceStatus[]): string | null {
  // Live but ailing counts too: the files are shown, but there is no claude-flow that could be asked. One that is not used is
  // no trouble beside others that are; where there is nobody else, it is what keeps the view from being live.
  const isTrouble = ({ state, lastError }: SourceStatus) =>
    lastError !== null && !(state === 'never' && mode === 'live')
  const error = sources.find(isTrouble)?.lastError
  if (error) return error.code
  // A demo or a replay is what was asked for.
  return demo || (mode === 'live' && degradedSources(sources).length === 0) ? null : 'NOT_CONNECTED'
}

/** What a connection met before anybody was heard: all of it is said by us, and without it nobody knows what to do. */
const OUR_WORDS: ReadonlySet<string> = new Set<ErrorCode>(['TLS_FAILED', 'CONNECTION_REFUSED', 'CONNECTION_LOST'])

/** Then no relay says anything: neither the truth nor in our words. */
const UNCONNECTED: ReadonlySet<string> = new Set<SourceState>(['connecting', 'waiting', 'closed'])

/** An error's detail may quote what claude-flow wrote to stderr: strangers get the catalogue's own words. */
function withoutDetail(source: SourceStatus): SourceStatus {
  if (!source.lastError) return source
  if (OUR_WORDS.has(source.lastError.code) && UNCONNECTED.has(source.state)) return source
  const address = /^wss?:\/\/(.+):(\d+)\//.exec(source.url ?? '')
  const context = address?.[1] ? { host: address[1], port: Number(address[2]) } : {}
  // A code that we do not know comes from a newer relay.
  const known = Object.hasOwn(ERRORS, source.lastError.code)
  const code = known ? (source.lastError.code as ErrorCode) : 'PROTOCOL_MISMATCH'
  const { success: _, ...lastError } = errorBody(code, context)
  return { ...source, lastError }
}
