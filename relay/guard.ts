// Who is let in: exact Host and Origin, then the token. And how those who are not are answered.

import type { IncomingMessage } from 'node:http'
import { bearerOf, sameSecret } from '../platform/secrets.ts'
import { type AccessList, accessList, checkAccess } from '../protocol/access.ts'
import type { ErrorCode } from '../protocol/errors.ts'

/** The name of the container in which claude-flow and its relay usually run. */
const CONTAINER_NAME = 'powerdev'

export interface GuardOptions {
  port: number
  allowHosts: readonly string[]
  publicUrls: readonly string[]
  token: string
}

export class Guard {
  readonly #list: AccessList
  readonly #token: string

  constructor({ port, allowHosts, publicUrls, token }: GuardOptions) {
    this.#list = accessList({ port, hostNames: [CONTAINER_NAME, ...allowHosts], publicUrls })
    this.#token = token
  }

  /** `null`: this host name and this page may talk to us at all. */
  refusal({ headers }: IncomingMessage): ErrorCode | null {
    const verdict = checkAccess(this.#list, headers.host, headers.origin)
    return verdict === 'ok' ? null : verdict
  }

  hasToken({ headers }: IncomingMessage): boolean {
    const token = bearerOf(headers.authorization)
    return token !== null && sameSecret(token, this.#token)
  }
}
