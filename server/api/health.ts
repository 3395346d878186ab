// GET …/bots/health: how Swarmscope is. Answers without a token, so it tells nothing of what agents do.

import { VERSION } from '../../platform/version.ts'
import { ERRORS, type ErrorCode, errorBody } from '../../protocol/errors.ts'
import type { Mode, SourceStatus } from '../../protocol/swarm.ts'
import type { Hub } from '../hub/hub.ts'
import type { View } from '../view.ts'

export interface Health {
  success: true
  status: 'healthy' | 'degraded' | 'down'
  mode: Mode
  degraded: string[]
  version: string
  uptimeSeconds: number
  viewers: number
  agents: number
  sources: SourceStatus[]
}

export interface HealthInput {
  view: View
  hub: Hub
  demo: boolean
  /** Stopping: no new work is taken. */
  draining: boolean
  trusted: boolean
}

export function healthOf({ view, hub, demo, draining, trusted }: HealthInput): Health {
  const { mode, degraded, sources } = view
  // Live but ailing: the files are shown, but there is no claude-flow that could be asked.
  const ailing = sources.some((source) => source.lastError !== null)
  const healthy = demo || (mode === 'live' && degraded.length === 0 && !ailing)
  return {
    success: true,
    status: draining ? 'down' : healthy ? 'healthy' : 'degraded',
    mode,
    degraded,
    version: VERSION,
    uptimeSeconds: Math.round(process.uptime()),
    viewers: hub.viewers,
    agents: view.world.store.all('agent').size,
    sources: trusted ? sources : sources.map(withoutDetail),
  }
}

/** An error's detail may quote what claude-flow wrote to stderr: strangers get the catalogue's own words. */
function withoutDetail(source: SourceStatus): SourceStatus {
  if (!source.lastError) return source
  const address = /^wss?:\/\/(.+):(\d+)\//.exec(source.url ?? '')
  const context = address?.[1] ? { host: address[1], port: Number(address[2]) } : {}
  // A code that we do not know comes from a newer relay.
  const known = Object.hasOwn(ERRORS, source.lastError.code)
  const code = known ? (source.lastError.code as ErrorCode) : 'PROTOCOL_MISMATCH'
  const { success: _, ...lastError } = errorBody(code, context)
  return { ...source, lastError }
}
