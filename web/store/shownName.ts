// What others wrote, as it may stand beside our own words.

import type { Agent } from '../../protocol/swarm.ts'

/** Turn the order of what stands after them, also out of an element of its own: one of them ends what keeps it apart. */
const ORDER_MARKS = /[\u202a-\u202e\u2066-\u2069]/g
/** Line breaks among them: each would be a box, or nothing. */
const CONTROLS = /\p{Cc}+/gu
const SEEN = /[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u

export const plainText = (text: string): string => text.replace(ORDER_MARKS, '').replace(CONTROLS, ' ')

/** Never nothing: of a name that nobody could see the id stands there, which is unique at least. */
export function shownName({ name, nativeId }: Pick<Agent, 'name' | 'nativeId'>): string {
  const plain = plainText(name).trim()
  if (SEEN.test(plain)) return plain
  const id = plainText(nativeId).trim()
  return SEEN.test(id) ? id : '·'
}
