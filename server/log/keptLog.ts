// The log of the world that a server keeps, the real one or a demo's: the file if it can be kept, else memory, with the error
// that says so. Never keeps a server from starting, but for a file that another server owns or a newer one wrote.

import { bootId } from '../../platform/bootId.ts'
import type { Histogram } from '../../platform/histogram.ts'
import type { Logger } from '../../platform/log.ts'
import { SwarmscopeError } from '../../protocol/errors.ts'
import type { Checkpoint } from '../../protocol/fold.ts'
import type { SourceError } from '../../protocol/swarm.ts'
import type { EventLog } from './eventLog.ts'
import { FallbackLog } from './fallbackLog.ts'
import { logUnavailable } from './logError.ts'
import type { LogFileFigures, LogFileOptions } from './logFile.ts'
import { MemoryLog } from './memoryLog.ts'
import { SqliteLog, type SqliteLogOptions } from './sqliteLog.ts'

export interface KeptLogOptions extends Omit<LogFileOptions, 'bootId'>, Pick<SqliteLogOptions, 'thread'> {
  log: Logger
}

export class KeptLog {
  readonly eventLog: EventLog
  /** Where history is read; `null`: this log has no file. */
  readonly path: string | null
  #error: SourceError | null
  readonly #durable: SqliteLog | null
  /** Committed by this server, on file or in memory. */
  readonly counts = { batches: 0, events: 0 }
  readonly #listeners = new Set<() => void>()

  /** Rejects with `LOG_IN_USE` or `LOG_NEWER`. */
  static async open({ log, ...options }: KeptLogOptions): Promise<KeptLog> {
    try {
      const durable = await SqliteLog.open({
        ...options,
        bootId: bootId(),
        onClockBehind: (behindMs) =>
          log.warn(
            { behindMinutes: Math.round(behindMs / 60_000) },
            "the system's clock is behind the event log (was it set back?): until it has caught up, all that comes stands in history at the log's last time",
          ),
      })
      // Opening reads little of a file: whether its state is whole shows only when it is read.
      const checkpoint = await durable.checkpoint()
      return new KeptLog(durable, options.path, log, checkpoint)
    } catch (cause) {
      const error = logUnavailable(cause)
      if (error.code !== 'LOG_UNAVAILABLE') throw error
      log.error({ err: error }, 'the event log cannot be opened: going on in memory')
      return new KeptLog(error, null, log)
    }
  }

  /** For tests, and for worlds that are not to be kept. */
  static inMemory(log: Logger): KeptLog {
    return new KeptLog(null, null, log)
  }

  private constructor(
    durable: SqliteLog | SwarmscopeError | null,
    path: string | null,
    log: Logger,
    checkpoint: Checkpoint | null = null,
  ) {
    this.path = path
    this.#error = durable instanceof SwarmscopeError ? sourceError(durable) : null
    this.#durable = durable instanceof SqliteLog ? durable : null
    this.eventLog =
      durable instanceof SqliteLog
        ? new FallbackLog(
            durable,
            (error) => {
              log.error({ err: error }, 'the event log cannot be kept: going on in memory')
              this.#error = sourceError(logUnavailable(error))
              for (const listener of this.#listeners) listener()
            },
            checkpoint,
          )
        : new MemoryLog()
    this.eventLog.subscribe(this.#durable?.seq ?? 0, ({ events }) => {
      this.counts.batches++
      this.counts.events += events.length
    })
  }

  /** What comes in now is kept on file. */
  get isDurable(): boolean {
    return this.#durable !== null && this.#error === null
  }

  get waitingBatches(): number {
    return this.#durable?.waitingBatches ?? 0
  }

  /** How long commits took; `null`: nothing is kept on file. */
  get commitDuration(): Histogram | null {
    return this.#durable?.commitDuration ?? null
  }

  async figures(): Promise<LogFileFigures | null> {
    return (await this.#durable?.figures()) ?? null
  }

  /** `LOG_UNAVAILABLE` while what happens is not kept on file and should be. */
  get error(): SourceError | null {
    return this.#error
  }

  onError(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

function sourceError(error: SwarmscopeError): SourceError {
  const { success: _, ...body } = error.body
  return body
}
