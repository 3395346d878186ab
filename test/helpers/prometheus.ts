// Reads Prometheus' text format as strictly as its own checker (`promtool check metrics`) does, and says what is wrong.

export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

export interface Exposition {
  samples: Sample[]
  /** Of each metric, by its name. */
  types: Map<string, string>
  /** In words; none: it is clean. */
  faults: string[]
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]?Inf|[-+0-9.e]+)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y
/** Words of a name that are no base unit, or a shortened one. */
const UNITS = new RegExp(
  `_(${[
    '(pico|nano|micro|milli|centi|deci|deca|hecto|kilo|kibi|mega|mebi|giga|gibi|tera|tebi|peta|pebi)' +
      '(seconds|bytes|meters|metres|grams|joules|volts|amperes|celsius|kelvin|bits)',
    'minutes|hours|days|weeks|bits|kelvins|fahrenheit|rankine|inches|yards|miles|calories|pounds|ounces|percent|micros',
    's|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d',
  ].join('|')})(_|$)`,
)
const TYPE_WORDS = /_(counter|gauge|summary|histogram)(_|$)/
/** What histograms and summaries add to their names and labels. */
const RESERVED_ENDS = /_(bucket|sum|count)$/
const RESERVED_LABELS = ['le', 'quantile']

export function readExposition(text: string): Exposition {
  const faults: string[] = []
  const samples: Sample[] = []
  const types = new Map<string, string>()
  const helps = new Map<string, string>()
  const seen = new Set<string>()
  const closed = new Set<string>()
  let current = ''
  if (!text.endsWith('\n')) faults.push('the last line does not end')
  const enter = (family: string) => {
    if (family === current) return
    if (closed.has(family)) faults.push(`${family} is not in one piece`)
    if (current) closed.add(current)
    current = family
  }
  for (const line of text.split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line)
    if (line === '') continue
    if (comment) {
      const [, kind, name = '', rest = ''] = comment
      enter(name)
      const known = kind === 'HELP' ? helps : types
      if (known.has(name)) faults.push(`${name} has ${kind} twice`)
      known.set(name, rest)
      continue
    }
    const [, name = '', labelText = '', value = ''] = SAMPLE.exec(line) ?? []
    if (!name) {
      faults.push(`not a sample: ${line}`)
      continue
    }
    const labels = readLabels(labelText)
    if (!labels) faults.push(`not labels: ${line}`)
    const suffix = /^(.+)_(bucket|sum|count)$/.exec(name)
    const family = suffix && types.get(suffix[1] ?? '') === 'histogram' ? (suffix[1] ?? '') : name
    enter(family)
    if (!types.has(family)) faults.push(`${family} has no TYPE before its samples`)
    if (!helps.has(family)) faults.push(`${family} has no HELP before its samples`)
    const series = `${name}{${Object.entries(labels ?? {})
      .sort()
      .join(';')}}`
    if (seen.has(series)) faults.push(`${series} is there twice`)
    seen.add(series)
    samples.push({ name, labels: labels ?? {}, value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value) })
  }
  for (const [name, type] of types) faults.push(...conventions(name, type, samples))
  return { samples, types, faults }
}

function readLabels(text: string): Record<string, string> | null {
  const labels: Record<string, string> = {}
  LABEL.lastIndex = 0
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text)
    const [, name, value] = match ?? []
    if (!name || value === undefined || name in labels) return null
    labels[name] = value
  }
  return labels
}

function conventions(name: string, type: string, samples: readonly Sample[]): string[] {
  const faults: string[] = []
  if (!['counter', 'gauge', 'histogram'].includes(type)) faults.push(`${name} has the type ${type}`)
  if ((type === 'counter') !== name.endsWith('_total')) faults.push(`${name} is a ${type}`)
  if (UNITS.test(name)) faults.push(`${name} is in no base unit`)
  if (TYPE_WORDS.test(name)) faults.push(`${name} says its type`)
  if (/[A-Z]/.test(name)) faults.push(`${name} has capitals`)
  if (name.includes(':')) faults.push(`${name} has a colon`)
  const ownNames = type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name]
  const own = samples.filter((sample) => ownNames.includes(sample.name))
  if (type === 'counter' && own.some(({ value }) => !(value >= 0))) faults.push(`${name} is below 0`)
  for (const label of new Set(own.flatMap(({ labels }) => Object.keys(labels)))) {
    if (/[A-Z]/.test(label)) faults.push(`${name} has capitals in ${label}`)
    if (RESERVED_LABELS.includes(label) && type !== 'histogram') faults.push(`${name} has the label ${label}`)
  }
  if (RESERVED_ENDS.test(name)) faults.push(`${name} ends as a part of a histogram`)
  if (type === 'histogram') faults.push(...histogramFaults(name, samples))
  return faults
}

function histogramFaults(name: string, samples: readonly Sample[]): string[] {
  const faults: string[] = []
  const series = new Map<string, Sample[]>()
  for (const sample of samples.filter((each) => each.name === `${name}_bucket`)) {
    const { le: _le, ...labels } = sample.labels
    const key = JSON.stringify(labels)
    series.set(key, [...(series.get(key) ?? []), sample])
  }
  for (const [key, buckets] of series) {
    const bounds = buckets.map(({ labels }) => (labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le)))
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY) faults.push(`${name}${key} has no bucket +Inf`)
    const counts = buckets.map(({ value }) => value)
    const rise = (values: number[], strictly: boolean) =>
      values.every((value, index) => index === 0 || value - (values[index - 1] ?? 0) >= (strictly ? 1e-12 : 0))
    if (!rise(bounds, true) || !rise(counts, false)) faults.push(`${name}${key} does not rise`)
    const total = samples.find((each) => each.name === `${name}_count` && JSON.stringify(each.labels) === key)
    if (total?.value !== counts.at(-1)) faults.push(`${name}${key} counts something else than its last bucket`)
    const sum = samples.find((each) => each.name === `${name}_sum` && JSON.stringify(each.labels) === key)
    if (!sum) faults.push(`${name}${key} has no sum`)
  }
  return faults
}
