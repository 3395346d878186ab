// What can be wrong with the page's own line to the server, in the shape and tone of the error catalogue. The catalogue has
// the errors that cross the wire; these never do.

import type { SourceError } from '../../protocol/swarm.ts'
import { CLOSE } from '../../protocol/viewerWire.ts'

const error = (code: string, sentence: string, suggestion: string): SourceError => ({
  error: sentence,
  code,
  details: { suggestion },
})

export const serverUnreachable = (): SourceError =>
  error(
    'SERVER_UNREACHABLE',
    'The Swarmscope server cannot be reached',
    'Check that "npm start" still runs; the page reconnects by itself',
  )

export const lineLost = (): SourceError =>
  error(
    'SERVER_LOST',
    'The connection to the Swarmscope server was lost',
    'Check that "npm start" still runs; the page reconnects by itself',
  )

export const lineSilent = (): SourceError =>
  error('SERVER_SILENT', 'The Swarmscope server went silent', 'The page reconnects by itself')

export const serverStops = (): SourceError =>
  error(
    'SERVER_STOPPING',
    'The Swarmscope server is stopping',
    'Start it again with "npm start"; the page comes back by itself',
  )

export const framesMissing = (): SourceError =>
  error('FRAMES_MISSING', 'The server and this page lost step', 'The page asks for the missing part by itself')

export const versionMismatch = (): SourceError =>
  error('VERSION_MISMATCH', 'This page and the server are of different versions', 'Reload the page')

export const unauthorized = (): SourceError =>
  error('UNAUTHORIZED', 'The token is no longer valid', 'Open the link that "npm start" printed')

/** Why a socket closed. */
export function closeError(code: number): SourceError {
  switch (code) {
    case CLOSE.UNAUTHORIZED:
      return unauthorized()
    case CLOSE.VERSION_MISMATCH:
      return versionMismatch()
    case CLOSE.TOO_SLOW:
      return error('TOO_SLOW', 'This page could not keep up with the server', 'The page reconnects by itself')
    default:
      return lineLost()
  }
}
