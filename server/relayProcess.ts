// Our own relay as a child process: it ends with us, however we end, because its stdin closes then; it is started again
// if it ends first.

import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { LogFormat, Logger } from '../platform/log.ts'
import { backoffMs, CHILD_BACKOFF, STABLE_AFTER_MS } from '../protocol/backoff.ts'

const RELAY_MAIN = fileURLToPath(new URL('../relay/main.js', import.meta.url))
const STOP_TIMEOUT_MS = 1_500
/** It gives pending requests 5 s; all of us together have 10. */
const DRAIN_TIMEOUT_MS = 6_500

export interface RelayProcessOptions {
  project: string
  dataDir: string
  /** Where its log goes, beside our own. */
  logDir: string
  port: number
  token: string
  claudeFlow: string | undefined
  /** Of what it says on our stderr. */
  logFormat: LogFormat
  /** It was started again and listens. */
  onBack: () => void
  log: Logger
}

const relayMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), url: z.string() }),
  z.object({ type: z.literal('failed'), code: z.string(), message: z.string() }),
])

/** The relay could not start; the message is meant for the user. */
export class RelayStartError extends Error {
  override readonly name = 'RelayStartError'
}

export class RelayProcess {
  readonly #options: RelayProcessOptions
  #child: ChildProcess | null = null
  #port: number
  #stopping = false
  #failures = 0
  #restartTimer: NodeJS.Timeout | undefined

  constructor(options: RelayProcessOptions) {
    this.#options = options
    this.#port = options.port
  }

  /** Resolves to its port once it listens; rejects with `RelayStartError`. */
  async start(): Promise<number> {
    this.#port = await this.#spawn()
    return this.#port
  }

  /** From now on it may end by itself. */
  expectEnd(): void {
    this.#stopping = true
    clearTimeout(this.#restartTimer)
  }

  /** Lets its clients, Claude Code among them, have their answers; resolves when it has ended, or is at it for too long. */
  async drain(): Promise<void> {
    this.expectEnd()
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, DRAIN_TIMEOUT_MS)
      child.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      child.kill('SIGTERM')
    })
  }

  async stop(): Promise<void> {
    this.expectEnd()
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      child.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      child.stdin?.end()
    })
  }

  #spawn(): Promise<number> {
    const { project, dataDir, logDir, token, claudeFlow, logFormat, log } = this.#options
    const startedAtMs = performance.now()
    const child = spawn(
      process.execPath,
      [
        RELAY_MAIN,
        '--end-with-stdin',
        ...['--port-option', '--relay-port'],
        ...['--host', '127.0.0.1'],
        ...['--port', String(this.#port)],
        ...['--project', project],
        ...['--data-dir', dataDir],
        ...['--log-file', join(logDir, 'relay.log')],
        ...(claudeFlow === undefined ? [] : ['--claude-flow', claudeFlow]),
      ],
      {
        // Its own group would survive a Ctrl-C on the terminal; in ours it hears the signal too, and ends by stdin anyway.
        stdio: ['pipe', 'ignore', 'inherit', 'ipc'],
        env: { ...process.env, SWARMSCOPE_RELAY_TOKEN: token, SWARMSCOPE_LOG_FORMAT: logFormat },
      },
    )
    this.#child = child
    // Writing to a relay that is gone must not end us.
    child.stdin?.on('error', (error) => log.debug({ err: error }, 'stdin of the relay'))
    return new Promise((resolve, reject) => {
      child.once('error', (error) => {
        reject(new RelayStartError(`The relay could not be started: ${error.message}`))
        // One that never ran has no exit either.
        if (child.pid === undefined && this.#child === child) this.#ended(null, null, 0)
      })
      child.on('message', (raw) => {
        const message = relayMessage.safeParse(raw).data
        if (message?.type === 'ready') resolve(Number(/:(\d+)\/ws$/.exec(message.url)?.[1] ?? this.#port))
        else if (message?.type === 'failed') reject(new RelayStartError(message.message))
      })
      child.once('exit', (code, signal) => {
        reject(
          new RelayStartError(
            `The relay ended before it was ready (${signal ?? `exit code ${code}`}); its log says why`,
          ),
        )
        if (this.#child === child) this.#ended(code, signal, performance.now() - startedAtMs)
      })
    })
  }

  #ended(code: number | null, signal: string | null, uptimeMs: number): void {
    this.#child = null
    if (this.#stopping) return
    this.#failures = uptimeMs >= STABLE_AFTER_MS ? 0 : this.#failures + 1
    const delayMs = backoffMs(CHILD_BACKOFF, this.#failures, Math.random())
    const { log } = this.#options
    log.warn({ code, signal, delayMs }, 'the relay ended; it is started again')
    this.#restartTimer = setTimeout(() => {
      this.#spawn().then(
        () => {
          log.info('the relay is back')
          this.#options.onBack()
        },
        (error: unknown) => log.error({ err: error }, 'the relay could not be started again'),
      )
    }, delayMs)
  }
}
