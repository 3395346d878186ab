// The machine that a request came from, where nothing in it says so.

import { isLoopback } from '../../platform/listen.ts'

/** Its address, in the letters of a host's name; `null`: this machine, as far as anybody can tell. */
export function peerHost(address: string | undefined): string | null {
  // IPv4 as a socket for both kinds tells it.
  const plain = (address ?? '').replace(/^::ffff:(?=[\d.]+$)/, '').replace(/%.*$/, '')
  return plain === '' || isLoopback(plain) ? null : plain.replaceAll(':', '-')
}
