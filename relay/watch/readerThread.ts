// Starts a reading thread.

import { type ServiceThread, type ServiceThreadEvents, startServiceThread } from '../../platform/serviceThread.ts'
import type { FromReader, ToReader } from './readerMessages.ts'
import { ReaderService } from './readerService.ts'

/** The process must stay for it only as long as an answer is awaited. */
export type ReaderThread = ServiceThread<ToReader>

export type ReaderThreadEvents = ServiceThreadEvents<FromReader>

export type StartReaderThread = (root: string, events: ReaderThreadEvents) => ReaderThread

/**
 * A file that needs more than this ends the thread, not the relay. 10,000 agents take 30 MB; what is read of a file
 * of the largest size is within it.
 */
const MAX_HEAP_MB = 512

export const startReaderThread: StartReaderThread = (root, events) =>
  startServiceThread(
    {
      program: new URL('./readerWorker.js', import.meta.url),
      name: 'reading',
      workerData: { root },
      maxHeapMb: MAX_HEAP_MB,
      serve: (post) => new ReaderService(root, post),
    },
    events,
  )
