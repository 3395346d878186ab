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

const add = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : a + b)
