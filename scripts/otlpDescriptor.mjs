// Makes server/ingest/otlp/descriptor.ts anew from the official definitions in test/fixtures/: node scripts/otlpDescriptor.mjs
// Run by hand when they are updated; a test holds the one against the other.

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'

const DEFINITIONS = fileURLToPath(new URL('../test/fixtures/opentelemetry-proto-1.11.0/', import.meta.url))
const TARGET = fileURLToPath(new URL('../server/ingest/otlp/descriptor.ts', import.meta.url))
const SERVICES = ['trace', 'logs', 'metrics'].map(
  (signal) => `opentelemetry/proto/collector/${signal}/v1/${signal}_service.proto`,
)
/** What an error's body is, on every OTLP door. */
const STATUS = 'syntax = "proto3"; package google.rpc; message Status { int32 code = 1; string message = 2; }'

/** The whole file. */
export function otlpDescriptor() {
  const root = new protobuf.Root()
  root.resolvePath = (_origin, target) => DEFINITIONS + target.replace(DEFINITIONS, '')
  root.loadSync(SERVICES)
  protobuf.parse(STATUS, root)
  const text = JSON.stringify(root.toJSON(), (key, value) =>
    // Options of other languages, names that only text formats need, and services: we are no gRPC server.
    ['options', 'protoName', 'reserved', 'edition'].includes(key) || value?.methods ? undefined : value,
  )
  return [
    '// The messages of opentelemetry-proto 1.11.0 (Apache-2.0) and google.rpc.Status, as protobufjs reads them. Made by',
    '// scripts/otlpDescriptor.mjs: do not edit.',
    '',
    '// biome-ignore format: one line',
    `export const OTLP_DESCRIPTOR = ${JSON.stringify(text).replace(/^"|"$/g, "'").replaceAll('\\"', '"')}`,
    '',
  ].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TARGET, otlpDescriptor())
