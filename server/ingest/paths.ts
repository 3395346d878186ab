// Where Claude Code's hooks and telemetry come in. Settings that `connect` wrote name the first for years: it stays.

export const HOOKS_PATH = '/api/v1/ingest/claude-code/hooks'
