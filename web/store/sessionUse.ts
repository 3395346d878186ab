// What a whole session used, and how that compares with what its metrics say. Pure.

import type { Agent, TokenCounts, Usage } from '../../protocol/swarm.ts'

const COUNTS = ['input', 'output', 'cacheRead', 'cacheWrite'] as const
const WORDS: Readonly<Record<(typeof COUNTS)[number], string>> = {
  input: 'in',
  output: 'out',
  cacheRead: 'cache read',
  cacheWrite: 'cache write',
}
/** Sums of parts of cents, in another order. */
const SAME_USD = 1e-6

/** Its agents and what belongs to none of them are the session (SPEC.md, K9). `null`: nobody reported anything. */
export function sessionUse(agents: Iterable<Agent>, sessionId: string): Usage | null {
  let tokens: TokenCounts | null = null
  let costUsd: number | null = null
  const add = (use: Usage | null) => {
    if (use?.tokens) tokens = added(tokens, use.tokens)
    if (use && use.costUsd !== null) costUsd = (costUsd ?? 0) + use.costUsd
  }
  for (const agent of agents) {
    if (agent.sessionId !== sessionId) continue
    add(agent)
    add(agent.unattributed)
  }
  return tokens === null && costUsd === null ? null : { tokens, costUsd }
}

const added = (sum: TokenCounts | null, more: TokenCounts): TokenCounts =>
  Object.fromEntries(
    COUNTS.map((key) => [key, more[key] === null ? (sum?.[key] ?? null) : (sum?.[key] ?? 0) + (more[key] ?? 0)]),
  ) as unknown as TokenCounts

/** By how much the metrics say more (or less) than the ledger, where both say anything; empty: they agree. */
export function differences(use: Usage, metrics: Usage): string[] {
  const parts: string[] = []
  for (const key of COUNTS) {
    const mine = use.tokens?.[key] ?? null
    const theirs = metrics.tokens?.[key] ?? null
    if (mine === null || theirs === null || mine === theirs) continue
    parts.push(`${signed(theirs - mine)} ${WORDS[key]}`)
  }
  if (use.costUsd !== null && metrics.costUsd !== null && Math.abs(metrics.costUsd - use.costUsd) > SAME_USD) {
    const usd = metrics.costUsd - use.costUsd
    parts.push(`${usd < 0 ? '−' : '+'}$${Math.abs(usd).toFixed(4)}`)
  }
  return parts
}

const signed = (count: number): string => `${count < 0 ? '−' : '+'}${Math.abs(count).toLocaleString('en-US')}`
