// A request at one of the doors.

import type { IncomingMessage, ServerResponse } from 'node:http'

export interface Asked {
  request: IncomingMessage
  response: ServerResponse
  /** Says no to it, in the words of its door. */
  refuse: (error: unknown) => void
}
