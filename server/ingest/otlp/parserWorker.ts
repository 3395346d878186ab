// The worker that parses large OTLP bodies.

import { parentPort } from 'node:worker_threads'
import type { ToParser } from './parserMessages.ts'
import { ParserService } from './parserService.ts'

const service = new ParserService((message) => parentPort?.postMessage(message))
parentPort?.on('message', (message: ToParser) => service.receive(message))
