// ETags of reads. What an answer holds follows from the world's position, the mode and the question, so that "nothing
// changed" is said without building it.

import { createHash } from 'node:crypto'
import type { Request, Response } from 'express'
import { VERSION } from '../../platform/version.ts'

/**
 * Sets the answer's ETag; true: the asker has this very answer, 304 was sent. `what`: everything that the body follows
 * from. The version is in it, because another one may word the same state otherwise.
 */
export function answeredUnchanged(request: Request, response: Response, what: readonly unknown[]): boolean {
  const tag = createHash('sha256')
    .update(JSON.stringify([VERSION, ...what]))
    .digest('base64url')
    .slice(0, 27)
  // Strong: the same tag is the same bytes. To be kept by the asker alone, and asked about each time.
  response.set('ETag', `"${tag}"`).set('Cache-Control', 'private, no-cache').vary('Authorization')
  if (!request.fresh) return false
  response.status(304).end()
  return true
}
