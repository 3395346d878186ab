// The worker that holds a log's file: answers calls, and keeps the file's bounds in the pauses between them.

import { parentPort } from 'node:worker_threads'
import { postedError } from './logError.ts'
import { LogFile } from './logFile.ts'
import type { LogAnswer, LogCall } from './logThread.ts'

/** What is too old goes also when nothing is written. */
const TIDY_INTERVAL_MS = 10 * 60_000

let file: LogFile | null = null
let tidying = false

function answerTo(call: LogCall): unknown {
  if (call.type === 'open') {
    file = new LogFile(call.options)
    scheduleTidy()
    return file.opened
  }
  if (!file) throw new Error('the file is not open')
  switch (call.type) {
    case 'write':
      file.write(call.batches, call.notes)
      scheduleTidy()
      return { firstSeq: file.firstSeq }
    case 'notes':
      return file.notes(call.prefix)
    case 'read':
      return file.read(call.from, call.to, call.maxEvents)
    case 'checkpoint':
      return file.checkpoint()
    case 'figures':
      return file.figures()
    case 'close': {
      const closing = file
      file = null
      closing.close()
      return null
    }
    default:
      return call satisfies never
  }
}

/** One step, then whatever was asked meanwhile, then the next: nobody waits for more than one. */
function scheduleTidy(): void {
  if (tidying) return
  tidying = true
  setImmediate(() => {
    tidying = false
    if (!file) return
    try {
      if (file.tidy(Date.now())) scheduleTidy()
      file.keyframe().catch(broke)
    } catch (error) {
      broke(error)
    }
  })
}

function broke(error: unknown): void {
  // A step that was overtaken by the end is no failure.
  if (file) parentPort?.postMessage({ id: null, error: postedError(error) } satisfies LogAnswer)
}

parentPort?.on('message', ({ id, ...call }: { id: number } & LogCall) => {
  let answer: LogAnswer
  try {
    answer = { id, value: answerTo(call) }
  } catch (error) {
    answer = { id, error: postedError(error) }
  }
  parentPort?.postMessage(answer)
})
setInterval(scheduleTidy, TIDY_INTERVAL_MS).unref()
