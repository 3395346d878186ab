// Tickets for what can send no header: a browser's WebSocket. Single use, 30 s.

import { randomBytes } from 'node:crypto'
import type { Role } from '../../protocol/viewerWire.ts'

export const TICKET_LIFETIME_MS = 30_000
/** Twice as many as there may be viewers: all of them may come back at once, and some try again. */
const MAX_TICKETS = 4_000

export class Tickets {
  readonly #tickets = new Map<string, { role: Role; expiresAtMs: number }>()
  readonly #now: () => number

  /** `now` must not jump with the wall clock. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  issue(role: Role): string {
    this.#dropExpired()
    const ticket = randomBytes(24).toString('base64url')
    this.#tickets.set(ticket, { role, expiresAtMs: this.#now() + TICKET_LIFETIME_MS })
    return ticket
  }

  /** The role it stands for, once; `null` for what is unknown, used or expired. */
  redeem(ticket: string): Role | null {
    const known = this.#tickets.get(ticket)
    this.#tickets.delete(ticket)
    return known && known.expiresAtMs > this.#now() ? known.role : null
  }

  /** The oldest stand first in the map. */
  #dropExpired(): void {
    for (const [ticket, { expiresAtMs }] of this.#tickets) {
      if (expiresAtMs > this.#now() && this.#tickets.size < MAX_TICKETS) return
      this.#tickets.delete(ticket)
    }
  }
}
