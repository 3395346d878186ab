// What Prometheus reads, put together at the moment of a scrape from what is counted elsewhere. Loaded at the first
// scrape: the library behind it costs 13 MB and a tenth of a second, and most servers are never scraped.

import { performance } from 'node:perf_hooks'
import { Counter, Gauge, type Metric, Registry } from 'prom-client'
import { Histogram } from './histogram.ts'

/** The number, or one for each value of the label (of several labels: their values with a space between); none: not known. */
export type Reading = number | Iterable<readonly [labelValues: string, value: number]>

export interface MetricOptions {
  name: string
  help: string
  /** Their values must come from a fixed set: nothing that a client, or a swarm, could choose. */
  labels?: readonly string[]
  read: () => Reading
}

export class Exposition {
  readonly #registry = new Registry()

  counter(options: MetricOptions): void {
    const counter = new Counter({
      ...this.#base(options),
      collect: () => {
        counter.reset() // set, which counters do not know, is counting from 0
        for (const [labels, value] of readings(options)) counter.inc(labels, value)
      },
    })
  }

  gauge(options: MetricOptions): void {
    const { labels = [] } = options
    const gauge = new Gauge({
      ...this.#base(options),
      collect: () => {
        gauge.reset()
        if (labels.length === 0) gauge.remove() // or what is not known would be 0
        for (const [words, value] of readings(options)) gauge.set(words, value)
      },
    })
  }

  /**
   * One histogram, or one for each value of a label. The registry asks of a metric nothing but `get`, though its types know
   * the library's classes only.
   */
  histogram(
    name: string,
    help: string,
    given: Histogram | { label: string; byValue: Iterable<readonly [string, Histogram]> },
  ): void {
    const metric = {
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      get: async () => ({
        ...metric,
        values:
          given instanceof Histogram
            ? samplesOf(name, given, {})
            : [...given.byValue].flatMap(([value, one]) => samplesOf(name, one, { [given.label]: value })),
      }),
    }
    this.#registry.registerMetric(metric as unknown as Metric)
  }

  /** Of this very process; as counters, any two scrapes give the load between them, whoever else scrapes. */
  process(): void {
    const startedAtSeconds = Date.now() / 1000 - process.uptime()
    this.counter({
      name: 'process_cpu_seconds_total',
      help: 'Processor time of this process',
      read: () => {
        const { user, system } = process.cpuUsage()
        return (user + system) / 1e6
      },
    })
    this.gauge({
      name: 'process_resident_memory_bytes',
      help: 'Memory of this process',
      read: () => process.memoryUsage.rss(),
    })
    this.gauge({ name: 'process_start_time_seconds', help: 'When it was started', read: () => startedAtSeconds })
    this.gauge({
      name: 'nodejs_heap_size_used_bytes',
      help: "JavaScript's part of the memory",
      read: () => process.memoryUsage().heapUsed,
    })
    this.counter({
      name: 'nodejs_eventloop_active_seconds_total',
      help: 'Time in which the event loop worked',
      read: () => performance.eventLoopUtilization().active / 1000,
    })
    this.counter({
      name: 'nodejs_eventloop_idle_seconds_total',
      help: 'Time in which the event loop waited',
      read: () => performance.eventLoopUtilization().idle / 1000,
    })
    const lag = new Gauge({
      name: 'nodejs_eventloop_lag_seconds',
      help: 'How long the event loop took for one turn when this was asked for',
      registers: [this.#registry],
      collect: async () => {
        const askedMs = performance.now()
        await new Promise((resolve) => setImmediate(resolve))
        lag.set((performance.now() - askedMs) / 1000)
      },
    })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #base({ name, help, labels = [] }: MetricOptions) {
    return { name, help, labelNames: [...labels], registers: [this.#registry] }
  }
}

function samplesOf(name: string, { bounds, buckets, sum, count }: Histogram, labels: Record<string, string>) {
  let soFar = 0
  return [
    ...buckets.map((inBucket, index) => {
      soFar += inBucket
      return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[index] ?? '+Inf' }, value: soFar }
    }),
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}

function* readings({ labels = [], read }: MetricOptions): Iterable<[Record<string, string>, number]> {
  const reading = read()
  if (typeof reading === 'number') {
    yield [{}, reading]
    return
  }
  for (const [words, value] of reading) {
    const values = words.split(' ')
    yield [Object.fromEntries(labels.map((label, index) => [label, values[index] ?? ''])), value]
  }
}
