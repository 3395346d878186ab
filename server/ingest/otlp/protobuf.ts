// OTLP's binary encoding. Loaded with the first such request: the library costs 9 MB, and Claude Code may send JSON.

import protobuf from 'protobufjs/light.js'
import type { Signal } from '../paths.ts'
import type { RpcStatus } from '../rpcStatus.ts'
import { OTLP_DESCRIPTOR } from './descriptor.ts'

const root = protobuf.Root.fromJSON(JSON.parse(OTLP_DESCRIPTOR) as protobuf.INamespace)
const serviceType = (name: string) => root.lookupType(`opentelemetry.proto.collector.${name}`)

const REQUESTS: Record<Signal, protobuf.Type> = {
  traces: serviceType('trace.v1.ExportTraceServiceRequest'),
  logs: serviceType('logs.v1.ExportLogsServiceRequest'),
  metrics: serviceType('metrics.v1.ExportMetricsServiceRequest'),
}
const RESPONSES: Record<Signal, protobuf.Type> = {
  traces: serviceType('trace.v1.ExportTraceServiceResponse'),
  logs: serviceType('logs.v1.ExportLogsServiceResponse'),
  metrics: serviceType('metrics.v1.ExportMetricsServiceResponse'),
}
const STATUS = root.lookupType('google.rpc.Status')

/** In the shape of the JSON encoding, ids being bytes. Throws on what is malformed, or nested more than 100 deep. */
export function decodeRequest(signal: Signal, bytes: Buffer): unknown {
  const type = REQUESTS[signal]
  return type.toObject(type.decode(bytes), { longs: String })
}

export const encodeResponse = (signal: Signal, response: object): Uint8Array =>
  RESPONSES[signal].encode(RESPONSES[signal].fromObject(response)).finish()

export const encodeStatus = (status: RpcStatus): Uint8Array => STATUS.encode(STATUS.fromObject({ ...status })).finish()
