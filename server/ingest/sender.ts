// Where a request came from, as far as its connection shows it.

import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../../platform/listen.ts'

export interface Sender {
  /** A program on this very machine sent it. */
  isHere: boolean
  /** The address of another machine, in the letters of a host's name; `null`: this one, or nobody knows. */
  address: string | null
}

/** Of a socket that was closed nothing is known any more: to be asked before the body is read. */
export function senderOf({ headers, socket }: IncomingMessage): Sender {
  // Somebody between hands it on: the connection shows nothing but him.
  if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined || headers.via !== undefined)
    return { isHere: false, address: null }
  const address = plain(socket.remoteAddress)
  // One of its own addresses a machine calls from that address.
  const isHere = address !== '' && (isLoopback(address) || address === plain(socket.localAddress))
  return { isHere, address: isHere || address === '' ? null : address.replaceAll(':', '-') }
}

/** IPv4 as a socket for both kinds tells it, and without the interface. */
const plain = (address = ''): string =>
  address.includes(':') ? address.replace(/^::ffff:(?=[\d.]+$)/, '').replace(/%.*$/, '') : address
