// What stands in Claude Code's settings so that it reports here: its hooks, and where its telemetry goes. Of our secrets
// only the ingest token, which is good for nothing else.

import { z } from 'zod'
import { HOOKS_PATH } from '../ingest/paths.ts'

/** `WorktreeCreate` is never hooked: a hook there replaces what git does. */
export const HOOKED_EVENTS = [
  'SessionStart',
  'UserPromptSubmit',
  'PreToolUse',
  'PermissionRequest',
  'PermissionDenied',
  'PostToolUse',
  'PostToolUseFailure',
  'Notification',
  'SubagentStart',
  'SubagentStop',
  'Stop',
  'StopFailure',
  'SessionEnd',
  'Elicitation',
  'ElicitationResult',
  'TeammateIdle',
  'TaskCreated',
  'TaskCompleted',
  'PreCompact',
  'PostCompact',
  'CwdChanged',
] as const
/** Claude Code waits for these: what follows the first must not come before it, and at the end nobody is left to send the last. */
const WAITED_FOR: ReadonlySet<string> = new Set(['SessionStart', 'SessionEnd'])

export const TOKEN_VARIABLE = 'SWARMSCOPE_INGEST_TOKEN'
export const ENDPOINT_VARIABLE = 'OTEL_EXPORTER_OTLP_ENDPOINT'
export const HEADERS_VARIABLE = 'OTEL_EXPORTER_OTLP_HEADERS'

/** A server that hangs may cost a session this at its beginning and at its end. */
const HOOK_TIMEOUT_SECONDS = 1
/** How long telemetry is gathered before it is sent; Claude Code's own 5 and 60 s are too slow to watch. */
const EXPORT_INTERVAL_MS = 1_000
const METRICS_INTERVAL_MS = 10_000

export interface Target {
  /** Where the server is, e.g. `http://localhost:8080`. */
  url: string
  ingestToken: string
  /** This machine's name: a server may hear of several. */
  hostName: string
}

export type HookGroup = { hooks: Record<string, unknown>[] }

export interface WantedSettings {
  hooks: Record<string, HookGroup>
  env: Record<string, string>
}

export function wantedSettings(target: Target, withTelemetry = true): WantedSettings {
  return {
    hooks: Object.fromEntries(HOOKED_EVENTS.map((event) => [event, { hooks: [hookOf(event, target)] }])),
    env: { [TOKEN_VARIABLE]: target.ingestToken, ...(withTelemetry ? telemetry(target) : {}) },
  }
}

/**
 * As a whole or not at all: half of it would send our token to somebody else's collector. Addresses and headers of each signal in place
 * of these would not bind it to us: Claude Code (2.1.197) has the general headers come before a signal's own, so those of a shell would
 * come here in place of ours; and the addresses would take the telemetry of the user's own programs, which inherit them, from theirs.
 */
export const telemetry = ({ url, ingestToken, hostName }: Target): Record<string, string> => ({
  CLAUDE_CODE_ENABLE_TELEMETRY: '1',
  CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1',
  OTEL_LOGS_EXPORTER: 'otlp',
  OTEL_METRICS_EXPORTER: 'otlp',
  OTEL_TRACES_EXPORTER: 'otlp',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  [ENDPOINT_VARIABLE]: url,
  [HEADERS_VARIABLE]: otlpHeaders(ingestToken),
  OTEL_RESOURCE_ATTRIBUTES: `host.name=${encodeURIComponent(hostName)}`,
  OTEL_LOGS_EXPORT_INTERVAL: String(EXPORT_INTERVAL_MS),
  OTEL_TRACES_EXPORT_INTERVAL: String(EXPORT_INTERVAL_MS),
  OTEL_METRIC_EXPORT_INTERVAL: String(METRICS_INTERVAL_MS),
})

/** Percent-encoded, as OpenTelemetry wants it, Claude Code (2.1.197) would send it as it stands; all others take a space, too. */
export const otlpHeaders = (ingestToken: string): string => `Authorization=Bearer ${ingestToken}`

/**
 * Which of these variables came from here, whatever the port and the token then were. The first of them nobody else would set;
 * those of telemetry are ours while its header brings the token that stands beside it.
 */
