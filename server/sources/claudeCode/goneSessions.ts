// Sessions that left the picture: when, and what they used, so that late telemetry does not bring them back, the budget
// forgets nothing, and one that is resumed goes on with its sum. The oldest are forgotten; what they cost stays in the total.

import type { IsoTime } from '../../../protocol/swarm.ts'
import type { Session, SessionFacts } from './session.ts'
import { NO_USAGE, type UsageSum, usageOf } from './usage.ts'

const MAX_GONE = 4_000
/** Machines whose cost is told apart; of others it is told with our own. */
const MAX_HOSTS = 1_000

export interface GoneSession {
  at: IsoTime
  /** Under which its cost was added; `OWN`: our own machine. */
  host: string
  usage: UsageSum
  metrics: UsageSum
}

export const OWN = ''

export class GoneSessions {
  readonly #gone = new Map<string, GoneSession>()
  /** In billionths of a dollar, so that what is taken out again leaves no trace. */
  readonly #nanoUsd = new Map<string, number>()
  readonly #unkept = new Set<string>()
  readonly #unkeptCosts = new Set<string>()

  at(id: string): IsoTime | undefined {
    return this.#gone.get(id)?.at
  }

  add(session: Session, host: string, at: IsoTime): void {
    const key = this.#nanoUsd.has(host) || this.#nanoUsd.size < MAX_HOSTS ? host : OWN
    const gone: GoneSession = { at, host: key, usage: session.totalUsage, metrics: session.totalMetrics }
    const { id } = session.facts
    this.restore(id, gone)
    this.#unkept.add(id)
    this.#addCost(gone, 1)
  }

  /** It is back: what it was at, with its sums, which are in the total no longer. */
  takeBack(id: string): Pick<SessionFacts, 'goneAt' | 'settledUsage' | 'settledMetrics'> | null {
    const gone = this.#gone.get(id)
    if (!gone) return null
    this.#gone.delete(id)
    this.#unkept.add(id)
    this.#addCost(gone, -1)
    return { goneAt: gone.at, settledUsage: gone.usage, settledMetrics: gone.metrics }
  }

  restore(id: string, gone: GoneSession): void {
    this.#gone.delete(id)
    this.#gone.set(id, gone)
    if (this.#gone.size <= MAX_GONE) return
    for (const oldest of this.#gone.keys()) {
      this.#gone.delete(oldest)
      this.#unkept.add(oldest)
      return
    }
  }

  restoreCost(host: string, nanoUsd: number): void {
    this.#nanoUsd.set(host, nanoUsd)
  }

  /** By machine: what those cost that left, and did not come back. */
  *costs(): Generator<[host: string, usd: number]> {
    for (const [host, nanoUsd] of this.#nanoUsd) yield [host, usageOf({ tokens: null, nanoUsd }).costUsd ?? 0]
  }

  /** What is to be remembered of those that changed; `null`: nothing any more. */
  takeUnkept(): [id: string, gone: GoneSession | null][] {
    const unkept = [...this.#unkept].map((id): [string, GoneSession | null] => [id, this.#gone.get(id) ?? null])
    this.#unkept.clear()
    return unkept
  }

  takeUnkeptCosts(): [host: string, nanoUsd: number][] {
    const unkept = [...this.#unkeptCosts].map((host): [string, number] => [host, this.#nanoUsd.get(host) ?? 0])
    this.#unkeptCosts.clear()
    return unkept
  }

  touchAll(): void {
    for (const id of this.#gone.keys()) this.#unkept.add(id)
    for (const host of this.#nanoUsd.keys()) this.#unkeptCosts.add(host)
  }

  #addCost({ host, usage: { nanoUsd } }: GoneSession, sign: 1 | -1): void {
    if (nanoUsd === null) return
    this.#nanoUsd.set(host, (this.#nanoUsd.get(host) ?? 0) + sign * nanoUsd)
    this.#unkeptCosts.add(host)
  }
}

/** A former version kept only when one left. */
export function goneSessionOf(note: string): GoneSession {
  if (note.startsWith('{')) return JSON.parse(note) as GoneSession
  return { at: note, host: OWN, usage: NO_USAGE, metrics: NO_USAGE }
}
