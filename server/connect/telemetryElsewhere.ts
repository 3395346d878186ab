// What in somebody's settings or shell has Claude Code's telemetry go elsewhere than here, or with other headers. Where half of it
// did, our token would go to somebody else's collector, or their headers come here.

import { type Scope, variablesOf } from './claudeScopes.ts'
import { isHarmless, type Target, telemetry } from './wantedSettings.ts'

export interface Elsewhere {
  /** The variable's name, or that of the setting. */
  name: string
  value: unknown
  scope: Scope
  /** Nothing in the project's own settings comes before it: whoever set it has to take it out. */
  isFixed: boolean
}

/** One signal's own comes before those of all. */
const ONE_SIGNAL = /^OTEL_EXPORTER_OTLP_(?:TRACES|LOGS|METRICS)_(?:ENDPOINT|HEADERS|PROTOCOL)$/
const HEADERS_HELPER = 'otelHeadersHelper' satisfies keyof Scope['settings']

export function telemetryElsewhere(scopes: readonly Scope[], target: Target): Elsewhere[] {
  const wanted = telemetry(target)
  const found: Elsewhere[] = []
  for (const [name, { value, scope }] of variablesOf(scopes)) {
    // Empty is as if it were not there.
    if (ONE_SIGNAL.test(name) ? value !== '' : name in wanted && !isHarmless(name, value, target)) {
      found.push({ name, value, scope, isFixed: ONE_SIGNAL.test(name) || scope.kind === 'managed' })
    }
  }
  const helping = scopes.find(({ settings }) => settings[HEADERS_HELPER] !== undefined)
  const value = helping?.settings[HEADERS_HELPER]
  if (helping && value) found.push({ name: HEADERS_HELPER, value, scope: helping, isFixed: true })
  return found
}

/** For people. */
export const inWords = ({ name, scope }: Pick<Elsewhere, 'name' | 'scope'>): string =>
  scope.kind === 'shell' ? `${name}, exported in the shell` : `${name} in ${scope.where}`

/** What to do about it. */
export function howToTakeOut(found: readonly Elsewhere[]): string {
  const each = found.map(({ name, scope }) =>
    scope.kind === 'shell'
      ? `unset ${name} in the shell`
      : scope.kind === 'managed'
        ? `ask who manages ${scope.where} to take ${name} out`
        : `take ${name} out of ${scope.where}`,
  )
  return each.join(', ')
}
