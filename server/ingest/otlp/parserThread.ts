// Starts a parsing thread.

import { MessageChannel, Worker } from 'node:worker_threads'
import type { FromParser, ToParser } from './parserMessages.ts'
import { ParserService } from './parserService.ts'

export interface ParserThread {
  /** What is in `moved` is the thread's from then on. */
  post(message: ToParser, moved?: ArrayBuffer[]): void
  end(): void
}

export interface ParserThreadEvents {
  onMessage(message: FromParser): void
  /** It ended, by itself or because it was ended; nothing more comes. */
  onEnd(error: Error): void
}

export type StartParserThread = (events: ParserThreadEvents) => ParserThread

/** A body that needs more than this ends the thread, not the server. One of the largest that are lawful is within it. */
const MAX_HEAP_MB = 512

/** Node runs what was built; from the sources (a test runner compiles them as it imports) it cannot start a thread. */
export const startParserThread: StartParserThread = (events) =>
  import.meta.url.endsWith('.js') ? startWorker(events) : startInThisThread(events)

const startWorker: StartParserThread = ({ onMessage, onEnd }) => {
  const worker = new Worker(new URL('./parserWorker.js', import.meta.url), {
    name: 'telemetry',
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  })
  let reason: Error | null = null
  worker.on('message', onMessage)
  worker.on('error', (error: Error) => {
    reason = error
  })
  worker.on('exit', (code) => onEnd(reason ?? new Error(`the parsing thread ended with code ${code}`)))
  worker.unref()
  return {
    post: (message, moved) => worker.postMessage(message, moved),
    end: () => {
      worker.terminate().catch(() => undefined) // `exit` tells
    },
  }
}

/** The same messages, copied in the same way. */
const startInThisThread: StartParserThread = ({ onMessage, onEnd }) => {
  const { port1, port2 } = new MessageChannel()
  const service = new ParserService((message) => port2.postMessage(message))
  port2.on('message', (message: ToParser) => service.receive(message))
  port1.on('message', onMessage)
  port1.on('close', () => onEnd(new Error('the parsing thread was ended')))
  port1.unref()
  port2.unref()
  return { post: (message, moved = []) => port1.postMessage(message, moved), end: () => port1.close() }
}
