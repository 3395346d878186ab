import pino from 'pino'
import type { Logger } from '../../platform/log.ts'

export const silentLog: Logger = pino({ level: 'silent' })

/** A log whose lines a test can read. */
export function keptLog(): { log: Logger; lines: () => Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  return { log, lines: () => lines }
}
