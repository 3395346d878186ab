// The entry point: reads the configuration, starts what it asks for, says where it is, and ends in order.

import { existsSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Lifetime, leavesTime, watchLifetime } from '../platform/lifetime.ts'
import { isLoopback, listen } from '../platform/listen.ts'
import { type Logger, openLog } from '../platform/log.ts'
import { SwarmscopeError } from '../protocol/errors.ts'
import { backupCommand } from './cli/backup.ts'
import { connectCommand } from './cli/connect.ts'
import { doctorCommand } from './cli/doctor.ts'
import { logsCommand } from './cli/logs.ts'
import { statusCommand } from './cli/status.ts'
import {
  type Config,
  commandsFileOf,
  configOf,
  createCommand,
  eventLogFileOf,
  isMadeUp,
  logFileOf,
  type Options,
  openFileOf,
  plainPortOf,
  runFileOf,
} from './config.ts'
import { assertRecording } from './history/recording.ts'
import { RealLog } from './log/realLog.ts'
import { linkOf, readyText } from './readyText.ts'
import { RelayProcess, RelayStartError } from './relayProcess.ts'
import { removeRunFile, runningAt, writeRunFile } from './runFile.ts'
import { type RunningServer, startServer } from './server.ts'
import { openServerTls, type ServerTls } from './tls/serverTls.ts'

const WEB_DIR = fileURLToPath(new URL('../../web', import.meta.url))

/** Runs until it is asked to end, or does what a subcommand says; sets the exit code and never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = createCommand()
  program
    .action(serve)
    .addCommand(statusCommand())
    .addCommand(logsCommand())
    .addCommand(backupCommand())
    .addCommand(connectCommand())
    .addCommand(doctorCommand())
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    process.stderr.write(`error: ${error.message}\n`)
    process.exitCode = 1
  }
}

async function serve(options: Options): Promise<void> {
  const config = configOf(options)
  // What is wrong with a certificate is wrong with the options: before anything starts.
  const tls = await tlsOf(config)
  const logFile = openLog({ name: 'server', format: config.logFormat })
  const { log } = logFile
  // A second start that fails must not write into the log of the server that runs.
  let isAttached = false
  const attach = () => {
    isAttached = true
    logFile.attach(logFileOf(config))
  }
  // From the first moment: a signal during the start must not leave a relay behind.
  let renewTls: () => void = () => undefined
  const lifetime = watchLifetime({
    withParent: process.env.npm_lifecycle_event !== undefined,
    onHangUp: () => {
      logFile.reopen()
      log.info('SIGHUP: the log file was opened again')
      renewTls()
    },
  })
  try {
    if (tls?.isExpired)
      log.warn({ validTo: tls.validTo }, 'the certificate in --tls-cert has expired: browsers will refuse it')
    const onStarted = (server: RunningServer) => {
      if (tls) renewTls = () => void renew(config, server, log)
    }
    process.exitCode = await run({ config, tls, lifetime, log, attachLogFile: attach, onStarted })
  } catch (error) {
    const isOthers = error instanceof SwarmscopeError && error.code === 'LOG_IN_USE'
    if (!isAttached && !isOthers && runningAt(runFileOf(config)) === null) attach()
    if (error instanceof SwarmscopeError) log.fatal({ code: error.code }, fatalWords(error))
    else if (error instanceof RelayStartError) log.fatal(error.message)
    else log.fatal({ err: error }, 'Swarmscope could not start')
    process.exitCode = 1
  }
  await logFile.close()
  // Nothing is left to do; an open handle somewhere must not keep us.
  process.exit()
}

/** Of a port the suggestion says all. */
const fatalWords = ({ code, body }: SwarmscopeError): string =>
  code === 'PORT_IN_USE' ? body.details.suggestion : `${body.error}. ${body.details.suggestion}`

const tlsOf = ({ tls, ...config }: Config): Promise<ServerTls | null> =>
  tls ? openServerTls({ ...config, tls }) : Promise.resolve(null)

/** A certificate that cannot be used must not take the old one away. */
async function renew(config: Config, server: RunningServer, log: Logger): Promise<void> {
  try {
    const tls = await tlsOf(config)
    if (!tls) return
    server.renewTls(tls)
    const { hostNames, validTo, fingerprint } = tls
    log.info({ hostNames, validTo, fingerprint }, 'SIGHUP: the certificate was read again')
  } catch (error) {
    log.error({ reason: (error as Error).message }, 'SIGHUP: the certificate stays the old one')
  }
}

interface Run {
  config: Config
  tls: ServerTls | null
  lifetime: Lifetime
  log: Logger
  attachLogFile: () => void
  onStarted: (server: RunningServer) => void
}

