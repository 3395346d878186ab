#!/usr/bin/env node
// The relay's entry point: options in, one line out when it is ready, an exit code at the end.

import { openDataDir } from '../platform/dataDir.ts'
import { leavesTime, watchLifetime } from '../platform/lifetime.ts'
import { isLoopback } from '../platform/listen.ts'
import { type Logger, openLog } from '../platform/log.ts'
import { assertProjectFolder } from '../platform/projectFolder.ts'
import { readSecret, readSecretFile, SecretError } from '../platform/secrets.ts'
import { type ErrorCode, SwarmscopeError } from '../protocol/errors.ts'
import { ConfigError, type RelayConfig, readCommand, type StatusConfig } from './config.ts'
import { Relay } from './relay.ts'
import { relayStatus } from './status.ts'
import { readTls, type Tls, type TlsFiles } from './tls.ts'

/** To the server, if it started us. */
type ParentMessage = { type: 'ready'; url: string } | { type: 'failed'; code: ErrorCode; message: string }

/** How long pending requests may take after SIGTERM; `docker stop` gives 10 s for everything. */
const DRAIN_MS = 5_000

/** Resolves to the exit code. */
async function main(): Promise<number> {
  const command = readCommand(process.argv.slice(2), { env: process.env, cwd: process.cwd() })
  return command.name === 'serve' ? serve(command.config) : status(command.config)
}

async function status(config: StatusConfig): Promise<number> {
  try {
    const { text, exitCode } = await relayStatus(config, process.env)
    process.stdout.write(`${text}\n`)
    return exitCode
  } catch (error) {
    if (!isExpected(error)) throw error
    process.stderr.write(`${error.message}\n`)
    return 2 // 1 would say that a relay was reached
  }
}

async function serve(config: RelayConfig): Promise<number> {
  const tls = config.tls && readTls(config.tls)
  const logFile = openLog({ name: 'relay', file: config.logFile })
  const { log } = logFile
  assertProjectFolder(config.project)
  const dataDir = openDataDir(config.dataDir)
  const { project, command } = config
  log.info({ project, command: command?.file ?? null, tls: tls && certificateFacts(tls) }, 'starting')
  warn(config, tls, log)
  const token = tokenOf(config, dataDir, log)
  const relay = new Relay({ ...config, dataDir, token, tls: tls?.context, log })
  // Whatever ends this process: the child's group must not stay.
  process.on('exit', () => relay.killChildNow())
  const onHangUp = () => {
    logFile.reopen()
    log.info('SIGHUP: the log file was opened again')
    if (config.tls) renewTls(relay, config.tls, log)
  }
  const { asked, hurried } = watchLifetime({
    withStdin: config.endWithStdin,
    // npm does not pass on what ends it; a relay started by hand outlives its terminal's shell.
    withParent: process.env.npm_lifecycle_event !== undefined,
    ...(config.logFile || tls ? { onHangUp } : {}),
  })
  const started = relay.start().then(() => {
    process.stdout.write(`Relay is ready: ${relay.url}\n`)
    tellParent({ type: 'ready', url: relay.url })
    return asked
  })
  // Asked to end while it starts, it ends at once.
  const reason = await Promise.race([asked, started])
  log.info({ reason }, 'ending')
  const closed = relay.close({ drainMs: leavesTime(reason) ? DRAIN_MS : 0 })
  await Promise.race([closed, hurried.then(() => relay.close())])
  log.info('ended')
  await logFile.close()
  return 0
}

/** What makes it less safe than it could be. */
function warn({ host, asksForToken }: RelayConfig, tls: Tls | undefined, log: Logger): void {
  if (!asksForToken) {
    log.warn('--no-auth: no token is asked for, so every program of every user on this machine may run tools as you')
  }
  if (!isLoopback(host) && !tls) log.warn({ host }, 'listening on other addresses without TLS')
  if (tls?.isExpired) log.warn(certificateFacts(tls), 'the certificate in --tls-cert has expired')
}

function tokenOf({ asksForToken, tokenFile }: RelayConfig, dataDir: string, log: Logger): string | null {
  if (!asksForToken) return null
  if (tokenFile === undefined) return readSecret('relay', dataDir)
  const { secret, isReadableByOthers } = readSecretFile(tokenFile)
  if (isReadableByOthers) log.warn({ file: tokenFile }, 'others may read the token file: chmod 600 it')
  return secret
}

const certificateFacts = ({ names, validTo }: Tls) => ({ names, validTo })

/** A certificate that cannot be used must not take the old one away. */
function renewTls(relay: Relay, files: TlsFiles, log: Logger): void {
  try {
    const tls = readTls(files)
    relay.renewTls(tls.context)
    log.info(certificateFacts(tls), 'SIGHUP: the certificate was read again')
  } catch (error) {
    log.error({ reason: (error as Error).message }, 'SIGHUP: the certificate stays the old one')
  }
}

function tellParent(message: ParentMessage, then: () => void = () => undefined): void {
  if (process.send && process.connected) process.send(message, undefined, undefined, then)
  else then()
}

/** Told in words, without a stack: what was asked for, or the machine, is wrong, and not this program. */
const isExpected = (error: unknown): error is Error =>
  error instanceof SwarmscopeError ||
  error instanceof ConfigError ||
  error instanceof SecretError ||
  (error instanceof Error && 'syscall' in error) // e.g. an address that is not ours, a data folder that is closed to us

main().then(
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    const inWords = isExpected(error)
    // The server that starts us (nobody else says --port-option) tells it in its own words.
    const isTold = inWords && process.argv.includes('--port-option')
    const named = error instanceof SwarmscopeError ? ` (${error.code})` : ''
    const text = inWords ? `${error.message}${named}` : error instanceof Error ? error.stack : String(error)
    if (!isTold) process.stderr.write(`${text}\n`)
    const code = error instanceof SwarmscopeError ? error.code : inWords ? 'BAD_REQUEST' : 'INTERNAL'
    tellParent({ type: 'failed', code, message: inWords ? error.message : 'The relay could not start' }, () =>
      process.exit(1),
    )
  },
)
