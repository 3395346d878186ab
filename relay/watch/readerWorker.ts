// The reading thread: nothing but the service's edge.

import { parentPort, workerData } from 'node:worker_threads'
import type { ToReader } from './readerMessages.ts'
import { ReaderService } from './readerService.ts'

const { root } = workerData as { root: string }
const service = new ReaderService(root, (message) => parentPort?.postMessage(message))
parentPort?.on('message', (message: ToReader) => service.receive(message))
