// Under which address programs of this machine send to a server: of what it listens on, which need not be the usual.

import { localPortOf, type Options } from '../config.ts'

const LOOPBACK = '127.0.0.1'
/** By which name the usual address is reached; those that stand for all of them include it. */
const USUAL: ReadonlySet<string> = new Set([LOOPBACK, '0.0.0.0', '::', 'localhost'])

function ingestUrl(host: string, port: number): string {
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return `http://${USUAL.has(bare) ? 'localhost' : bare.includes(':') ? `[${bare}]` : bare}:${port}`
}

/** Of one that runs; `url` is what it says of itself. */
export function ingestUrlOf(url: string): string {
  const { hostname, port } = new URL(url)
  return ingestUrl(hostname, Number(port) || 80)
}

/** Where one with these options will be. */
export function expectedIngestUrl(options: Options): string {
  // Beside TLS it is on loopback that there is none.
  const hasTls = options.tls !== undefined || options.tlsCert !== undefined
  return ingestUrl(hasTls ? LOOPBACK : (options.host ?? LOOPBACK), localPortOf(options))
}
