import pino from 'pino'
import type { Logger } from '../../platform/log.ts'

/** Also of what is said at any level, as the audit is. */
export const silentLog: Logger = pino({ level: 'silent' }, { write: () => undefined })

/** A log whose lines a test can read. */
export function keptLog(level = 'trace'): { log: Logger; lines: () => Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  return { log, lines: () => lines }
}
