// Reading an OTLP request, in the shape of its JSON encoding (protobuf is brought into the same): whatever has the wrong
// type counts as absent, what is unknown is passed over, and of attributes only those that somebody asks for are looked at.

export type Scalar = string | number | boolean
/** Those that were wanted and are scalars. */
export type Attributes = ReadonlyMap<string, Scalar>

type Json = Record<string, unknown>

/** Longer than any id, name or version of the real ones; what is cut is cut alike each time. */
const MAX_TEXT_LENGTH = 1_024
/** Until the year 2200: a time beyond is a clock in another unit. */
const MAX_TIME_MS = 7_258_118_400_000

const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

export const recordIn = (from: unknown, key: string): Json | null => {
  const value = isRecord(from) && Object.hasOwn(from, key) ? from[key] : null
  return isRecord(value) ? value : null
}

/** Whatever stands in a list; of what is no list nothing. */
export function listIn(from: unknown, key: string): readonly unknown[] {
  const value = isRecord(from) && Object.hasOwn(from, key) ? from[key] : null
  return Array.isArray(value) ? value : []
}

export function textIn(from: unknown, key: string): string | null {
  const value = isRecord(from) && Object.hasOwn(from, key) ? from[key] : null
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_TEXT_LENGTH) : null
}

/** 64-bit integers are strings in JSON, and numbers from those who do not know that. */
export function numberIn(from: unknown, key: string): number | null {
  const value = isRecord(from) && Object.hasOwn(from, key) ? from[key] : null
  return toNumber(value)
}

function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'string' || !/^-?\d{1,20}(?:\.\d{1,20})?(?:e[+-]?\d{1,3})?$/i.test(value)) return null
  const read = Number(value)
  return Number.isFinite(read) ? read : null
}

/** Ns since 1970 → ms; `null` for none. */
export function timeMsIn(from: unknown, key: string): number | null {
  const ns = numberIn(from, key)
  const ms = ns === null ? 0 : ns / 1e6
  return ms > 0 && ms < MAX_TIME_MS ? ms : null
}

/** Ids are hex in JSON, in any case of letters, and bytes in protobuf. All zeros is none. */
export function hexIdIn(from: unknown, key: string, bytes: 8 | 16): string | null {
  const value = isRecord(from) && Object.hasOwn(from, key) ? from[key] : null
  const hex = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
  if (typeof hex !== 'string' || hex.length !== 2 * bytes || !/^[\da-f]+$/i.test(hex) || /^0+$/.test(hex)) return null
  return hex.toLowerCase()
}

export function attributesOf(list: readonly unknown[], wanted: ReadonlySet<string>): Attributes {
  const attributes = new Map<string, Scalar>()
  for (const entry of list) {
    if (!isRecord(entry) || typeof entry.key !== 'string' || !wanted.has(entry.key)) continue
    const value = scalarOf(recordIn(entry, 'value'))
    if (value !== null) attributes.set(entry.key, value)
  }
  return attributes
}

function scalarOf(value: Json | null): Scalar | null {
  if (!value) return null
  const text = value.stringValue
  if (typeof text === 'string') return text.slice(0, MAX_TEXT_LENGTH)
  if (typeof value.boolValue === 'boolean') return value.boolValue
  return toNumber(value.intValue) ?? toNumber(value.doubleValue)
}

export function textOf(attributes: Attributes, key: string): string | null {
  const value = attributes.get(key)
  return typeof value === 'string' && value !== '' ? value : null
}

/** Claude Code writes some numbers as strings. */
export const numberOf = (attributes: Attributes, key: string): number | null => toNumber(attributes.get(key))

/** And truth, too. */
export function flagOf(attributes: Attributes, key: string): boolean | null {
  const value = attributes.get(key)
  if (value === true || value === 'true') return true
  return value === false || value === 'false' ? false : null
}

/** What a request holds: for each scope of each resource its records (spans, log records, metrics). */
export interface ScopeGroup {
  service: string | null
  /** Which run of it. */
  instance: string | null
  host: string | null
  /** The instrumentation's name. */
  scope: string | null
  records: readonly unknown[]
}

const RESOURCE: ReadonlySet<string> = new Set(['service.name', 'service.instance.id', 'host.name'])
const LISTS = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
} as const

export function* scopeGroups(signal: keyof typeof LISTS, request: unknown): Iterable<ScopeGroup> {
  const [resources, scopes, records] = LISTS[signal]
  for (const group of listIn(request, resources)) {
    const resource = attributesOf(listIn(recordIn(group, 'resource'), 'attributes'), RESOURCE)
    const service = textOf(resource, 'service.name')
    const instance = textOf(resource, 'service.instance.id')
    const host = textOf(resource, 'host.name')
    for (const scope of listIn(group, scopes)) {
      const name = textIn(recordIn(scope, 'scope'), 'name')
      yield { service, instance, host, scope: name, records: listIn(scope, records) }
    }
  }
}
