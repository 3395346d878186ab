// Sums of tokens and cost. Cost is summed in whole billionths of a dollar, so that a sum does not depend on its order.

import type { TokenCounts, Usage } from '../../../protocol/swarm.ts'

const NANO = 1e9

export interface UsageSum {
  tokens: TokenCounts | null
  nanoUsd: number | null
}

export const NO_USAGE: UsageSum = { tokens: null, nanoUsd: null }

export const nanoOf = (usd: number | null): number | null => (usd === null ? null : Math.round(usd * NANO))

export const addUsage = (a: UsageSum, b: UsageSum): UsageSum => ({
  tokens: a.tokens && b.tokens ? addTokens(a.tokens, b.tokens) : (a.tokens ?? b.tokens),
  nanoUsd: add(a.nanoUsd, b.nanoUsd),
})

/** Without `part`, which is in it: what was reported of the sum stays reported, be it nothing now. */
export const takeUsage = (sum: UsageSum, part: UsageSum): UsageSum => ({
  tokens: sum.tokens && part.tokens ? takeTokens(sum.tokens, part.tokens) : sum.tokens,
  nanoUsd: take(sum.nanoUsd, part.nanoUsd),
})

export const usageOf = ({ tokens, nanoUsd }: UsageSum): Usage => ({
  tokens,
  costUsd: nanoUsd === null ? null : nanoUsd / NANO,
})

export const isNoUsage = ({ tokens, nanoUsd }: UsageSum): boolean => tokens === null && nanoUsd === null

const addTokens = (a: TokenCounts, b: TokenCounts): TokenCounts => ({
  input: add(a.input, b.input),
  output: add(a.output, b.output),
  cacheRead: add(a.cacheRead, b.cacheRead),
  cacheWrite: add(a.cacheWrite, b.cacheWrite),
})

const takeTokens = (sum: TokenCounts, part: TokenCounts): TokenCounts => ({
  input: take(sum.input, part.input),
  output: take(sum.output, part.output),
  cacheRead: take(sum.cacheRead, part.cacheRead),
  cacheWrite: take(sum.cacheWrite, part.cacheWrite),
})

/** Whole numbers, so that what is taken out again leaves no trace. */
const take = (sum: number | null, part: number | null): number | null => (sum === null ? null : sum - (part ?? 0))

const add = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : a + b)
