import type { TokenCounts } from '../../protocol/swarm.ts'
import { formatWhole } from './format.ts'

/** `1,201 in · 44 out · 2,100 cached`: what nobody reported is left out. */
export function tokensText({ input, output, cacheRead, cacheWrite }: TokenCounts): string {
  const cached = cacheRead === null && cacheWrite === null ? null : (cacheRead ?? 0) + (cacheWrite ?? 0)
  const parts = [
    [input, 'in'],
    [output, 'out'],
    [cached, 'cached'],
  ] as const
  return parts.flatMap(([value, word]) => (value === null ? [] : [`${formatWhole(value)} ${word}`])).join(' · ')
}
