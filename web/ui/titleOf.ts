const NAME = 'Swarmscope'

/** The tab's title: who is waited for now, what failed, and that what is shown is the past (`past`: which moment) or invented. */
export function titleOf(
  { needsYou, failed }: { needsYou: number; failed: number },
  past: string | null = null,
  isMock = false,
): string {
  const parts = [
    needsYou > 0 ? `${needsYou} ${needsYou === 1 ? 'needs' : 'need'} you` : '',
    failed > 0 ? `${failed} failed` : '',
  ].filter((part) => part !== '')
  const name = `${isMock ? 'MOCK · ' : ''}${past === null ? '' : `Past ${past} · `}${NAME}`
  return parts.length > 0 ? `(${parts.join(', ')}) ${name}` : name
}
