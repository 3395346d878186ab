// When a process of ours has to end: a signal, its starter gone, or (for the relay that the server started) stdin closed.

export interface LifetimeOptions {
  /** Ends when stdin closes: however its starter died, the pipe closes with it. */
  withStdin?: boolean
  /**
   * Ends when the process that started this one is gone: a SIGTERM to npm alone leaves its child running. There is no
   * event for it, so it is looked at once a second.
   */
  withParent?: boolean
}

const PARENT_CHECK_MS = 1_000

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** A terminal's Ctrl-C comes twice under npm, which passes on what the terminal has sent already. */
const SAME_SIGNAL_MS = 1_000

/** Resolves with the reason, once. Another signal, later, exits at once: the user does not want to wait. */
export function untilAskedToEnd({ withStdin = false, withParent = false }: LifetimeOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    let firstAtMs: number | null = null
    const onSignal = (signal: NodeJS.Signals) => {
      const nowMs = performance.now()
      if (firstAtMs !== null && nowMs - firstAtMs > SAME_SIGNAL_MS) process.exit(1)
      firstAtMs ??= nowMs
      resolve(signal)
    }
    for (const signal of SIGNALS) process.on(signal, onSignal)
    if (withStdin) {
      process.stdin.on('end', () => resolve('stdin closed'))
      process.stdin.on('error', () => resolve('stdin closed'))
      process.stdin.resume()
    }
    if (withParent) {
      const parent = process.ppid
      setInterval(() => {
        if (process.ppid !== parent) resolve('parent gone')
      }, PARENT_CHECK_MS).unref()
    }
  })
}
