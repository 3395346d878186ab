// Starts a parsing thread.

import { type ServiceThread, type ServiceThreadEvents, startServiceThread } from '../../../platform/serviceThread.ts'
import type { FromParser, ToParser } from './parserMessages.ts'
import { ParserService } from './parserService.ts'

export type ParserThread = Pick<ServiceThread<ToParser>, 'post' | 'end'>

export type ParserThreadEvents = ServiceThreadEvents<FromParser>

export type StartParserThread = (events: ParserThreadEvents) => ParserThread

/** A body that needs more than this ends the thread, not the server. One of the largest that are lawful is within it. */
const MAX_HEAP_MB = 512

export const startParserThread: StartParserThread = (events) => {
  const thread = startServiceThread<ToParser, FromParser>(
    {
      program: new URL('./parserWorker.js', import.meta.url),
      name: 'parsing',
      maxHeapMb: MAX_HEAP_MB,
      serve: (post) => new ParserService(post),
    },
    events,
  )
  // A server that ends waits for no telemetry.
  thread.hold(false)
  return thread
}
