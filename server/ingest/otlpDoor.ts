// POST /v1/traces, /v1/logs, /v1/metrics: OTLP/HTTP, in JSON and protobuf, plain or gzipped. 200 means that it is in the
// event log; else the sender is told whether to try again, as the specification of OTLP has it.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createGunzip } from 'node:zlib'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { ClaudeCodeBusy } from '../sources/claudeCode/claudeCodeSource.ts'
import type { Asked } from './asked.ts'
import { type Body, type ByteBudget, ByteShare, readBody } from './body.ts'
import type { IngestCounts } from './counts.ts'
import type { RecordSink } from './hookIntake.ts'
import { OtlpReader } from './otlp/otlpReader.ts'
import type { Encoding } from './otlp/readBody.ts'
import type { ReadRequest } from './otlp/readRequest.ts'
import { OTLP_TYPES, type Signal } from './paths.ts'
import { rpcStatusOf } from './rpcStatus.ts'
import { senderOf } from './sender.ts'
import type { SpanSink } from './spanSink.ts'

const MAX_BODY_BYTES = 8 * 1024 * 1024
/** A bomb of a few kilobytes may say that it is gigabytes. */
const MAX_UNZIPPED_BYTES = 16 * 1024 * 1024
/** Handed on at a time: what a source makes of them must not hold up the live stream. */
const MAX_HANDED_ON = 500
/** Requests whose append is awaited; beyond it the sender keeps what it has for a moment. */
const MAX_UNDER_WAY = 64
const RETRY_AFTER_MS = 2_000

export interface OtlpDoorOptions {
  /** `null`: what comes is answered, and thrown away. */
  sinks: { claudeCode: RecordSink; otlp: SpanSink } | null
  /** What is under way may hold, unzipped, until it is answered. */
  budget: ByteBudget
  counts: IngestCounts
  isDraining: () => boolean
  reader?: OtlpReader
}

export class OtlpDoor {
  readonly #options: OtlpDoorOptions
  readonly #reader: OtlpReader
  #underWay = 0

  constructor(options: OtlpDoorOptions) {
    this.#options = options
    this.#reader = options.reader ?? new OtlpReader()
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
      const { isHere } = senderOf(request)
      readBody(request, { maxBytes: MAX_BODY_BYTES, budget }, (body) => {
        const share = new ByteShare(budget)
        this.#take(signal, { encoding, isZipped: zip === 'gzip', body, isHere }, share)
          .then((answer) => answer && send(response, encoding, 200, answer))
          .catch(refuse)
          .finally(() => {
            share.give()
            this.#underWay--
          })
      })
    }
  }

  close(): void {
    this.#reader.close()
  }

  /** Resolves to the answer's body when everything is in the log; `null`: nobody waits for it. */
  async #take(
    signal: Signal,
    { encoding, isZipped, body, isHere }: Sent,
    share: ByteShare,
  ): Promise<Uint8Array | null> {
    if (body === 'cut') return null
    if (body === 'too-large') throw new SwarmscopeError('TOO_LARGE')
    // What it held while it came in was given back just now.
    if (body === 'busy' || !share.take(body.length)) throw tooMany()
    const bytes = isZipped ? await unzip(body, share) : body
    const read = await this.#reader.read({ signal, encoding, bytes, isHere })
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
      for (const records of pieces(claudeCode)) await sinks.claudeCode.accept(records, receivedAt)
      for (const some of pieces(spans)) await sinks.otlp.accept(some, receivedAt)
    } catch (cause) {
      // The sender has it all still.
      if (cause instanceof ClaudeCodeBusy) throw tooMany()
      counts.telemetry('telemetryFailed', taken)
      throw new SwarmscopeError('LOG_UNAVAILABLE', {}, { cause })
    }
  }
}

interface Sent {
  encoding: Encoding
  isZipped: boolean
  body: Body
  isHere: boolean
}

function* pieces<T>(all: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < all.length; at += MAX_HANDED_ON) yield all.slice(at, at + MAX_HANDED_ON)
}

const tooMany = () => new SwarmscopeError('RATE_LIMITED', { retryAfterMs: RETRY_AFTER_MS })

async function unzip(body: Buffer, share: ByteShare): Promise<Buffer> {
  const gunzip = createGunzip()
  gunzip.end(body)
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > MAX_UNZIPPED_BYTES) throw new SwarmscopeError('TOO_LARGE')
      if (!share.take(chunk.length)) throw tooMany()
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof SwarmscopeError) throw error
    throw new SwarmscopeError('BAD_REQUEST', { detail: 'The body is not valid gzip' })
  }
  return Buffer.concat(chunks, bytes)
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
