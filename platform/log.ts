// Structured logs: pino to stderr, as text or as JSON, and, if asked, as JSON to a file that is rotated. stdout stays free
// for the one line that says where Swarmscope is.

import pino, { type Logger } from 'pino'
import pretty from 'pino-pretty'
import { LogFile } from './logFile.ts'

export type { Logger } from 'pino'

export const LOG_FORMATS = ['text', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

export interface LogOptions {
  name: string
  /** Also write here. */
  file?: string | undefined
  level?: string
  /** On stderr; not given: what `SWARMSCOPE_LOG_FORMAT` says, else text on a terminal and JSON elsewhere. */
  format?: LogFormat | undefined
}

/** Lines that wait for their file: a start says some ten. */
const MAX_HELD_LINES = 1_000

/** A word that is no level must not keep anything from starting. */
function levelOf(word: string | undefined): string {
  const level = word?.trim().toLowerCase() ?? ''
  return Object.hasOwn(pino.levels.values, level) || level === 'silent' ? level : 'info'
}

function formatOf(word: string | undefined): LogFormat {
  const format = LOG_FORMATS.find((known) => known === word?.trim().toLowerCase())
  return format ?? (process.stderr.isTTY ? 'text' : 'json')
}

export const createLog = (options: LogOptions): Logger => openLog(options).log

export interface OpenLog {
  log: Logger
  /** Also write there from now on, beginning with what was logged so far. For one file, once. */
  attach(file: string): void
  /** Somebody else moved the file away (logrotate): what comes from now on goes into a new one of its name. */
  reopen(): void
  /** What was logged is in the file. Never rejects, and never takes long. */
  close(): Promise<void>
}

export function openLog({
  name,
  file,
  level = levelOf(process.env.SWARMSCOPE_LOG_LEVEL),
  format = formatOf(process.env.SWARMSCOPE_LOG_FORMAT),
}: LogOptions): OpenLog {
  let logFile = file === undefined ? null : new LogFile(file)
  let held: string[] = []
  const toFile = {
    write: (line: string) => {
      if (logFile) logFile.write(line)
      else if (held.length < MAX_HELD_LINES) held.push(line)
    },
  }
  const streams: pino.StreamEntry[] = [
    {
      level: 'trace',
      stream:
        format === 'text'
          ? pretty({
              destination: 2,
              sync: true,
              colorize: process.stderr.isTTY,
              singleLine: true,
              ignore: 'pid,hostname,name',
              translateTime: 'SYS:HH:MM:ss',
            })
          : pino.destination({ fd: 2, sync: true }),
    },
    { level: 'trace', stream: toFile },
  ]
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
    attach: (path) => {
      logFile = new LogFile(path)
      for (const line of held) logFile.write(line)
      held = []
    },
    reopen: () => logFile?.reopen(),
    close: async () => logFile?.close(),
  }
}
