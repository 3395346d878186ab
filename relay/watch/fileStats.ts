// What `stat` says of a file, as far as it tells whether the file changed.

import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'

/** `null`: there is no such file (a folder on the way to it may be missing, or be a file). */
export async function statOf(path: string): Promise<BigIntStats | null> {
  try {
    return await stat(path, { bigint: true })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw error
  }
}

/** Two writes within one tick of the file system's clock leave the same times. */
const FRESH_MS = 50

export const signatureOf = ({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  `${ino}:${size}:${mtimeNs}:${ctimeNs}`
export const changedMsOf = ({ mtimeNs }: BigIntStats): number => Number(mtimeNs / 1_000_000n)
/** So fresh that the next write may look the same: its signature settles nothing yet. */
export const isFresh = (stats: BigIntStats): boolean => Math.abs(Date.now() - changedMsOf(stats)) < FRESH_MS
