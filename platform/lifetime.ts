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

/** Resolves with the reason, once. A second signal exits at once. */
export function untilAskedToEnd({ withStdin = false, withParent = false }: LifetimeOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      for (const name of ['SIGINT', 'SIGTERM'] as const) {
        process.off(name, onSignal)
        process.once(name, () => process.exit(1))
      }
      resolve(signal)
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
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
