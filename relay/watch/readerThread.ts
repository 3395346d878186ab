// Starts a reading thread.

import { MessageChannel, Worker } from 'node:worker_threads'
import type { FromReader, ToReader } from './readerMessages.ts'
import { ReaderService } from './readerService.ts'

export interface ReaderThread {
  post(message: ToReader): void
  /** Whether the process must stay for it: only as long as an answer is awaited. */
  hold(isHeld: boolean): void
  end(): Promise<void>
}

export interface ReaderThreadEvents {
  onMessage(message: FromReader): void
  /** It ended, by itself or because it was ended; nothing more comes. */
  onEnd(error: Error): void
}

export type StartReaderThread = (root: string, events: ReaderThreadEvents) => ReaderThread

/**
 * A file that needs more than this ends the thread, not the relay. 10,000 agents take 30 MB; what is read of a file
 * of the largest size is within it.
 */
const MAX_HEAP_MB = 512

/** Node runs what was built; from the sources (a test runner compiles them as it imports) it cannot start a thread. */
export const startReaderThread: StartReaderThread = (root, events) =>
  import.meta.url.endsWith('.js') ? startWorker(root, events) : startInThisThread(root, events)

const startWorker: StartReaderThread = (root, { onMessage, onEnd }) => {
  const worker = new Worker(new URL('./readerWorker.js', import.meta.url), {
    name: 'reader',
    workerData: { root },
    execArgv: [], // some of the relay's own are an error in a thread
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  })
  let reason: Error | null = null
  worker.on('message', onMessage)
  worker.on('error', (error: Error) => {
    reason = error
  })
  worker.on('exit', (code) => onEnd(reason ?? new Error(`the reading thread ended with code ${code}`)))
  return {
    post: (message) => worker.postMessage(message),
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    async end() {
      await worker.terminate()
    },
  }
}

/** The same messages, copied in the same way. */
const startInThisThread: StartReaderThread = (root, { onMessage, onEnd }) => {
  const { port1, port2 } = new MessageChannel()
  const service = new ReaderService(root, (message) => port2.postMessage(message))
  port2.on('message', (message: ToReader) => service.receive(message))
  port1.on('message', onMessage)
  port1.on('close', () => onEnd(new Error('the reading thread was ended')))
  port2.unref()
  return {
    post: (message) => port1.postMessage(message),
    hold: (isHeld) => (isHeld ? port1.ref() : port1.unref()),
    async end() {
      port1.close()
    },
  }
}
