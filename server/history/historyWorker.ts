// The worker that reads a log's file for its history.

import { parentPort, workerData } from 'node:worker_threads'
import { postedError } from '../log/logError.ts'
import { answerHistory } from './answerHistory.ts'
import type { HistoryAnswer, HistoryCall, PastStateText } from './history.ts'
import { HistoryFile } from './historyFile.ts'

let file: HistoryFile | null = null

parentPort?.on('message', ({ id, ...call }: { id: number } & HistoryCall) => {
  let answer: HistoryAnswer
  try {
    file ??= new HistoryFile((workerData as { path: string }).path)
    answer = { id, value: answerHistory(file, call) }
  } catch (error) {
    answer = { id, error: postedError(error) }
  }
  parentPort?.postMessage(answer, bytesOf(answer))
})

/** What moves to the other thread instead of being copied. */
function bytesOf(answer: HistoryAnswer): ArrayBuffer[] {
  if (!('value' in answer) || typeof answer.value !== 'object' || answer.value === null) return []
  const { rest } = answer.value as Partial<PastStateText>
  return rest ? [rest.buffer as ArrayBuffer] : []
}
