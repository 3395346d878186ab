// A log's file in the test's own thread, in place of the worker: from the sources, and each step in the test's hand.

import type { Notes } from '../../server/log/eventLog.ts'
import type { LogFileFigures, LogFileOptions, OpenedLog, WireBatch, WireCheckpoint } from '../../server/log/logFile.ts'
import { LogFile } from '../../server/log/logFile.ts'
import type { LogThread } from '../../server/log/logThread.ts'

export class InThread implements LogThread {
  onBroken: (error: Error) => void = () => undefined
  file: LogFile | null = null
  /** How many batches each transaction had. */
  readonly groups: number[] = []
  /** Waited for before each write. */
  gate: Promise<void> = Promise.resolve()
  /** Thrown by the next write. */
  failure: Error | null = null

  async open(options: LogFileOptions): Promise<OpenedLog> {
    this.file = new LogFile(options)
    return this.file.opened
  }

  async notes(prefix: string): Promise<Map<string, string>> {
    return this.held.notes(prefix)
  }

  async write(batches: readonly WireBatch[], notes: Notes): Promise<{ firstSeq: number }> {
    await this.gate
    if (this.failure) throw this.failure
    this.groups.push(batches.length)
    this.held.write(batches, notes)
    return { firstSeq: this.held.firstSeq }
  }

  async read(from: number, to: number, maxEvents: number): Promise<{ seq: number; text: string }[]> {
    return this.held.read(from, to, maxEvents)
  }

  async checkpoint(): Promise<WireCheckpoint> {
    return this.held.checkpoint()
  }

  async figures(): Promise<LogFileFigures> {
    return this.held.figures()
  }

  async close(): Promise<void> {
    this.held.close()
  }

  abandon(): void {
    this.file?.abandon()
  }

  get held(): LogFile {
    if (!this.file) throw new Error('the file is not open')
    return this.file
  }
}