export function oursIn(env: Readonly<Record<string, unknown>>): Set<string> {
  const token = env[TOKEN_VARIABLE]
  if (typeof token !== 'string') return new Set()
  if (env[HEADERS_VARIABLE] !== otlpHeaders(token)) return new Set([TOKEN_VARIABLE])
  const asWritten = telemetry({ url: '', ingestToken: token, hostName: '' })
  const isOurs = (name: string) => {
    const value = String(env[name])
    if (name === ENDPOINT_VARIABLE) return LOOPBACK_URL.test(value)
    return name === 'OTEL_RESOURCE_ATTRIBUTES' ? /^host\.name=[^,]*$/.test(value) : value === asWritten[name]
  }
  return new Set([TOKEN_VARIABLE, ...Object.keys(asWritten).filter(isOurs)])
}
const LOOPBACK_URL = /^http:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]):\d+$/

/** Whether telemetry comes here as well with this value in place of ours. */
export function isHarmless(variable: string, value: unknown, target: Target): boolean {
  if (isOfTaste(variable)) return true
  if (variable === 'OTEL_EXPORTER_OTLP_PROTOCOL') return value === 'http/json' || value === 'http/protobuf'
  if (SWITCHES.has(variable)) return isOn(value)
  const wanted = telemetry(target)[variable] ?? ''
  if (variable === ENDPOINT_VARIABLE) return String(value).replace(/\/$/, '') === wanted
  // Of exporters and headers there may be more.
  return String(value)
    .split(',')
    .some((each) => each.trim() === wanted)
}
const VARIABLES_OF_TASTE = new Set([
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_LOGS_EXPORT_INTERVAL',
  'OTEL_TRACES_EXPORT_INTERVAL',
  'OTEL_METRIC_EXPORT_INTERVAL',
])
/** Others may set it to what they like, or leave it out. */
export const isOfTaste = (variable: string): boolean => VARIABLES_OF_TASTE.has(variable)
const SWITCHES = new Set(['CLAUDE_CODE_ENABLE_TELEMETRY', 'CLAUDE_CODE_ENHANCED_TELEMETRY_BETA'])
/** As Claude Code (2.1.197) takes it. */
const isOn = (value: unknown): boolean => /^(?:1|true|yes|on)$/i.test(String(value).trim())

/**
 * The address that a hook of ours sends to, whatever the version, the port and the token; `null`: it is somebody else's, and
 * be it that our address stands in it.
 */
export function addressOfOurs(hook: unknown): string | null {
  const known = ourHook.safeParse(hook)
  if (!known.success) return null
  const { data } = known
  if (data.type === 'command') return OUR_COMMAND.exec(data.command)?.[1] ?? null
  const isOurs = data.url.endsWith(HOOKS_PATH) && data.allowedEnvVars.includes(TOKEN_VARIABLE)
  return isOurs ? data.url.slice(0, -HOOKS_PATH.length) : null
}
const ourHook = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('command'), command: z.string() }),
  // As the first versions wrote them.
  z.looseObject({ type: z.literal('http'), url: z.string(), allowedEnvVars: z.array(z.string()) }),
])
const OUR_COMMAND = new RegExp(
  `^curl [^\\n]* --data-binary @- (https?://[^\\s/]+)${HOOKS_PATH} >/dev/null 2>&1 3<<EOF \\|\\| true\\n` +
    `header = "Authorization: Bearer \\$${TOKEN_VARIABLE}"\\n(?:header = [^\\n]*\\n)*EOF$`,
)

/**
 * Silent, and never a failure: without us, without curl, with a server that hangs. Of an `http` hook whose server is not there
 * Claude Code (2.1.197) shows an error to its user at each tool call, and it waits for one that hangs. The token goes by a
 * descriptor: on a command line all users of the machine could read it. `$PPID` is Claude Code. `-q` (it must come first):
 * whatever the user's `.curlrc` has curl do (write files, try again, send more), not with this.
 */
function hookOf(event: string, { url, hostName }: Target): Record<string, unknown> {
  const command = `curl -q -s -m ${HOOK_TIMEOUT_SECONDS} --noproxy '*' -K /dev/fd/3 -H "X-Swarmscope-Pid: $PPID" --data-binary @- ${url}${HOOKS_PATH} >/dev/null 2>&1 3<<EOF || true
header = "Authorization: Bearer $${TOKEN_VARIABLE}"
header = "Content-Type: application/json"
header = "X-Swarmscope-Host: ${hostName}"
EOF`
  return { type: 'command', command, timeout: 2, ...(WAITED_FOR.has(event) ? {} : { async: true }) }
}
