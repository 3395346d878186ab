// What stands in Claude Code's settings so that it reports here: its hooks, and where its telemetry goes. Of our secrets
// only the ingest token, which is good for nothing else.

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

/** As a whole or not at all: half of it would send our token to somebody else's collector. */
const telemetry = ({ url, ingestToken, hostName }: Target): Record<string, string> => ({
  CLAUDE_CODE_ENABLE_TELEMETRY: '1',
  CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1',
  OTEL_LOGS_EXPORTER: 'otlp',
  OTEL_METRICS_EXPORTER: 'otlp',
  OTEL_TRACES_EXPORTER: 'otlp',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders(ingestToken),
  OTEL_RESOURCE_ATTRIBUTES: `host.name=${encodeURIComponent(hostName)}`,
  OTEL_LOGS_EXPORT_INTERVAL: String(EXPORT_INTERVAL_MS),
  OTEL_TRACES_EXPORT_INTERVAL: String(EXPORT_INTERVAL_MS),
  OTEL_METRIC_EXPORT_INTERVAL: String(METRICS_INTERVAL_MS),
})

/** Percent-encoded, as OpenTelemetry wants it, Claude Code (2.1.197) would send it as it stands; all others take a space, too. */
export const otlpHeaders = (ingestToken: string): string => `Authorization=Bearer ${ingestToken}`

/** Ones that others may have set to what they like: telemetry comes here all the same. */
const HARMLESS = new Set([
  'CLAUDE_CODE_ENABLE_TELEMETRY',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_LOGS_EXPORT_INTERVAL',
  'OTEL_TRACES_EXPORT_INTERVAL',
  'OTEL_METRIC_EXPORT_INTERVAL',
])
/** One signal's own address, headers or protocol come before those of all. */
const ONE_SIGNAL = /^OTEL_EXPORTER_OTLP_(TRACES|LOGS|METRICS)_/

/** Which of somebody's variables send telemetry elsewhere. */
export function telemetryElsewhere(env: Readonly<Record<string, unknown>>, target: Target): string[] {
  const wanted = telemetry(target)
  return Object.keys(env).filter(
    (name) => ONE_SIGNAL.test(name) || (name in wanted && !HARMLESS.has(name) && env[name] !== wanted[name]),
  )
}

export const isOfOneSignal = (variable: string): boolean => ONE_SIGNAL.test(variable)

/** Whether these settings came from here, whatever the version, the port and the token. */
export const isOurs = (group: unknown): boolean => JSON.stringify(group)?.includes(HOOKS_PATH) ?? false

/**
 * Silent, and never a failure: without us, without curl, with a server that hangs. Of an `http` hook whose server is not there
 * Claude Code (2.1.197) shows an error to its user at each tool call, and it waits for one that hangs. The token goes by a
 * descriptor: on a command line all users of the machine could read it. `$PPID` is Claude Code.
 */
function hookOf(event: string, { url, hostName }: Target): Record<string, unknown> {
  const command = `curl -s -m ${HOOK_TIMEOUT_SECONDS} --noproxy '*' -K /dev/fd/3 -H "X-Swarmscope-Pid: $PPID" --data-binary @- ${url}${HOOKS_PATH} >/dev/null 2>&1 3<<EOF || true
header = "Authorization: Bearer $${TOKEN_VARIABLE}"
header = "Content-Type: application/json"
header = "X-Swarmscope-Host: ${hostName}"
EOF`
  return { type: 'command', command, timeout: 2, ...(WAITED_FOR.has(event) ? {} : { async: true }) }
}
