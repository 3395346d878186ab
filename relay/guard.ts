// Who is let in: exact Host and Origin, then the token. And how those who are not are answered.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { bearerOf, sameSecret } from '../platform/secrets.ts'
import { type AccessList, accessList, checkAccess } from '../protocol/access.ts'
import type { ErrorCode } from '../protocol/errors.ts'

/** The name of the container in which claude-flow and its relay usually run. */
const CONTAINER_NAME = 'powerdev'

export interface GuardOptions {
  /** Where it listens. */
  host: string
  port: number
  tls?: boolean
  allowHosts: readonly string[]
  publicUrls: readonly string[]
  /** `null`: whoever passes `refusal` is let in. */
  token: string | null
}

export class Guard {
  readonly #list: AccessList
  readonly #token: string | null

  constructor({ host, port, tls = false, allowHosts, publicUrls, token }: GuardOptions) {
    // Where no token is asked for, no name counts that a hostile network could give to its page (DNS rebinding).
    const names = token === null ? [] : [CONTAINER_NAME, ...allowHosts]
    this.#list = accessList({ port, hostNames: [...ownAddress(host), ...names], publicUrls, tls })
    this.#token = token
  }

  /** `null`: this host name and this page may talk to us at all. */
  refusal({ headers }: IncomingMessage): ErrorCode | null {
    const verdict = checkAccess(this.#list, headers.host, headers.origin)
    if (verdict !== 'ok') return verdict
    return this.#token === null && isOfOtherPage(headers) ? 'WRONG_ORIGIN' : null
  }

  /** Or none is asked for. */
  hasToken({ headers }: IncomingMessage): boolean {
    if (this.#token === null) return true
    const token = bearerOf(headers.authorization)
    return token !== null && sameSecret(token, this.#token)
  }
}

/** The address that it announces, as a `Host` names it: no name, so nobody can make it lead elsewhere. Not one that stands for all. */
function ownAddress(host: string): string[] {
  const address = host.replace(/^\[|\]$/g, '')
  const version = isIP(address)
  if (version === 0 || /^[0:.]+$/.test(address)) return []
  return [version === 6 ? new URL(`http://[${address}]`).hostname : address]
}

/** A browser leaves `Origin` out of what a page merely embeds, but not this; other programs do not send it. */
function isOfOtherPage(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}
