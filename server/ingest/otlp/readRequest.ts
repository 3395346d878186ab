// A whole OTLP request → what each source is to take in, and how many records were what.

import type { Machine } from '../../sources/claudeCode/machine.ts'
import type { TelemetryRecord } from '../../sources/claudeCode/records.ts'
import type { GenAiSpan } from '../../sources/otlp/genAiSpan.ts'
import type { Signal } from '../paths.ts'
import { isClaudeCode, type Read, readLogRecord, readMetric, readSpan } from './claudeCode.ts'
import { readGenAiSpan } from './genAi.ts'
import { listIn, recordIn, type ScopeGroup, scopeGroups } from './read.ts'

export interface ReadRequest {
  claudeCode: TelemetryRecord[]
  /** With those that only keep a tree together. */
  spans: GenAiSpan[]
  /** Spans, log records and data points, by what became of them. */
  taken: number
  ignored: number
  foreign: number
  malformed: number
}

/** `isHere`: a program of this machine sent it. Never throws. */
export function readRequest(signal: Signal, request: unknown, isHere: boolean): ReadRequest {
  const read: ReadRequest = { claudeCode: [], spans: [], taken: 0, ignored: 0, foreign: 0, malformed: 0 }
  for (const group of scopeGroups(signal, request)) {
    if (isClaudeCode(group)) {
      for (const one of claudeCodeRecords(signal, group, isHere)) {
        if (typeof one === 'string') read[one]++
        else {
          read.claudeCode.push(one)
          read.taken++
        }
      }
    } else if (signal === 'traces') readSpans(group, isHere, read)
    // Of other programs only spans say what an agent is.
    else read.foreign += signal === 'logs' ? group.records.length : group.records.reduce<number>(addPoints, 0)
  }
  return read
}

function* claudeCodeRecords(
  signal: Signal,
  { records, host }: ScopeGroup,
  isHere: boolean,
): Iterable<Read<TelemetryRecord>> {
  const machine = machineOf(host, isHere)
  for (const record of records) {
    switch (signal) {
      case 'traces':
        yield readSpan(record, machine)
        break
      case 'logs':
        yield readLogRecord(record, machine)
        break
      case 'metrics':
        yield* readMetric(record, machine)
        break
      default:
        signal satisfies never
    }
  }
}

function readSpans({ records, service, instance, host }: ScopeGroup, isHere: boolean, into: ReadRequest): void {
  const program = { service, instance, ...machineOf(host, isHere) }
  for (const record of records) {
    const span = readGenAiSpan(record, program)
    if (span === null) {
      into.malformed++
      continue
    }
    into.spans.push(span)
    if (span.kind === 'other') into.foreign++
    else into.taken++
  }
}

/** Only one that names none is of the machine that it came from: a collector hands on what others told it. */
const machineOf = (host: string | null, isHere: boolean): Machine => ({ host, isHere: isHere && host === null })

const addPoints = (sum: number, metric: unknown): number =>
  sum +
  ['sum', 'gauge', 'histogram', 'exponentialHistogram', 'summary'].reduce(
    (points, kind) => points + listIn(recordIn(metric, kind), 'dataPoints').length,
    0,
  )
