// One call to the history → what the file says.

import type { HistoryCall } from './history.ts'
import type { HistoryFile } from './historyFile.ts'

export function answerHistory(file: HistoryFile, call: HistoryCall): unknown {
  switch (call.type) {
    case 'overview':
      return file.overview(call.fromMs, call.toMs, call.maxBuckets)
    case 'stateAt':
      return file.stateAt(call.atMs)
    case 'events':
      return file.events(call.query)
    case 'beginning':
      return file.beginning(call.fromMs)
    default:
      return call satisfies never
  }
}
