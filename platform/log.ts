// Structured logs: pino to stderr (pretty on a terminal) and, if asked, to a file that is rotated. stdout stays free for
// the one line that says where Swarmscope is.

import pino, { type Logger } from 'pino'
import pretty from 'pino-pretty'
import { LogFile } from './logFile.ts'

export type { Logger } from 'pino'

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

export const createLog = (options: LogOptions): Logger => openLog(options).log

export interface OpenLog {
  log: Logger
  /** Somebody else moved the file away (logrotate): what comes from now on goes into a new one of its name. */
  reopen(): void
  /** What was logged is in the file. Never rejects, and never takes long. */
  close(): Promise<void>
}

export function openLog({ name, file, level = levelOf(process.env.SWARMSCOPE_LOG_LEVEL) }: LogOptions): OpenLog {
  const streams: pino.StreamEntry[] = [
    {
      level: 'trace',
      stream: process.stderr.isTTY
        ? pretty({ destination: 2, sync: true, ignore: 'pid,hostname,name', translateTime: 'SYS:HH:MM:ss' })
        : pino.destination({ fd: 2, sync: true }),
    },
  ]
  const logFile = file === undefined ? null : new LogFile(file)
  if (logFile) streams.push({ level: 'trace', stream: logFile })
  const log = pino(
    {
      level,
      base: { name },
      // Belt and braces: no code path logs headers, but none ever may with a token in them.
      redact: ['*.authorization', '*.token', 'authorization', 'token', 'req.headers'],
      serializers: { err: pino.stdSerializers.err },
    },
    pino.multistream(streams),
  )
  return {
    log,
    reopen: () => logFile?.reopen(),
    close: async () => logFile?.close(),
  }
}
