// An agent's calls: how many ended and how, which was the last, which did not end. Kept up as each of them changes: an agent
// has hundreds, and is put together anew with each that comes.

import type { IsoTime } from '../../../protocol/swarm.ts'
import { beganAt, type CallRow, durationOf, endOf } from './callRow.ts'

/** What a call counted for when it was looked at last; `null`: it had not ended. */
type Counted = { failed: boolean; durationMs: number | null } | null

/** `timed`: of how many it was told how long they took. */
type Counts = Record<'count' | 'errors' | 'durationMs' | 'timed', number>

export class AgentCalls {
  readonly all = new Map<string, CallRow>()
  /** Of those that did not end. */
  readonly unended = new Map<string, CallRow>()
  readonly #counted = new Map<string, Counted>()
  readonly #sum: Counts = { count: 0, errors: 0, durationMs: 0, timed: 0 }
  #last: { id: string; at: IsoTime } | null = null
  /** The last one is said to have ended earlier now, or is remembered no longer. */
  #isLastUnknown = false
  #begun: { id: string; at: IsoTime } | null = null
  #isBegunUnknown = false

  get size(): number {
    return this.all.size
  }

  /** Of those that ended. */
  get sum(): Readonly<Counts> {
    return this.#sum
  }

  /** It is new, or anything of it is another than before. */
  put(id: string, call: CallRow): void {
    this.all.set(id, call)
    this.#uncount(id)
    const began = beganAt(call)
    if (this.#begun?.id === id && began !== this.#begun.at) this.#isBegunUnknown = true
    if (began !== null && began > (this.#begun?.at ?? '')) this.#begun = { id, at: began }
    const at = endOf(call)
    if (at === null) {
      this.unended.set(id, call)
      this.#counted.set(id, null)
      return
    }
    this.unended.delete(id)
    const counted = { failed: call.failed, durationMs: durationOf(call) }
    this.#counted.set(id, counted)
    this.#add(counted, 1)
    if (this.#last?.id === id && at < this.#last.at) this.#isLastUnknown = true
    else if (this.#isLater(id, at)) this.#last = { id, at }
  }

  delete(id: string): void {
    if (!this.all.delete(id)) return
    this.unended.delete(id)
    this.#uncount(id)
    this.#counted.delete(id)
    if (this.#last?.id === id) this.#isLastUnknown = true
    if (this.#begun?.id === id) this.#isBegunUnknown = true
  }

  /** When the last of them began. */
  get lastBegin(): IsoTime | null {
    if (this.#isBegunUnknown) this.#findBegun()
    return this.#begun?.at ?? null
  }

  #findBegun(): void {
    this.#isBegunUnknown = false
    this.#begun = null
    for (const [id, call] of this.all) {
      const at = beganAt(call)
      if (at !== null && at > (this.#begun?.at ?? '')) this.#begun = { id, at }
    }
  }

  /** The one that ended last; of several at the same moment always the same one. */
  last(): [id: string, call: CallRow, at: IsoTime] | null {
    if (this.#isLastUnknown) this.#findLast()
    const call = this.#last && this.all.get(this.#last.id)
    return this.#last && call ? [this.#last.id, call, this.#last.at] : null
  }

  #findLast(): void {
    this.#isLastUnknown = false
    this.#last = null
    for (const [id, call] of this.all) {
      const at = endOf(call)
      if (at !== null && this.#isLater(id, at)) this.#last = { id, at }
    }
  }

  #isLater(id: string, at: IsoTime): boolean {
    const last = this.#last
    return last === null || at > last.at || (at === last.at && id >= last.id)
  }

  #uncount(id: string): void {
    const counted = this.#counted.get(id)
    if (counted) this.#add(counted, -1)
  }

  #add({ failed, durationMs }: NonNullable<Counted>, sign: 1 | -1): void {
    this.#sum.count += sign
    this.#sum.errors += sign * Number(failed)
    this.#sum.durationMs += sign * (durationMs ?? 0)
    this.#sum.timed += sign * Number(durationMs !== null)
  }
}
