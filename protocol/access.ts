// Who may talk to a socket of ours, by Host and Origin: exact, port included, against an allow-list. Guards against web
// pages that reach for loopback (cross-site WebSocket hijacking) and names that resolve to it (DNS rebinding).

export interface AccessList {
  /** `host:port`, lower case. */
  hosts: ReadonlySet<string>
  /** `scheme://host[:port]` as browsers send it. */
  origins: ReadonlySet<string>
}

export const LOOPBACK_NAMES: readonly string[] = ['127.0.0.1', 'localhost', '[::1]']

export interface AccessOptions {
  port: number
  /** Besides the loopback names. */
  hostNames: readonly string[]
  /** Whole URLs under which this is reached, e.g. through a proxy. */
  publicUrls: readonly string[]
  tls?: boolean
}

/** Throws `TypeError` when a public URL is none. */
export function accessList({ port, hostNames, publicUrls, tls = false }: AccessOptions): AccessList {
  const hosts = new Set<string>()
  const origins = new Set<string>()
  const scheme = tls ? 'https' : 'http'
  for (const name of [...LOOPBACK_NAMES, ...hostNames]) {
    const host = name.toLowerCase()
    hosts.add(`${host}:${port}`)
    // A browser leaves the scheme's own port out.
    const usualPort = port === (tls ? 443 : 80)
    if (usualPort) hosts.add(host)
    origins.add(usualPort ? `${scheme}://${host}` : `${scheme}://${host}:${port}`)
  }
  for (const url of publicUrls) {
    const parsed = parsePublicUrl(url)
    hosts.add(parsed.host)
    // Some clients write the port out where others leave it out.
    if (!parsed.hasPort) hosts.add(`${parsed.host}:${parsed.scheme === 'https' ? 443 : 80}`)
    origins.add(`${parsed.scheme}://${parsed.host}`)
  }
  return { hosts, origins }
}

const PUBLIC_URL = /^(https?):\/\/(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?\/?$/i

function parsePublicUrl(url: string): { scheme: string; host: string; hasPort: boolean } {
  const match = PUBLIC_URL.exec(url)
  const [, scheme, name, port] = match ?? []
  if (!scheme || !name) throw new TypeError(`not a URL of the form https://name[:port]: ${url}`)
  const usual = scheme.toLowerCase() === 'https' ? ':443' : ':80'
  const explicit = port && port !== usual ? port : ''
  return { scheme: scheme.toLowerCase(), host: (name + explicit).toLowerCase(), hasPort: explicit !== '' }
}

export type AccessVerdict = 'ok' | 'WRONG_HOST' | 'WRONG_ORIGIN'

/**
 * `host` and `origin` are the headers as received. No Host is refused; no Origin passes (programs send none) and proves
 * nothing: the token is asked for all the same.
 */
export function checkAccess(list: AccessList, host: string | undefined, origin: string | undefined): AccessVerdict {
  if (host === undefined || !list.hosts.has(host.toLowerCase())) return 'WRONG_HOST'
  if (origin !== undefined && !list.origins.has(origin)) return 'WRONG_ORIGIN'
  return 'ok'
}
