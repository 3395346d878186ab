// POST /v1/traces, /v1/logs, /v1/metrics: OTLP/HTTP, in JSON and protobuf, plain or gzipped. 200 means that it is in the
// event log; else the sender is told whether to try again, as the specification of OTLP has it.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { ClaudeCodeBusy } from '../sources/claudeCode/claudeCodeSource.ts'
import type { Asked } from './asked.ts'
import { type Body, type ByteBudget, readBody } from './body.ts'
import type { IngestCounts } from './counts.ts'
import type { RecordSink } from './hookIntake.ts'
import { type ReadRequest, readRequest } from './otlp/readRequest.ts'
import { OTLP_TYPES, type Signal } from './paths.ts'
import { rpcStatusOf } from './rpcStatus.ts'
import { shortenStrings } from './shortenStrings.ts'
import type { SpanSink } from './spanSink.ts'

const MAX_BODY_BYTES = 8 * 1024 * 1024
/** A bomb of a few kilobytes may say that it is gigabytes. */
const MAX_UNZIPPED_BYTES = 16 * 1024 * 1024
/** Prompts and answers, if somebody turned them on at the sender: nothing is made of them, so they need not be parsed. */
const LONG_BODY_BYTES = 64 * 1024
const LONG_STRING_BYTES = 4 * 1024
/** Requests whose append is awaited; beyond it the sender keeps what it has for a moment. */
const MAX_UNDER_WAY = 64
const RETRY_AFTER_MS = 2_000

type Encoding = keyof typeof OTLP_TYPES

export interface OtlpDoorOptions {
  /** `null`: what comes is answered, and thrown away. */
  sinks: { claudeCode: RecordSink; otlp: SpanSink } | null
  budget: ByteBudget
  counts: IngestCounts
  isDraining: () => boolean
}

const gunzipped = promisify(gunzip)

export class OtlpDoor {
  readonly #options: OtlpDoorOptions
  #underWay = 0

  constructor(options: OtlpDoorOptions) {
    this.#options = options
  }

  answer(signal: Signal, { request, response, refuse }: Asked): void {
    const { budget, isDraining } = this.#options
    const encoding = encodingOf(request)
    const zip = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
    if (isDraining()) refuse(new SwarmscopeError('STOPPING'))
    else if (!encoding || (zip !== 'identity' && zip !== 'gzip')) {
      response.setHeader('Accept-Encoding', 'gzip, identity')
      const suggestion = 'Send application/json or application/x-protobuf, plain or with Content-Encoding: gzip'
      refuse(new SwarmscopeError('UNSUPPORTED_MEDIA_TYPE', { suggestion }))
    } else if (this.#underWay >= MAX_UNDER_WAY) refuse(tooMany())
    else {
      this.#underWay++
      readBody(request, { maxBytes: MAX_BODY_BYTES, budget }, (body) => {
        this.#take(signal, encoding, zip === 'gzip', body)
          .then((answer) => answer && send(response, encoding, 200, answer))
          .catch(refuse)
          .finally(() => {
            this.#underWay--
          })
      })
    }
  }

  /** Resolves to the answer's body when everything is in the log; `null`: nobody waits for it. */
  async #take(signal: Signal, encoding: Encoding, isZipped: boolean, body: Body): Promise<Uint8Array | null> {
    if (body === 'cut') return null
    if (body === 'too-large') throw new SwarmscopeError('TOO_LARGE')
    if (body === 'busy') throw tooMany()
    const read = readRequest(signal, await decode(encoding, signal, isZipped ? await unzip(body) : body))
    await this.#hand(read)
    const answer = answerOf(signal, read)
    return encoding === 'json' ? Buffer.from(JSON.stringify(answer)) : (await protobuf()).encodeResponse(signal, answer)
  }

  async #hand({ claudeCode, spans, taken, ignored, foreign, malformed }: ReadRequest): Promise<void> {
    const { sinks, counts } = this.#options
    counts.telemetry('telemetry', taken)
    counts.telemetry('telemetryIgnored', ignored)
    counts.telemetry('telemetryForeign', foreign)
    counts.telemetry('telemetryMalformed', malformed)
    if (!sinks) {
      counts.telemetry('telemetryUnwanted', taken)
      return
    }
    const receivedAt = new Date().toISOString()
    try {
      if (claudeCode.length > 0) await sinks.claudeCode.accept(claudeCode, receivedAt)
      if (spans.length > 0) await sinks.otlp.accept(spans, receivedAt)
    } catch (cause) {
      counts.telemetry('telemetryFailed', taken)
      if (cause instanceof ClaudeCodeBusy) throw tooMany()
      throw new SwarmscopeError('LOG_UNAVAILABLE', {}, { cause })
    }
  }
}

const tooMany = () => new SwarmscopeError('RATE_LIMITED', { retryAfterMs: RETRY_AFTER_MS })

async function unzip(body: Buffer): Promise<Buffer> {
  try {
    return await gunzipped(body, { maxOutputLength: MAX_UNZIPPED_BYTES })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new SwarmscopeError('TOO_LARGE')
    throw new SwarmscopeError('BAD_REQUEST', { detail: 'The body is not valid gzip' })
  }
}

async function decode(encoding: Encoding, signal: Signal, bytes: Buffer): Promise<unknown> {
  try {
    if (encoding === 'protobuf') return (await protobuf()).decodeRequest(signal, bytes)
    const json = bytes.length > LONG_BODY_BYTES ? shortenStrings(bytes, LONG_STRING_BYTES) : bytes
    const request: unknown = JSON.parse(json.toString('utf8'))
    if (typeof request === 'object' && request !== null && !Array.isArray(request)) return request
  } catch {
    // Told below: its own words would quote what was sent.
  }
  throw new SwarmscopeError('BAD_REQUEST', { detail: `The body is not valid ${OTLP_TYPES[encoding]} of OTLP` })
}

const REJECTED = { traces: 'rejectedSpans', logs: 'rejectedLogRecords', metrics: 'rejectedDataPoints' } as const

/** What is left out on purpose (other programs' telemetry, what nobody is shown) is not rejected: it would only worry them. */
function answerOf(signal: Signal, { malformed }: ReadRequest): object {
  if (malformed === 0) return {}
  // A 64-bit integer: a string in JSON.
  return { partialSuccess: { [REJECTED[signal]]: String(malformed), errorMessage: 'Ids, times or values are missing' } }
}

/** `google.rpc.Status`, in the request's encoding; in JSON if that cannot be told. */
export async function refuseOtlp(
  request: IncomingMessage,
  response: ServerResponse,
  error: SwarmscopeError,
): Promise<void> {
  const status = rpcStatusOf(error)
  const encoding = encodingOf(request) ?? 'json'
  const body = encoding === 'json' ? Buffer.from(JSON.stringify(status)) : (await protobuf()).encodeStatus(status)
  send(response, encoding, error.status, body)
}

function send(response: ServerResponse, encoding: Encoding, status: number, body: Uint8Array): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, { 'Content-Type': OTLP_TYPES[encoding], 'Content-Length': body.length })
  response.end(body)
}

const protobuf = () => import('./otlp/protobuf.ts')

function encodingOf({ headers }: IncomingMessage): Encoding | null {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === OTLP_TYPES.json) return 'json'
  return type === OTLP_TYPES.protobuf || type === 'application/protobuf' ? 'protobuf' : null
}
