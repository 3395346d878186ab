// The line to a log's file: calls go to the worker that holds it and come back as promises. Tests may put a file in their
// own thread in its place.

import { Worker } from 'node:worker_threads'
import type { Notes } from './eventLog.ts'
import { logUnavailable, type PostedError, thrownError } from './logError.ts'
import type { LogFileFigures, LogFileOptions, OpenedLog, WireBatch, WireCheckpoint } from './logFile.ts'

export interface LogThread {
  open(options: LogFileOptions): Promise<OpenedLog>
  /** In one transaction. */
  write(batches: readonly WireBatch[], notes: Notes): Promise<{ firstSeq: number }>
  notes(prefix: string): Promise<Map<string, string>>
  read(from: number, to: number, maxEvents: number): Promise<{ seq: number; text: string }[]>
  checkpoint(): Promise<WireCheckpoint>
  figures(): Promise<LogFileFigures>
  close(): Promise<void>
  /** Without waiting for anything. */
  abandon(): void
  /** Called when the file broke without being asked for anything. */
  onBroken: (error: Error) => void
}

export type LogCall =
  | { type: 'open'; options: LogFileOptions }
  | { type: 'write'; batches: readonly WireBatch[]; notes: Notes }
  | { type: 'notes'; prefix: string }
  | { type: 'read'; from: number; to: number; maxEvents: number }
  | { type: 'checkpoint' }
  | { type: 'figures' }
  | { type: 'close' }

export type LogAnswer =
  | { id: number; value: unknown }
  | { id: number; error: PostedError }
  /** Nobody asked: tidying failed. */
  | { id: null; error: PostedError }

export class WorkerThread implements LogThread {
  onBroken: (error: Error) => void = () => undefined
  readonly #worker: Worker
  readonly #calls = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  #lastId = 0
  #ended: Error | null = null

  constructor(program = new URL('./logWorker.js', import.meta.url)) {
    this.#worker = new Worker(program, { name: 'event log' })
    this.#worker.on('message', (answer: LogAnswer) => this.#answered(answer))
    this.#worker.on('error', (error) => this.#end(logUnavailable(error)))
    this.#worker.on('exit', () => this.#end(logUnavailable(new Error('its thread ended'))))
  }

  open(options: LogFileOptions): Promise<OpenedLog> {
    return this.#call({ type: 'open', options })
  }

  write(batches: readonly WireBatch[], notes: Notes): Promise<{ firstSeq: number }> {
    return this.#call({ type: 'write', batches, notes })
  }

  notes(prefix: string): Promise<Map<string, string>> {
    return this.#call({ type: 'notes', prefix })
  }

  read(from: number, to: number, maxEvents: number): Promise<{ seq: number; text: string }[]> {
    return this.#call({ type: 'read', from, to, maxEvents })
  }

  checkpoint(): Promise<WireCheckpoint> {
    return this.#call({ type: 'checkpoint' })
  }

  figures(): Promise<LogFileFigures> {
    return this.#call({ type: 'figures' })
  }

  async close(): Promise<void> {
    try {
      await this.#call<void>({ type: 'close' })
    } finally {
      this.abandon()
    }
  }

  abandon(): void {
    this.#ended ??= new Error('the event log is closed')
    // What it is doing ends with the thread; an open transaction was never committed.
    this.#worker.terminate().catch(() => undefined)
  }

  #call<T>(call: LogCall): Promise<T> {
    if (this.#ended) return Promise.reject(this.#ended)
    return new Promise<T>((resolve, reject) => {
      const id = ++this.#lastId
      this.#calls.set(id, { resolve, reject })
      this.#worker.postMessage({ id, ...call })
    })
  }

  #answered(answer: LogAnswer): void {
    if (answer.id === null) {
      if (!this.#ended) this.onBroken(thrownError(answer.error))
      return
    }
    const call = this.#calls.get(answer.id)
    this.#calls.delete(answer.id)
    if ('error' in answer) call?.reject(thrownError(answer.error))
    else call?.resolve(answer.value as never)
  }

  #end(error: Error): void {
    const expected = this.#ended !== null
    this.#ended ??= error
    for (const { reject } of this.#calls.values()) reject(this.#ended)
    this.#calls.clear()
    if (!expected) this.onBroken(error)
  }
}
