// The ingest doors on a free port, with sinks that keep what they get; and requests as the real senders make them.

import { readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import protobuf from 'protobufjs/light.js'
import { isLoopback } from '../../platform/listen.ts'
import type { Logger } from '../../platform/log.ts'
import { accessList } from '../../protocol/access.ts'
import { Guard } from '../../server/guard/guard.ts'
import { Tickets } from '../../server/guard/tickets.ts'
import { Ingest, type IngestOptions } from '../../server/ingest/ingest.ts'
import { OTLP_DESCRIPTOR } from '../../server/ingest/otlp/descriptor.ts'
import { HOOKS_PATH, OTLP_PATHS, type Signal } from '../../server/ingest/paths.ts'
import type { ClaudeCodeRecord } from '../../server/sources/claudeCode/records.ts'
import type { GenAiSpan } from '../../server/sources/otlp/genAiSpan.ts'
import { silentLog } from './silentLog.ts'
import { INGEST, TOKENS } from './testServer.ts'

const RECORDINGS = fileURLToPath(new URL('../fixtures/claude-code-2.1.197/', import.meta.url))

/** Bodies that the real Claude Code sent, one after another. */
export const recorded = (name: 'hooks' | 'otlp-logs' | 'otlp-metrics' | 'otlp-traces'): string[] =>
  readFileSync(`${RECORDINGS}${name}.jsonl`, 'utf8').trim().split('\n')

export class KeepingSink<T> {
  readonly batches: T[][] = []
  /** What `accept` answers with; a test that holds it back sees who waits for it. */
  answer: () => Promise<void> = () => Promise.resolve()
  readonly #waiting = new Set<() => void>()

  get records(): T[] {
    return this.batches.flat()
  }

  accept(records: readonly T[]): Promise<void> {
    this.batches.push([...records])
    for (const look of [...this.#waiting]) look()
    return this.answer()
  }

  /** Resolves when there are so many records. */
  until(count: number): Promise<T[]> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.records.length < count) return
        this.#waiting.delete(look)
        resolve(this.records)
      }
      this.#waiting.add(look)
      look()
    })
  }
}

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  text: string
}

export interface Sending {
  method?: string
  headers?: Record<string, string>
  body?: string | Buffer
  /** Without a length, in pieces of so many bytes. */
  chunkBytes?: number
}

/** `peer`: the address from which requests seem to come; they seem to come to 192.168.1.1, if it is not a loopback one. */
export async function startIngest({ peer, ...given }: Partial<IngestOptions> & { log?: Logger; peer?: string } = {}) {
  const claudeCode = new KeepingSink<ClaudeCodeRecord>()
  const otlp = new KeepingSink<GenAiSpan>()
  const server = createServer({ requireHostHeader: false })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const guard = new Guard({
    access: accessList({ port, hostNames: [], publicUrls: [] }),
    operatorToken: TOKENS.operator,
    viewerToken: TOKENS.viewer,
    ingestToken: TOKENS.ingest,
    tickets: new Tickets(),
  })
  const ingest = new Ingest({
    guard,
    sinks: { claudeCode, otlp },
    showContent: false,
    isDraining: () => false,
    log: silentLog,
    ...given,
  })
  server.on('request', (incoming, response) => {
    const seem = (what: 'remoteAddress' | 'localAddress', value: string) =>
      Object.defineProperty(incoming.socket, what, { value, configurable: true })
    if (peer !== undefined) seem('remoteAddress', peer)
    if (peer !== undefined && !isLoopback(peer)) seem('localAddress', '192.168.1.1')
    if (!ingest.answer(incoming, response)) response.writeHead(404).end()
  })
  const send = (path: string, { method = 'POST', headers = {}, body = '', chunkBytes }: Sending = {}) =>
    new Promise<Reply>((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port, path, method, headers: { ...INGEST, ...headers }, agent: false },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const whole = Buffer.concat(chunks)
            const { statusCode = 0, headers: said } = response
            resolve({ status: statusCode, headers: said, body: whole, text: whole.toString() })
          })
        },
      )
      sent.on('error', reject)
      if (chunkBytes === undefined) {
        sent.end(body)
        return
      }
      const bytes = Buffer.from(body as string)
      for (let at = 0; at < bytes.length; at += chunkBytes) sent.write(bytes.subarray(at, at + chunkBytes))
      sent.end()
    })
  return {
    port,
    ingest,
    claudeCode,
    otlp,
    send,
    hook: (body: string | object, sending: Sending = {}) =>
      send(HOOKS_PATH, {
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...sending,
        headers: { 'Content-Type': 'application/json', ...sending.headers },
      }),
    otlpJson: (signal: Signal, body: string | Buffer | object, sending: Sending = {}) =>
      send(OTLP_PATHS[signal], {
        body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
        ...sending,
        headers: { 'Content-Type': 'application/json', ...sending.headers },
      }),
    otlpProtobuf: (signal: Signal, body: Buffer, sending: Sending = {}) =>
      send(OTLP_PATHS[signal], {
        body,
        ...sending,
        headers: { 'Content-Type': 'application/x-protobuf', ...sending.headers },
      }),
    counts: () =>
      Object.fromEntries([...ingest.counts.hooks, ...ingest.counts.records].filter(([, count]) => count > 0)),
    stop: async () => {
      await ingest.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
export type IngestServer = Awaited<ReturnType<typeof startIngest>>

const root = protobuf.Root.fromJSON(JSON.parse(OTLP_DESCRIPTOR) as protobuf.INamespace)
const SERVICES: Record<Signal, string> = {
  traces: 'trace.v1.ExportTrace',
  logs: 'logs.v1.ExportLogs',
  metrics: 'metrics.v1.ExportMetrics',
}
const messageType = (signal: Signal, end: 'Request' | 'Response') =>
  root.lookupType(`opentelemetry.proto.collector.${SERVICES[signal]}Service${end}`)

/** A request in JSON → the same in protobuf. */
export function asProtobuf(signal: Signal, json: string): Buffer {
  const type = messageType(signal, 'Request')
  const request = JSON.parse(json, (key, value: unknown) =>
    /^(?:traceId|spanId|parentSpanId)$/.test(key) && typeof value === 'string' ? Buffer.from(value, 'hex') : value,
  ) as Record<string, unknown>
  return Buffer.from(type.encode(type.fromObject(request)).finish())
}

export function readProtobuf(signal: Signal | 'status', body: Buffer): Record<string, unknown> {
  const type = signal === 'status' ? root.lookupType('google.rpc.Status') : messageType(signal, 'Response')
  return type.toObject(type.decode(body), { longs: String })
}

export const zipped = (body: string | Buffer): Buffer => gzipSync(body)
