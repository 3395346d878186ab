// How OTLP tells errors: google.rpc.Status, in the encoding of the request. Its message says what the catalogue says.

import type { SwarmscopeError } from '../../protocol/errors.ts'

/** google.rpc.Code, as HTTP statuses map to it. */
const CODES: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  413: 8,
  415: 3,
  429: 8,
  503: 14,
}
const INTERNAL = 13

export interface RpcStatus {
  code: number
  message: string
}

export const rpcStatusOf = ({ status, message }: SwarmscopeError): RpcStatus => ({
  code: CODES[status] ?? INTERNAL,
  message,
})
