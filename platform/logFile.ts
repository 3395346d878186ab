// A log file with two kinds of rotation: our own by size, and that of others (logrotate), who move the file away and
// tell us to open a new one.

import { basename, dirname } from 'node:path'
import { createStream, type RotatingFileStream } from 'rotating-file-stream'

/** 5 MB a file, 4 old ones: enough for days of a quiet swarm, too little to fill a disk. */
const LOG_FILE_SIZE = '5M'
const LOG_FILES_KEPT = 4
/** What a hung disk (a network mount) may keep us from ending. */
const CLOSE_PATIENCE_MS = 500
/** Lines that such a disk has not taken; more are dropped here, and stand on stderr alone. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024

export class LogFile {
  readonly #path: string
  #stream: RotatingFileStream
  /** Those that were left for a new one and still write what they had. */
  readonly #ending = new Set<Promise<void>>()

  constructor(path: string) {
    this.#path = path
    this.#stream = openStream(path)
  }

  write(line: string): void {
    if (this.#stream.writableLength <= MAX_BACKLOG_BYTES) this.#stream.write(line)
  }

  /** Lines that are on their way still reach the file that was moved away; none is lost, none is written twice. */
  reopen(): void {
    const ended = endOf(this.#stream).then(() => {
      this.#ending.delete(ended)
    })
    this.#ending.add(ended)
    this.#stream = openStream(this.#path)
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_PATIENCE_MS)
    })
    await Promise.race([Promise.all([...this.#ending, endOf(this.#stream)]), patience])
    clearTimeout(timer)
  }
}

function endOf(stream: RotatingFileStream): Promise<void> {
  if (stream.closed) return Promise.resolve()
  return new Promise((resolve) => {
    stream.once('close', resolve)
    stream.end()
  })
}

function openStream(path: string): RotatingFileStream {
  const stream = createStream(basename(path), {
    path: dirname(path),
    size: LOG_FILE_SIZE,
    maxFiles: LOG_FILES_KEPT,
    mode: 0o600,
  })
  // A full disk must not stop the live view; stderr still has every line.
  stream.on('error', (error) => process.stderr.write(`log file: ${error.message}\n`))
  return stream
}
