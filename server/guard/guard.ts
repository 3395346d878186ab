// Who may ask for what: Host and Origin on every request and upgrade, then the token's role.

import type { IncomingMessage } from 'node:http'
import { bearerOf, sameSecret, secretCheck } from '../../platform/secrets.ts'
import { type AccessList, checkAccess } from '../../protocol/access.ts'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { type Role, TICKET_PREFIX } from '../../protocol/viewerWire.ts'
import type { Tickets } from './tickets.ts'

export interface GuardOptions {
  /** For what comes without TLS. */
  access: AccessList
  /** For what comes with it; asked each time, for addresses change while we run. Not given: the same. */
  tlsAccess?: () => AccessList
  operatorToken: string
  viewerToken: string
  ingestToken: string
  tickets: Tickets
}

export class Guard {
  readonly #options: GuardOptions
  /** A request is asked for its role by several: comparing in constant time costs too much to be done anew for each. */
  readonly #roles = new WeakMap<IncomingMessage, Role | null>()

  readonly #isIngestToken: (given: string) => boolean

  constructor(options: GuardOptions) {
    this.#options = options
    this.#isIngestToken = secretCheck(options.ingestToken)
  }

  /** Throws `WRONG_HOST` or `WRONG_ORIGIN`. */
  checkAccess(request: IncomingMessage): void {
    const { host, origin } = request.headers
    const { access, tlsAccess } = this.#options
    const isTls = tlsAccess !== undefined && 'encrypted' in request.socket
    const verdict = checkAccess(isTls ? tlsAccess() : access, host, origin)
    if (verdict !== 'ok') throw new SwarmscopeError(verdict)
  }

  /** The role of the request's bearer token; `null` without one. Throws `UNAUTHORIZED` for a wrong one. */
  roleOf(request: IncomingMessage): Role | null {
    if (request.headers.authorization === undefined) return null
    const role = this.knownRole(request)
    if (role) return role
    throw new SwarmscopeError('UNAUTHORIZED', {
      detail: this.#isIngest(bearerOf(request.headers.authorization))
        ? 'The ingest token is good for hooks and telemetry alone: use the operator or the viewer token'
        : 'This token is not valid here: open the link that "npm start" printed',
    })
  }

  /**
   * For hooks and telemetry. The ingest token stands in settings that agents can read, so no other may be needed there, and
   * none is taken: nobody should ever put one of them into such a place because it happened to work.
   */
  requireIngest(request: IncomingMessage): void {
    const token = bearerOf(request.headers.authorization)
    if (this.#isIngest(token)) return
    throw new SwarmscopeError('UNAUTHORIZED', {
      detail:
        this.knownRole(request) === null
          ? 'Send Authorization: Bearer TOKEN with the ingest token (SWARMSCOPE_INGEST_TOKEN, or ingest.token in the data folder)'
          : 'This is another token: hooks and telemetry come with the ingest token (ingest.token in the data folder)',
    })
  }

  #isIngest(token: string | null): boolean {
    return this.#isIngestToken(token ?? '')
  }

  /** For what answers everybody, and the trusted more: a wrong token is no token. */
  isTrusted(request: IncomingMessage): boolean {
    return this.knownRole(request) !== null
  }

  /** The role of a valid token; `null` for none and for a wrong one. */
  knownRole(request: IncomingMessage): Role | null {
    const known = this.#roles.get(request)
    if (known !== undefined) return known
    const role = this.#roleOfToken(bearerOf(request.headers.authorization))
    this.#roles.set(request, role)
    return role
  }

  #roleOfToken(token: string | null): Role | null {
    const { operatorToken, viewerToken } = this.#options
    // Both are compared always, so that the time tells nothing.
    const isOperator = sameSecret(token ?? '', operatorToken)
    const isViewer = sameSecret(token ?? '', viewerToken)
    return isOperator ? 'operator' : isViewer ? 'viewer' : null
  }

  /** Throws `UNAUTHORIZED` without a token, `FORBIDDEN` if it may only read. */
  require(request: IncomingMessage, needed: Role): Role {
    const role = this.roleOf(request)
    if (role === null) throw new SwarmscopeError('UNAUTHORIZED')
    if (needed === 'operator' && role !== 'operator') throw new SwarmscopeError('FORBIDDEN')
    return role
  }

  /** An upgrade's role: by bearer token, or by a ticket among the offered subprotocols. */
  requireForUpgrade(request: IncomingMessage): Role {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
    const ticket = offered.find((name) => name.startsWith(TICKET_PREFIX))
    if (ticket === undefined) return this.require(request, 'viewer')
    const role = this.#options.tickets.redeem(ticket.slice(TICKET_PREFIX.length))
    if (role === null) {
      throw new SwarmscopeError('UNAUTHORIZED', { detail: 'The ticket is used up or too old: ask for a new one' })
    }
    return role
  }
}
