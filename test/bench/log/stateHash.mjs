import { createHash } from 'node:crypto'

/** The same for the same entities at the same revisions, in whatever order they are held. */
export function stateHash(/** @type {{ values(): Iterable<{ id: string, rev: number }> }} */ store) {
  const lines = [...store.values()].map((entity) => JSON.stringify(entity)).sort()
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}
