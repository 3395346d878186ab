#!/usr/bin/env node
// The relay's entry point: options in, one line out when it is ready, an exit code at the end.

import { openDataDir } from '../platform/dataDir.ts'
import { watchLifetime } from '../platform/lifetime.ts'
import { isLoopback } from '../platform/listen.ts'
import { type Logger, openLog } from '../platform/log.ts'
import { readSecret } from '../platform/secrets.ts'
import { type ErrorCode, SwarmscopeError } from '../protocol/errors.ts'
import { ConfigError, type RelayConfig, readConfig } from './config.ts'
import { Relay } from './relay.ts'

/** To the server, if it started us. */
type ParentMessage = { type: 'ready'; url: string } | { type: 'failed'; code: ErrorCode; message: string }

/** How long pending requests may take after SIGTERM; `docker stop` gives 10 s for everything. */
const DRAIN_MS = 5_000

async function main(): Promise<void> {
  const config = readConfig(process.argv.slice(2), { env: process.env, cwd: process.cwd() })
  const logFile = openLog({ name: 'relay', file: config.logFile })
  const { log } = logFile
  const onHangUp = () => {
    logFile.reopen()
    log.info('SIGHUP: the log file was opened again')
  }
  const { asked, hurried } = watchLifetime({
    withStdin: config.endWithStdin,
    // npm does not pass on what ends it; a relay started by hand outlives its terminal's shell.
    withParent: process.env.npm_lifecycle_event !== undefined,
    ...(config.logFile ? { onHangUp } : {}),
  })
  const dataDir = openDataDir(config.dataDir)
  warn(config, log)
  const relay = new Relay({ ...config, dataDir, token: readSecret('relay', dataDir), log })
  // Whatever ends this process: the child's group must not stay.
  process.on('exit', () => relay.killChildNow())
  const started = relay.start().then(() => {
    process.stdout.write(`Relay is ready: ${relay.url}\n`)
    tellParent({ type: 'ready', url: relay.url })
    return asked
  })
  // Asked to end while it starts, it ends at once.
  const reason = await Promise.race([asked, started])
  log.info({ reason }, 'ending')
  const closed = relay.close({ drainMs: reason === 'SIGTERM' ? DRAIN_MS : 0 })
  await Promise.race([closed, hurried.then(() => relay.close())])
  log.info('ended')
  await logFile.close()
}

function warn({ host, command, project }: RelayConfig, log: Logger): void {
  if (!isLoopback(host)) log.warn({ host }, 'listening on other addresses without TLS')
  log.info({ project, command: command?.file ?? null }, 'starting')
}

function tellParent(message: ParentMessage, then: () => void = () => undefined): void {
  if (process.send && process.connected) process.send(message, undefined, undefined, then)
  else then()
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const isExpected = error instanceof SwarmscopeError || error instanceof ConfigError
    process.stderr.write(`${isExpected ? error.message : error instanceof Error ? error.stack : String(error)}\n`)
    const code = error instanceof SwarmscopeError ? error.code : isExpected ? 'BAD_REQUEST' : 'INTERNAL'
    tellParent({ type: 'failed', code, message: isExpected ? error.message : 'The relay could not start' }, () =>
      process.exit(1),
    )
  },
)
