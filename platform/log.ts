// Structured logs: pino to stderr (pretty on a terminal) and, if asked, to a file that is rotated. stdout stays free for
// the one line that says where Swarmscope is.

import { basename, dirname } from 'node:path'
import pino, { type Logger } from 'pino'
import pretty from 'pino-pretty'
import { createStream } from 'rotating-file-stream'

export type { Logger } from 'pino'

/** 5 MB a file, 4 old ones: enough for days of a quiet swarm, too little to fill a disk. */
const LOG_FILE_SIZE = '5M'
const LOG_FILES_KEPT = 4

export interface LogOptions {
  name: string
  /** Also write here. */
  file?: string | undefined
  level?: string
}

/** A word that is no level must not keep anything from starting. */
function levelOf(word: string | undefined): string {
  const level = word?.trim().toLowerCase() ?? ''
  return Object.hasOwn(pino.levels.values, level) || level === 'silent' ? level : 'info'
}

export function createLog({ name, file, level = levelOf(process.env.SWARMSCOPE_LOG_LEVEL) }: LogOptions): Logger {
  const streams: pino.StreamEntry[] = [
    {
      level: 'trace',
      stream: process.stderr.isTTY
        ? pretty({ destination: 2, sync: true, ignore: 'pid,hostname,name', translateTime: 'SYS:HH:MM:ss' })
        : pino.destination({ fd: 2, sync: true }),
    },
  ]
  if (file) {
    const rotated = createStream(basename(file), {
      path: dirname(file),
      size: LOG_FILE_SIZE,
      maxFiles: LOG_FILES_KEPT,
      mode: 0o600,
    })
    // A full disk must not stop the live view; stderr still has every line.
    rotated.on('error', (error) => process.stderr.write(`log file: ${error.message}\n`))
    streams.push({ level: 'trace', stream: rotated })
  }
  return pino(
    {
      level,
      base: { name },
      // Belt and braces: no code path logs headers, but none ever may with a token in them.
      redact: ['*.authorization', '*.token', 'authorization', 'token', 'req.headers'],
      serializers: { err: pino.stdSerializers.err },
    },
    pino.multistream(streams),
  )
}
