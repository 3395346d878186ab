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
/** As deep as protobufjs itself goes. */
const MAX_DEPTH = 100
/** The wire type of what has a length: messages, texts, bytes, and numbers in a row. */
const WITH_LENGTH = 2
/** Of numbers in a row the smallest has one byte, those of fixed size eight. */
const FIXED_BYTES = 8
const FIXED: ReadonlySet<string> = new Set(['fixed64', 'sfixed64', 'double'])

/** In the shape of the JSON encoding, ids being bytes. Throws on what is malformed, or nested more than 100 deep. */
export function decodeRequest(signal: Signal, bytes: Buffer): unknown {
  const type = REQUESTS[signal]
  return type.toObject(type.decode(bytes), { longs: String })
}

/** Whether the request has more than `max` fields, in all its messages. Throws where `decodeRequest` would, too. */
export function hasMoreFields(signal: Signal, bytes: Buffer, max: number): boolean {
  const reader = protobuf.Reader.create(bytes)
  const count = (type: protobuf.Type, end: number, before: number, depth: number): number => {
    if (depth > MAX_DEPTH) throw new Error('nested too deep')
    let fields = before
    while (reader.pos < end && fields <= max) {
      const tag = reader.uint32()
      fields++
      const field = type.fieldsById[tag >>> 3]
      if ((tag & 7) !== WITH_LENGTH || !field) {
        reader.skipType(tag & 7)
        continue
      }
      const length = reader.uint32()
      const fieldEnd = reader.pos + length
      if (fieldEnd > reader.len) throw new RangeError('the bytes end early')
      field.resolve()
      if (field.resolvedType instanceof protobuf.Type) {
        fields = count(field.resolvedType, fieldEnd, fields, depth + 1)
        if (fields > max) return fields
      } else if (isNumber(field)) fields += Math.ceil(length / (FIXED.has(field.type) ? FIXED_BYTES : 1))
      reader.pos = fieldEnd
    }
    return fields
  }
  return count(REQUESTS[signal], reader.len, 0, 0) > max
}

const isNumber = ({ type }: protobuf.Field): boolean => type !== 'string' && type !== 'bytes'

export const encodeResponse = (signal: Signal, response: object): Uint8Array =>
  RESPONSES[signal].encode(RESPONSES[signal].fromObject(response)).finish()

export const encodeStatus = (status: RpcStatus): Uint8Array => STATUS.encode(STATUS.fromObject({ ...status })).finish()
