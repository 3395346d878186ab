// The entry point: reads the configuration, starts what it asks for, says where it is, and ends in order.

import { existsSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, CommanderError } from 'commander'
import { type Lifetime, leavesTime, watchLifetime } from '../platform/lifetime.ts'
import { isLoopback, listen } from '../platform/listen.ts'
import { type Logger, openLog } from '../platform/log.ts'
import { assertProjectFolder } from '../platform/projectFolder.ts'
import { SwarmscopeError } from '../protocol/errors.ts'
import { backupCommand } from './cli/backup.ts'
import { pageCommands } from './cli/commandLine.ts'
import { connectCommand } from './cli/connect.ts'
import { doctorCommand } from './cli/doctor.ts'
import { logsCommand } from './cli/logs.ts'
import { EXIT, statusCommand } from './cli/status.ts'
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
  placeOf,
  plainPortOf,
  runFileOf,
} from './config.ts'
import { assertRecording } from './history/recording.ts'
import { openDemoLog } from './log/demoLog.ts'
import { KeptLog } from './log/keptLog.ts'
import { linkOf, readyText } from './readyText.ts'
import { RelayProcess, RelayStartError } from './relayProcess.ts'
import { removeRunFile, runningAt, writeRunFile } from './runFile.ts'
import { type RunningServer, type ServerOptions, startServer } from './server.ts'
import { openServerTls, type ServerTls } from './tls/serverTls.ts'

const WEB_DIR = fileURLToPath(new URL('../../web', import.meta.url))

/** Of a project that may have been moved away since. */
const LOOK_AT_WHAT_IS_KEPT: ReadonlySet<string> = new Set(['status', 'logs', 'backup'])
/** Their exit codes say how a server is: 1 would say that one is there. */
const SAY_HOW_IT_IS: ReadonlySet<string> = new Set(['status', 'doctor'])

/** Runs until it is asked to end, or does what a subcommand says; sets the exit code and never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = createCommand()
  let asked = program.name()
  const commands = [statusCommand(), logsCommand(), backupCommand(), connectCommand(), doctorCommand()]
  program
    .action(serve)
    // A word too many is most likely the name of a command: it is said which there are.
    .allowExcessArguments()
    .hook('preAction', (_program, command) => {
      asked = command.name()
      if (command === program && command.args.length > 0) refuseUnknown(program)
      const { project, projectDir } = placeOf(command.optsWithGlobals<Options>())
      if (!(LOOK_AT_WHAT_IS_KEPT.has(asked) && existsSync(projectDir))) assertProjectFolder(project)
    })
  for (const command of commands) {
    program.addCommand(command.showHelpAfterError(`(npm start -- ${command.name()} --help tells all that it takes)`))
    if (SAY_HOW_IT_IS.has(command.name()))
      command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT.down))
  }
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const code = error instanceof SwarmscopeError ? ` (${error.code})` : ''
    process.stderr.write(`error: ${error.message}${code}\n`)
    process.exitCode = SAY_HOW_IT_IS.has(asked) ? EXIT.down : 1
  }
}

/** In commander's own words, which name the nearest one; it has them only for a program that does nothing by itself. */
function refuseUnknown(program: Command): never {
  const names = program.commands.map((command) => command.name())
  const guide = new Command(program.name()).exitOverride().configureOutput({ writeErr: () => undefined })
  for (const name of names) guide.command(name)
  try {
    guide.parse(program.args.slice(0, 1), { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    const known = `The commands are ${names.join(', ')}; without one the server starts. A folder is named by --project DIR.`
    program.error(`${error.message}\n${known}\nnpm start -- --help tells all options.`)
  }
  return program.error(`error: '${program.args[0]}' is no command of ours`)
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
  if (config.world.type === 'replay') await assertRecording(config.world.file)
  // Before the relay and its claude-flow: a busy port must not start them for nothing.
  await assertFree(config)
  // All here is ours then: of a real server by the log's lock. Of demos and replays there may be more.
  const giveBack = isMadeUp(config.world) ? await takePlace(config) : () => undefined
  // Before the relay, likewise: another server may own it.
  const { keptLog, removeLog } = await openKeptLog(config, log)
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
    const shown = shownOf(world, relayPort)
    // Only beside a log that is ours: it keeps others away from both.
    const commandsFile = keptLog.path === null || isMadeUp(world) ? null : commandsFileOf(config)
    const commands = pageCommands(config)
    const server = await startServer({ config, tls, shown, webDir: WEB_DIR, keptLog, commandsFile, commands, log })
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
    await keptLog.eventLog.close()
    removeLog()
    giveBack?.()
  }
}

function shownOf(world: Config['world'], relayPort: number | null): ServerOptions['shown'] {
  switch (world.type) {
    case 'demo':
    case 'replay':
    case 'no-claude-flow':
      return world
    case 'remote':
      return { ...world, type: 'relay' }
    case 'local': {
      const isOptional = world.claudeFlow === undefined
      return { type: 'relay', host: '127.0.0.1', port: relayPort ?? world.relayPort, managed: true, isOptional }
    }
    default:
      return world satisfies never
  }
}

/** Never the real one for what is not real. */
async function openKeptLog(config: Config, log: Logger): Promise<{ keptLog: KeptLog; removeLog: () => void }> {
  const { world, history } = config
  switch (world.type) {
    case 'demo': {
      const { keptLog, remove } = await openDemoLog({ ...history, log })
      return { keptLog, removeLog: remove }
    }
    case 'replay':
      return { keptLog: KeptLog.inMemory(log), removeLog: () => undefined }
    case 'local':
    case 'no-claude-flow':
    case 'remote':
      return {
        keptLog: await KeptLog.open({ path: eventLogFileOf(config), ...history, log }),
        removeLog: () => undefined,
      }
    default:
      return world satisfies never
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
