// Where Claude Code's hooks and telemetry come in. Settings that `connect` wrote name the first for years: it stays.

export const HOOKS_PATH = '/api/v1/ingest/claude-code/hooks'

/** Beneath `OTEL_EXPORTER_OTLP_ENDPOINT`, as the OTLP specification names them. */
export const OTLP_PATHS = { traces: '/v1/traces', logs: '/v1/logs', metrics: '/v1/metrics' } as const
export type Signal = keyof typeof OTLP_PATHS

export const OTLP_TYPES = { json: 'application/json', protobuf: 'application/x-protobuf' } as const
