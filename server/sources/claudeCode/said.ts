// What two records say of the same: the later, or the earlier, whichever came in first.

import type { IsoTime } from '../../../protocol/swarm.ts'

/** Something that was said, and when. */
export interface Said<T> {
  at: IsoTime
  value: T
}

export const later = (a: IsoTime | null, b: IsoTime | null): IsoTime | null =>
  a === null ? b : b === null || a >= b ? a : b

export const earlier = (a: IsoTime | null, b: IsoTime | null): IsoTime | null =>
  a === null ? b : b === null || a <= b ? a : b

/** The later said; of two at the same moment always the same one, whichever came first. */
export const latest = <T>(a: Said<T> | null, b: Said<T>): Said<T> =>
  a === null || b.at > a.at || (b.at === a.at && text(b.value) > text(a.value)) ? b : a

export const earliest = <T>(a: Said<T> | null, b: Said<T>): Said<T> =>
  a === null || b.at < a.at || (b.at === a.at && text(b.value) < text(a.value)) ? b : a

const text = (value: unknown): string => JSON.stringify(value) ?? ''
