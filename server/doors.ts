// How browsers get to us, for a page whose user wants to go on in a headset: from the options, the certificate's names, and
// what this machine is called in its network just now.

import { isLoopback } from '../platform/listen.ts'
import type { Doors } from '../protocol/viewerWire.ts'
import type { Config } from './config.ts'
import { inUrl, lanAddresses, type Machine, recentMachine } from './tls/machineNames.ts'
import type { ServerTls } from './tls/serverTls.ts'

export interface DoorsInput {
  config: Pick<Config, 'host' | 'publicUrls'>
  tls: Pick<ServerTls, 'isSelfSigned' | 'lanName'> | null
  port: number
  /** Of the loopback door beside TLS. */
  plainPort: number | null
}

export function doorsOf({ config, tls, port, plainPort }: DoorsInput, machine: Machine = recentMachine()): Doors {
  const { host, publicUrls } = config
  const isForUsAlone = isLoopback(host)
  const published = publicUrls.find((url) => url.startsWith('https:') && !isLoopback(new URL(url).hostname))
  const ownUrl = tls?.lanName && !isForUsAlone ? `https://${tls.lanName}:${port}` : null
  // What listens for others without TLS runs in a container as a rule, whose address is of no use to anybody.
  const [address] = tls || !isForUsAlone ? [] : lanAddresses('0.0.0.0', machine)
  return {
    tls: tls === null ? 'none' : tls.isSelfSigned ? 'self-signed' : 'files',
    secureUrl: published?.replace(/\/$/, '') ?? ownUrl,
    plainPort: tls ? plainPort : isForUsAlone || /^[0:.]+$/.test(host) ? port : null,
    lanName: tls ? tls.lanName : address === undefined ? null : inUrl(address),
  }
}
