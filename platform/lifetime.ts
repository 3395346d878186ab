// When a process of ours has to end: a signal, its starter gone, or (for the relay that the server started) stdin closed.

import { closeSync, openSync } from 'node:fs'

export interface LifetimeOptions {
  /** Ends when stdin closes: however its starter died, the pipe closes with it. */
  withStdin?: boolean
  /**
   * Ends when the process that started this one is gone: a SIGTERM to npm alone leaves its child running. There is no
   * event for it, so it is looked at once a second.
   */
  withParent?: boolean
  /** What SIGHUP does instead of ending; one that says that the terminal is gone ends all the same. */
  onHangUp?: () => void
}

export interface Lifetime {
  /** Resolves with the reason, once. */
  asked: Promise<string>
  /** Resolves when there is no time for anything any more: whoever could wait for us is gone, or at the keyboard. */
  hurried: Promise<string>
}

const PARENT_CHECK_MS = 1_000
/** The reason, when the process that started this one is gone. */
const PARENT_GONE = 'parent gone'
/** Reasons after which others who use us may be looked after; after any other one somebody waits for our end. */
export const leavesTime = (reason: string): boolean => reason === 'SIGTERM' || reason === PARENT_GONE

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** A terminal's Ctrl-C comes twice under npm, which passes on what the terminal has sent already. */
const SAME_SIGNAL_MS = 1_000

/** Another signal, later, exits at once: the user does not want to wait. */
export function watchLifetime({ withStdin = false, withParent = false, onHangUp }: LifetimeOptions = {}): Lifetime {
  let ask: (reason: string) => void = () => undefined
  let hurry: (reason: string) => void = () => undefined
  const asked = new Promise<string>((resolve) => {
    ask = resolve
  })
  const hurried = new Promise<string>((resolve) => {
    hurry = resolve
  })
  const askAtOnce = (reason: string) => {
    ask(reason)
    hurry(reason)
  }
  const hadTerminal = onHangUp !== undefined && process.stdin.isTTY === true
  let firstAtMs: number | null = null
  const onSignal = (signal: NodeJS.Signals) => {
    if (signal === 'SIGHUP' && onHangUp && !(hadTerminal && isTerminalGone())) {
      onHangUp()
      return
    }
    const nowMs = performance.now()
    if (firstAtMs !== null && nowMs - firstAtMs > SAME_SIGNAL_MS) process.exit(1)
    firstAtMs ??= nowMs
    if (signal === 'SIGTERM') ask(signal)
    else askAtOnce(signal)
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  if (withStdin) {
    process.stdin.on('end', () => askAtOnce('stdin closed'))
    process.stdin.on('error', () => askAtOnce('stdin closed'))
    process.stdin.resume()
  }
  if (withParent) {
    const parent = process.ppid
    setInterval(() => {
      // npm ended by SIGTERM does not pass it on: whoever sent it gets the same as if it had.
      if (process.ppid !== parent) ask(PARENT_GONE)
    }, PARENT_CHECK_MS).unref()
  }
  return { asked, hurried }
}

/** A terminal that was closed is nobody's controlling terminal any more. */
function isTerminalGone(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return false
  } catch {
    return true
  }
}