async function run({ config, tls, lifetime, log, attachLogFile, onStarted }: Run): Promise<number> {
  const { asked, hurried } = lifetime
  if (!existsSync(join(WEB_DIR, 'index.html'))) {
    throw new RelayStartError('The web app is not built: run "npm start", or "npm run build" first')
  }
  if (!existsSync(config.project) && config.world.type === 'local') {
    log.warn({ project: config.project }, 'there is no such folder (yet): is --project right?')
  }
  if (config.world.type === 'replay') await assertRecording(config.world.file)
  // Before the relay and its claude-flow: a busy port must not start them for nothing.
  await assertFree(config)
  // Likewise: another server may own it. Demo and replay keep nothing.
  const realLog = isMadeUp(config.world)
    ? RealLog.inMemory(log)
    : await RealLog.open({ path: eventLogFileOf(config), ...config.history, log })
  // All here is ours now: of a real server by the log's lock. Of demos and replays there may be more.
  const giveBack = isMadeUp(config.world) ? await takePlace(config) : () => undefined
  if (giveBack) attachLogFile()
  else log.warn(`another ${config.world.type} of this project runs: the log file and \`status\` are of that one alone`)
  let retry: () => void = () => undefined
  const relay =
    config.world.type === 'local'
      ? new RelayProcess({
          project: config.project,
          dataDir: config.dataDir,
          logDir: config.projectDir,
          port: config.world.relayPort,
          token: config.tokens.relay,
          claudeFlow: config.world.claudeFlow,
          logFormat: config.logFormat,
          onBack: () => retry(),
          log,
        })
      : null
  try {
    const { world } = config
    const relayPort = await Promise.race([relay?.start() ?? null, asked])
    if (typeof relayPort === 'string') {
      log.info(`ending before the relay was ready: ${relayPort}`)
      return 0
    }
    const shown =
      world.type === 'demo' || world.type === 'replay'
        ? world
        : world.type === 'remote'
          ? { ...world, type: 'relay' as const }
          : { type: 'relay' as const, host: '127.0.0.1', port: relayPort ?? world.relayPort, managed: true }
    // Only beside a log that is ours: it keeps others away from both.
    const commandsFile = realLog.path === null ? null : commandsFileOf(config)
    const server = await startServer({ config, tls, shown, webDir: WEB_DIR, realLog, commandsFile, log })
    retry = server.retry
    try {
      onStarted(server)
      const { url, plainUrl } = server
      const pageUrl = reachableUrl(config, tls, server)
      log.info({ url, world: config.world.type, project: config.project }, 'listening')
      if (giveBack) writeRunFile(runFileOf(config), tls ? { url: plainUrl, tlsUrl: pageUrl } : { url })
      const ready = await readyText({
        pageUrl,
        isForOthers: !isLoopback(new URL(pageUrl).hostname),
        tokens: config.tokens,
        tls: tls && { ...tls, plainUrl },
        qr: config.qr,
        isTerminal: process.stdout.isTTY === true,
      })
      process.stdout.write(ready)
      // On this machine no browser needs TLS, nor has to be told to accept a certificate.
      if (config.open) await openInBrowser(config, linkOf(tls ? plainUrl : pageUrl, config.tokens.operator), log)
      const reason = await asked
      // Ctrl-C reaches the relay too: that it ends now is no reason to start it again.
      relay?.expectEnd()
      log.info(`ending: ${reason}`)
      // Who ends us by SIGTERM (a supervisor) looks after others who use us; Ctrl-C is somebody who wants it gone.
      if (leavesTime(reason)) await Promise.race([Promise.all([server.drain(), relay?.drain()]), hurried])
      return 0
    } finally {
      await server.close()
      if (giveBack) removeRunFile(runFileOf(config))
      rmSync(openFileOf(config), { force: true })
    }
  } finally {
    await relay?.stop()
    await realLog.eventLog.close()
    giveBack?.()
  }
}

/** The log file and the run file are for one at a time; `null`: another has them. Returns how to give them back. */
async function takePlace(config: Config): Promise<(() => void) | null> {
  const { lockFile } = await import('./log/fileLock.ts')
  try {
    return lockFile(runFileOf(config))
  } catch (error) {
    if (error instanceof SwarmscopeError && error.code === 'LOG_IN_USE') return null
    throw error
  }
}

/** Where a browser finds us: an address that stands for all of them (0.0.0.0) is none to open. */
function reachableUrl({ host, publicUrls }: Config, tls: ServerTls | null, { url, port }: RunningServer): string {
  if (isLoopback(host)) return url
  // Without a network there is still this machine itself.
  const own = tls ? `https://${tls.lanName ?? 'localhost'}:${port}` : url
  return (publicUrls[0] ?? own).replace(/\/$/, '')
}

async function assertFree(config: Config): Promise<void> {
  await assertPortFree({ host: config.host, port: config.port, option: '--port' })
  if (config.tls) await assertPortFree({ host: '127.0.0.1', port: plainPortOf(config), option: '--plain-port' })
}

async function assertPortFree(place: { host: string; port: number; option: string }): Promise<void> {
  const probe = createServer()
  await listen(probe, place)
  await new Promise((resolve) => probe.close(resolve))
}

/** By a file that only we can read: on the browser's command line everybody on this machine could read the token. */
async function openInBrowser(config: Config, link: string, log: Logger): Promise<void> {
  const file = openFileOf(config)
  try {
    writeFileSync(file, `<!doctype html><meta http-equiv="refresh" content="0;url=${link}">\n`, { mode: 0o600 })
    const { default: open } = await import('open')
    await open(file)
  } catch (error) {
    log.warn({ err: error }, 'no browser could be opened: open the link by hand')
  }
}

const script = process.argv[1]
if (script && existsSync(script) && realpathSync(script) === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2))
}
