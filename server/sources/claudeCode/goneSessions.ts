// Sessions that left the picture: when, and what they used, so that late telemetry does not bring them back, budget and
// totals forget nothing, and one that is resumed goes on with its sum. The oldest are forgotten; what they used stays in it.

import type { IsoTime, Usage } from '../../../protocol/swarm.ts'
import type { Session, SessionFacts } from './session.ts'
import { addUsage, isNoUsage, NO_USAGE, takeUsage, type UsageSum, usageOf } from './usage.ts'

const MAX_GONE = 4_000
/** Machines whose sums are told apart; of others they are told with our own. */
const MAX_HOSTS = 1_000

export interface GoneSession {
  at: IsoTime
  /** Under which its use was added; `OWN`: our own machine. */
  host: string
  usage: UsageSum
  metrics: UsageSum
}

export const OWN = ''

export class GoneSessions {
  readonly #gone = new Map<string, GoneSession>()
  readonly #sums = new Map<string, UsageSum>()
  readonly #unkept = new Set<string>()
  readonly #unkeptSums = new Set<string>()

  at(id: string): IsoTime | undefined {
    return this.#gone.get(id)?.at
  }

  add(session: Session, host: string, at: IsoTime): void {
    const key = this.#sums.has(host) || this.#sums.size < MAX_HOSTS ? host : OWN
    const gone: GoneSession = { at, host: key, usage: session.totalUsage, metrics: session.totalMetrics }
    const { id } = session.facts
    this.restore(id, gone)
    this.#unkept.add(id)
    if (!isNoUsage(gone.usage)) this.#setSum(key, addUsage(this.#sums.get(key) ?? NO_USAGE, gone.usage))
  }

  /** It is back: what it was at, with its sums, which are in the total no longer. */
  takeBack(id: string): Pick<SessionFacts, 'goneAt' | 'settledUsage' | 'settledMetrics'> | null {
    const gone = this.#gone.get(id)
    if (!gone) return null
    this.#gone.delete(id)
    this.#unkept.add(id)
    const sum = this.#sums.get(gone.host)
    if (sum) this.#setSum(gone.host, takeUsage(sum, gone.usage))
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

  restoreSum(host: string, sum: UsageSum): void {
    this.#sums.set(host, sum)
  }

  /** By machine: what those used that left, and did not come back. */
  *sums(): Generator<[host: string, usage: Usage]> {
    for (const [host, sum] of this.#sums) yield [host, usageOf(sum)]
  }

  /** What is to be remembered of those that changed; `null`: nothing any more. */
  takeUnkept(): [id: string, gone: GoneSession | null][] {
    const unkept = [...this.#unkept].map((id): [string, GoneSession | null] => [id, this.#gone.get(id) ?? null])
    this.#unkept.clear()
    return unkept
  }

  takeUnkeptSums(): [host: string, sum: UsageSum][] {
    const unkept = [...this.#unkeptSums].map((host): [string, UsageSum] => [host, this.#sums.get(host) ?? NO_USAGE])
    this.#unkeptSums.clear()
    return unkept
  }

  touchAll(): void {
    for (const id of this.#gone.keys()) this.#unkept.add(id)
    for (const host of this.#sums.keys()) this.#unkeptSums.add(host)
  }

  #setSum(host: string, sum: UsageSum): void {
    this.#sums.set(host, sum)
    this.#unkeptSums.add(host)
  }
}

/** A former version kept the cost alone; of the tokens there is then what is still told by session. */
export function goneSumOf(note: string, host: string, gone: readonly GoneSession[]): UsageSum {
  if (note.startsWith('{')) return JSON.parse(note) as UsageSum
  const { tokens } = gone.filter((one) => one.host === host).reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE)
  return { tokens, nanoUsd: Number(note) }
}

/** A former version kept only when one left. */
export function goneSessionOf(note: string): GoneSession {
  if (note.startsWith('{')) return JSON.parse(note) as GoneSession
  return { at: note, host: OWN, usage: NO_USAGE, metrics: NO_USAGE }
}
