// Where a relay is: by host and port, or by a URL of its own (CLAUDE_FLOW_URL), with TLS or without.

export interface RelayAddress {
  host: string
  port: number
  /** `/ws`, if it is not said. */
  path?: string
  /** By TLS; `ca`: the only certificates (PEM) that are trusted, instead of the public authorities. */
  tls?: { ca?: string }
  /** It is a child process of ours. */
  managed?: boolean
}

const DEFAULT_PATH = '/ws'

/** `HOST:PORT`, where an IPv6 address needs its brackets. */
export function hostAndPort({ host, port }: Pick<RelayAddress, 'host' | 'port'>): string {
  return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
}

export function relayUrl(address: RelayAddress): string {
  return `${address.tls ? 'wss' : 'ws'}://${hostAndPort(address)}${address.path ?? DEFAULT_PATH}`
}

/** Throws an `Error` with what is wrong, without what may be a secret in the text. */
export function parseRelayUrl(text: string): RelayAddress {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new Error('it is not a URL')
  }
  const { protocol, hostname, port, pathname, username, password, search, hash } = url
  if (protocol !== 'ws:' && protocol !== 'wss:') throw new Error('it begins with ws:// or wss://')
  // What stands in a URL gets into logs: the token has a variable of its own.
  if (username || password) throw new Error('it takes no user and password; the token is SWARMSCOPE_RELAY_TOKEN')
  if (search || hash) throw new Error('it takes nothing behind the path')
  const tls = protocol === 'wss:'
  return {
    host: hostname,
    // As everywhere a URL without a port means the scheme's own.
    port: port ? Number(port) : tls ? 443 : 80,
    ...(pathname !== '/' && pathname !== DEFAULT_PATH ? { path: pathname } : {}),
    ...(tls ? { tls: {} } : {}),
  }
}
