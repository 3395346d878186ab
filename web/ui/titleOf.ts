const NAME = 'Swarmscope'

/** The tab's title: who is waited for, and what failed. */
export function titleOf({ needsYou, failed }: { needsYou: number; failed: number }): string {
  const parts = [
    needsYou > 0 ? `${needsYou} ${needsYou === 1 ? 'needs' : 'need'} you` : '',
    failed > 0 ? `${failed} failed` : '',
  ].filter((part) => part !== '')
  return parts.length > 0 ? `(${parts.join(', ')}) ${NAME}` : NAME
}
