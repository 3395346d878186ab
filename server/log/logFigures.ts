// The log's part of /metrics: what it took in, what its file holds, and whether it is kept at all.

import type { Exposition } from '../../platform/exposition.ts'
import type { KeptLog } from './keptLog.ts'
import type { LogFileFigures } from './logFile.ts'

const PREFIX = 'swarmscope_log_'

/** Returns what is to be awaited before a scrape is answered: the file's figures come from its thread. */
export function logFigures(exposition: Exposition, log: KeptLog): () => Promise<void> {
  let file: LogFileFigures | null = null
  const ofFile = (figure: (file: LogFileFigures) => number | null) => () => {
    const value = file && figure(file)
    return value === null ? [] : value
  }
  exposition.gauge({
    name: `${PREFIX}durable`,
    help: '1 if what comes in is kept on file, 0 if in memory only',
    read: () => Number(log.isDurable),
  })
  exposition.counter({
    name: `${PREFIX}batches_total`,
    help: 'Batches of events that were committed',
    read: () => log.counts.batches,
  })
  exposition.counter({
    name: `${PREFIX}events_total`,
    help: 'Events that were committed',
    read: () => log.counts.events,
  })
  exposition.gauge({
    name: `${PREFIX}waiting_batches`,
    help: 'Batches that are not committed yet',
    read: () => log.waitingBatches,
  })
  exposition.gauge({
    name: `${PREFIX}file_bytes`,
    help: 'Size of the file on disk, with its WAL',
    read: ofFile(({ fileBytes }) => fileBytes),
  })
  exposition.gauge({
    name: `${PREFIX}oldest_timestamp_seconds`,
    help: 'When the oldest event that is kept came in',
    read: ofFile(({ oldestMs }) => oldestMs && oldestMs / 1_000),
  })
  exposition.gauge({
    name: `${PREFIX}keyframes`,
    help: 'Whole states of the past in the file',
    read: ofFile(({ keyframes }) => keyframes),
  })
  if (log.commitDuration) {
    exposition.histogram(
      `${PREFIX}commit_duration_seconds`,
      'How long commits to the file took, each of one batch or several',
      log.commitDuration,
    )
  }
  return async () => {
    file = await log.figures()
  }
}
