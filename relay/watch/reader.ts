// The main thread's side of the reading thread: starts it when there is something to read for it, again when it died,
// and ends it when it has nothing to remember.

import type { Logger } from '../../platform/log.ts'
import type { FoundRecord } from '../../protocol/claudeFlow.ts'
import type { FromReader, ReadFailure } from './readerMessages.ts'
import { type ReaderThread, type StartReaderThread, startReaderThread } from './readerThread.ts'
import { type Reading, recordsOf, withRecords } from './reading.ts'

export interface ReaderOptions {
  root: string
  log: Logger
  startThread?: StartReaderThread
  idleMs?: number
}

/** A thread that remembers nothing costs some 10 MB for nothing; a new one is there in 50 ms. */
const IDLE_MS = 10_000

/** A file that ends each thread is tried again each second; that need not be said each time. */
const WARN_EVERY_MS = 60_000

interface Pending {
  file: string
  /** The parts that came so far. */
  records: FoundRecord[]
  resolve: (reading: Reading) => void
  reject: (error: Error) => void
}

export class Reader {
  readonly #options: ReaderOptions
  readonly #pending = new Map<number, Pending>()
  /** Files of which the thread remembers its last reading. */
  readonly #remembered = new Set<string>()
  #thread: ReaderThread | null = null
  #lastRequest = 0
  #warnedMs = Number.NEGATIVE_INFINITY
  #idleTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  /** Rejects when the file cannot be read, and when the thread dies over it. */
  read(file: string, since: string | null): Promise<Reading> {
    if (this.#closed) return Promise.reject(new Error('the watch is closed'))
    clearTimeout(this.#idleTimer)
    return new Promise((resolve, reject) => {
      const request = ++this.#lastRequest
      this.#pending.set(request, { file, records: [], resolve, reject })
      this.#thread ??= this.#start()
      this.#thread.hold(true)
      this.#thread.post({ type: 'read', request, file, since })
    })
  }

  /** The file is gone, or read by somebody else. */
  forget(file: string): void {
    if (!this.#remembered.delete(file)) return
    this.#thread?.post({ type: 'forget', file })
    this.#endSoonIfIdle()
  }

  /** What is pending rejects. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#end(new Error('the watch is closed'))
  }

  #start(): ReaderThread {
    const { root, log, startThread = startReaderThread } = this.#options
    const thread = startThread(root, {
      onMessage: (message) => {
        if (this.#thread === thread) this.#receive(message)
      },
      onEnd: (err) => {
        if (this.#thread !== thread) return
        const nowMs = performance.now()
        const isNews = nowMs - this.#warnedMs >= WARN_EVERY_MS
        if (isNews) this.#warnedMs = nowMs
        log[isNews ? 'warn' : 'debug']({ err }, 'the thread that reads large files ended; the next read starts another')
        void this.#end(err)
      },
    })
    return thread
  }

  async #end(error: Error): Promise<void> {
    clearTimeout(this.#idleTimer)
    const thread = this.#thread
    const pending = [...this.#pending.values()]
    this.#thread = null
    this.#remembered.clear()
    this.#pending.clear()
    for (const { reject } of pending) reject(error)
    await thread?.end()
  }

  #receive(message: FromReader): void {
    const { request } = message
    const pending = this.#pending.get(request)
    if (!pending) return
    const { file, records } = pending
    switch (message.type) {
      case 'part':
        for (const record of message.records) records.push(record)
        this.#thread?.post({ type: 'more', request })
        return
      case 'reading': {
        for (const record of recordsOf(message.reading)) records.push(record)
        this.#remembered.add(file)
        pending.resolve(withRecords(message.reading, records))
        break
      }
      case 'failed':
        pending.reject(errorOf(message.error))
        break
      default:
        message satisfies never
    }
    this.#pending.delete(request)
    if (this.#pending.size === 0) this.#thread?.hold(false)
    this.#endSoonIfIdle()
  }

  #endSoonIfIdle(): void {
    if (!this.#thread || this.#pending.size > 0 || this.#remembered.size > 0) return
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(() => void this.#end(new Error('idle')), this.#options.idleMs ?? IDLE_MS)
    this.#idleTimer.unref()
  }
}

const errorOf = ({ name, message, code }: ReadFailure): Error =>
  Object.assign(new Error(message), { name }, code === null ? {} : { code })
