// A request's bytes, plain → what each source is to take in. In one piece: for a large body in a thread of its own.

import type { OTLP_TYPES, Signal } from '../paths.ts'
import { shortenStrings } from '../shortenStrings.ts'
import { hasMoreElements } from './elements.ts'
import { type ReadRequest, readRequest } from './readRequest.ts'

/**
 * Objects, lists and members of JSON, fields of protobuf. A span of an agent has 60 to 90; an SDK sends 512 of them at a time, a
 * collector 8,192.
 */
export const MAX_ELEMENTS = 1_000_000
/** Prompts and answers, if somebody turned them on at the sender: nothing is made of them, so they need not be parsed. */
const LONG_BODY_BYTES = 64 * 1024
const LONG_STRING_BYTES = 4 * 1024

export type Encoding = keyof typeof OTLP_TYPES

export interface OtlpBody {
  signal: Signal
  encoding: Encoding
  bytes: Buffer
  /** A program of this machine sent it. */
  isHere: boolean
}

/** Never throws. */
export async function readBody(body: OtlpBody): Promise<ReadRequest | 'malformed' | 'too-many'> {
  let request: unknown
  try {
    if (await hasTooMany(body)) return 'too-many'
    request =
      body.encoding === 'json' ? parseJson(body.bytes) : (await protobuf()).decodeRequest(body.signal, body.bytes)
  } catch {
    return 'malformed' // its own words would quote what was sent
  }
  const isRequest = typeof request === 'object' && request !== null && !Array.isArray(request)
  return isRequest ? readRequest(body.signal, request, body.isHere) : 'malformed'
}

async function hasTooMany({ signal, encoding, bytes }: OtlpBody): Promise<boolean> {
  if (bytes.length <= MAX_ELEMENTS) return false // each has a byte at least
  return encoding === 'json'
    ? hasMoreElements(bytes, MAX_ELEMENTS)
    : (await protobuf()).hasMoreFields(signal, bytes, MAX_ELEMENTS)
}

function parseJson(bytes: Buffer): unknown {
  const json = bytes.length > LONG_BODY_BYTES ? shortenStrings(bytes, LONG_STRING_BYTES) : bytes
  return JSON.parse(json.toString('utf8'))
}

const protobuf = () => import('./protobuf.ts')
