// Which toasts are there: one for each burst, however many agents it took; few at a time. Pure: the time is given.

import { shownName } from './shownName.ts'
import type { Turn, TurnKind } from './turns.ts'

export interface Toast {
  id: number
  kind: TurnKind
  /** Who it is about, the first to turn first. */
  agents: readonly ToastAgent[]
  /** More than `agents` has, when there are very many. */
  count: number
  /** When the last of them joined. */
  atMs: number
}

export interface ToastAgent {
  id: string
  name: string
  /** What was said of it; `null`: nothing. */
  reason: string | null
  isMock: boolean
}

/** What comes within this belongs to what is already told. */
export const JOIN_MS = 10_000
/** A failure and a conflict stay in the list; their toasts may go. Who waits for somebody stays until nobody does. */
export const FAILED_SHOWN_MS = 15_000
/** More than are seen at once (`frontOf`): who comes later finds the others behind them. */
export const MAX_TOASTS = 12
const MAX_AGENTS = 200

export class ToastQueue {
  #toasts: readonly Toast[] = []
  #lastId = 0

  /** The newest last. */
  get toasts(): readonly Toast[] {
    return this.#toasts
  }

  /** Gives those that are new or have grown. */
  add(turns: readonly Turn[], nowMs: number, nameOf: (agentId: string) => string = (id) => id): Toast[] {
    const touched: Toast[] = []
    for (const kind of ['conflict', 'failed', 'waiting'] as const) {
      const agents = turns.filter((turn) => turn.kind === kind).map((turn) => toastAgent(turn, nameOf))
      if (agents.length > 0) touched.push(this.#join(kind, agents, nowMs))
    }
    return touched
  }

  #join(kind: TurnKind, agents: readonly ToastAgent[], nowMs: number): Toast {
    const open = this.#toasts.find((toast) => toast.kind === kind && nowMs - toast.atMs < JOIN_MS)
    const known = new Set(open?.agents.map(({ id }) => id))
    const fresh = agents.filter(({ id }) => !known.has(id))
    const toast: Toast = {
      id: open?.id ?? ++this.#lastId,
      kind,
      agents: [...(open?.agents ?? []), ...fresh].slice(0, MAX_AGENTS),
      count: (open?.count ?? 0) + fresh.length,
      atMs: nowMs,
    }
    const others = this.#toasts.filter((other) => other !== open)
    this.#toasts = keepFew([...others, toast])
    return toast
  }

  dismiss(id: number): void {
    this.#toasts = this.#toasts.filter((toast) => toast.id !== id)
  }

  /**
   * Drops what need not be told any more: failures after a while, and who no longer waits. `held`: the reader is at them.
   * Says whether anything changed.
   */
  settle(nowMs: number, isStillWaiting: (agentId: string) => boolean, isHeld = false): boolean {
    const kept = this.#toasts.filter(({ kind, atMs, agents, count }) => {
      if (kind !== 'waiting') return isHeld || nowMs - atMs < FAILED_SHOWN_MS
      return count > agents.length || agents.some(({ id }) => isStillWaiting(id))
    })
    if (kept.length === this.#toasts.length) return false
    this.#toasts = kept
    return true
  }

  clear(): void {
    this.#toasts = []
  }
}

/** Those that are seen while there is room for `few`: who waits for somebody before what failed, the newer before the older. */
export function frontOf(toasts: readonly Toast[], few: number): readonly Toast[] {
  const newestFirst = toasts.toReversed()
  const byUrgency = [true, false].flatMap((isWaiting) =>
    newestFirst.filter(({ kind }) => (kind === 'waiting') === isWaiting),
  )
  const front = new Set(byUrgency.slice(0, few))
  return toasts.filter((toast) => front.has(toast))
}

/** `3 more: 1 needs you, 2 failed`: what stands behind those that are seen. */
export function behindText(behind: readonly Toast[]): string {
  const countOf = (kind: TurnKind) => behind.reduce((sum, toast) => sum + (toast.kind === kind ? toast.count : 0), 0)
  const [waiting, failed, conflicts] = [countOf('waiting'), countOf('failed'), countOf('conflict')]
  const parts = [
    waiting > 0 ? `${waiting} ${waiting === 1 ? 'needs' : 'need'} you` : '',
    failed > 0 ? `${failed} failed` : '',
    conflicts > 0 ? `${conflicts} ${conflicts === 1 ? 'conflict' : 'conflicts'}` : '',
  ].filter((part) => part !== '')
  return `${behind.length} more: ${parts.join(', ')}`
}

/** Of too many the oldest one that may go goes first: who waits for somebody is told as long as can be. */
function keepFew(toasts: readonly Toast[]): readonly Toast[] {
  if (toasts.length <= MAX_TOASTS) return toasts
  const least = toasts.find(({ kind }) => kind !== 'waiting') ?? toasts[0]
  return keepFew(toasts.filter((toast) => toast !== least))
}

function toastAgent(turn: Turn, nameOf: (agentId: string) => string): ToastAgent {
  if (turn.kind === 'conflict') {
    const { source, target, evidence, mock } = turn.link
    return { id: source, name: `${nameOf(source)} and ${nameOf(target)}`, reason: evidence, isMock: mock }
  }
  const { kind, agent } = turn
  return {
    id: agent.id,
    name: shownName(agent),
    reason: kind === 'waiting' ? (agent.attention?.reason ?? null) : (agent.lastFailure?.what ?? agent.activity),
    isMock: agent.mock,
  }
}

/** `analyst failed`, `12 agents need you`, `anna and ben are in conflict`. */
export function toastTitle({ kind, agents, count }: Toast): string {
  const [first] = agents
  const isOne = count === 1 && first !== undefined
  if (kind === 'conflict') return isOne ? `${first.name} are in conflict` : `${count} conflicts`
  const verb = kind === 'failed' ? 'failed' : isOne ? 'needs you' : 'need you'
  return `${isOne ? first.name : `${count} agents`} ${verb}`
}

const MAX_NAMES = 3

/** What it said, or who they are. */
export function toastText({ agents, count }: Toast): string {
  const [first] = agents
  if (count === 1 && first) return first.reason ?? ''
  const names = agents.slice(0, MAX_NAMES).map(({ name }) => name)
  const rest = count - names.length
  return names.join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}
