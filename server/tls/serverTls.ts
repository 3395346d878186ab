// The server's TLS: which certificate, and under which names a browser may come with it.

import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import { readTlsFiles } from '../../platform/tlsFiles.ts'
import { LOOPBACK_NAMES } from '../../protocol/access.ts'
import type { Config } from '../config.ts'
import { inUrl, lanAddresses, type Machine, machineNames, thisMachine } from './machineNames.ts'
import { openSelfSigned } from './selfSigned.ts'

export interface ServerTls {
  /** For `https.createServer` and `setSecureContext`. */
  context: SecureContextOptions
  /** As a `Host` writes them: the addresses at which we are reached, and the certificate's names. */
  hostNames: readonly string[]
  /** Of these the one to give to others; `null`: only this machine gets here. */
  lanName: string | null
  isSelfSigned: boolean
  /** SHA-256, as browsers show it. */
  fingerprint: string
  /** ISO 8601. */
  validTo: string
  isExpired: boolean
}

type TlsConfig = Pick<Config, 'host' | 'dataDir' | 'allowHosts' | 'publicUrls'> & { tls: NonNullable<Config['tls']> }

/** Throws `TlsFileError`. */
export async function openServerTls(config: TlsConfig, machine: Machine = thisMachine()): Promise<ServerTls> {
  const { host, tls, dataDir } = config
  const addresses = lanAddresses(host, machine)
  const isSelfSigned = tls.type === 'self-signed'
  const found = isSelfSigned
    ? await openSelfSigned({ dataDir, names: [...new Set(ownNames(config, addresses, machine))] })
    : readTlsFiles(tls)
  const named = namesOf(found.certificate)
  const listened = addresses.map(inUrl)
  return {
    context: found.context,
    hostNames: [...new Set([...listened, ...named])],
    lanName: lanName(listened, named),
    isSelfSigned,
    fingerprint: found.certificate.fingerprint256,
    validTo: found.validTo,
    isExpired: found.isExpired,
  }
}

/** What a certificate of our own has to be good for. */
function ownNames({ allowHosts, publicUrls }: TlsConfig, addresses: readonly string[], machine: Machine): string[] {
  const published = publicUrls.map((url) => new URL(url).hostname.replace(/^\[(.*)\]$/, '$1'))
  const allowed = allowHosts.filter((name) => !LOOPBACK_NAMES.includes(name))
  return ['localhost', '127.0.0.1', '::1', ...machineNames(machine), ...addresses, ...allowed, ...published]
}

/**
 * The names in a certificate, but for wildcards: `Host` is compared exactly. Whoever has the key to a name may be asked
 * by it: no page of another's can come from there.
 */
export function namesOf({ subjectAltName = '' }: Pick<X509Certificate, 'subjectAltName'>): string[] {
  return subjectAltName.split(', ').flatMap((entry) => {
    const [, kind, name = ''] = /^(DNS|IP Address):([A-Za-z0-9._:-]+)$/.exec(entry) ?? []
    if (kind === 'IP Address') return isIP(name) ? [inUrl(name)] : []
    return kind === 'DNS' ? [inUrl(name)] : []
  })
}

/** One that the certificate is good for, so that no browser finds fault with it; an address goes before a name that mDNS has to find. */
function lanName(listened: readonly string[], named: readonly string[]): string | null {
  if (listened.length === 0) return null
  const good = listened.find((address) => named.includes(address))
  const name = named.find((each) => !LOOPBACK_NAMES.includes(each) && isIP(each.replace(/^\[|\]$/g, '')) === 0)
  return good ?? name ?? listened[0] ?? null
}
