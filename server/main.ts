// The entry point: reads the configuration, starts what it asks for, says where it is, and ends in order.

import { existsSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { untilAskedToEnd } from '../platform/lifetime.ts'
import { isLoopback } from '../platform/listen.ts'
import { createLog, type Logger } from '../platform/log.ts'
import { SwarmscopeError } from '../protocol/errors.ts'
import { type Config, ConfigError, logFileOf, readConfig, runFileOf } from './config.ts'
import { RelayProcess, RelayStartError } from './relayProcess.ts'
import { startServer } from './server.ts'

const WEB_DIR = fileURLToPath(new URL('../../web', import.meta.url))

/** Runs until it is asked to end; sets the exit code and never throws. `argv`: without node and script. */
export async function main(argv: readonly string[]): Promise<void> {
  let config: Config
  try {
    config = readConfig(argv)
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof Error)) throw error
    process.stderr.write(`error: ${error.message}\n`)
    process.exitCode = 1
    return
  }
  const log = createLog({ name: 'server', file: logFileOf(config) })
  // From the first moment: a signal during the start must not leave a relay behind.
  const asked = untilAskedToEnd({ withParent: process.env.npm_lifecycle_event !== undefined })
  try {
    process.exitCode = await run(config, asked, log)
  } catch (error) {
    if (error instanceof SwarmscopeError) log.fatal(error.body.details.suggestion)
    else if (error instanceof RelayStartError) log.fatal(error.message)
    else log.fatal({ err: error }, 'Swarmscope could not start')
    process.exitCode = 1
  }
  // Nothing is left to do; an open handle somewhere must not keep us.
  process.exit()
}

async function run(config: Config, asked: Promise<string>, log: Logger): Promise<number> {
  if (!existsSync(join(WEB_DIR, 'index.html'))) {
    throw new RelayStartError('The web app is not built: run "npm start", or "npm run build" first')
  }
  const relay =
    config.world.type === 'local'
      ? new RelayProcess({
          project: config.project,
          dataDir: config.dataDir,
          logDir: config.projectDir,
          port: config.world.relayPort,
          token: config.tokens.relay,
          claudeFlow: config.world.claudeFlow,
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
      world.type === 'demo'
        ? world
        : world.type === 'remote'
          ? { type: 'relay' as const, host: world.host, port: world.port }
          : { type: 'relay' as const, host: '127.0.0.1', port: relayPort ?? world.relayPort }
    const server = await startServer({ config, shown, webDir: WEB_DIR, log })
    try {
      const link = `${reachableUrl(config, server.url)}/#token=${config.tokens.operator}`
      log.info({ url: server.url, world: config.world.type, project: config.project }, 'listening')
      writeRunFile(config, server.url)
      process.stdout.write(`Swarmscope is ready: ${link}\n`)
      if (config.open) await openInBrowser(link, log)
      const reason = await asked
      // Ctrl-C reaches the relay too: that it ends now is no reason to start it again.
      relay?.expectEnd()
      log.info(`ending: ${reason}`)
      return 0
    } finally {
      await server.close()
      removeRunFile(config)
    }
  } finally {
    await relay?.stop()
  }
}

/** Where a browser finds us: an address that stands for all of them (0.0.0.0) is none to open. */
function reachableUrl({ host, publicUrls }: Config, url: string): string {
  return (isLoopback(host) ? url : (publicUrls[0] ?? url)).replace(/\/$/, '')
}

/** Written whole or not at all: others read it to find us. */
function writeRunFile(config: Config, url: string): void {
  const file = runFileOf(config)
  writeFileSync(`${file}.new`, `${JSON.stringify({ pid: process.pid, url })}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Another server of the same project may have written its own meanwhile. */
function removeRunFile(config: Config): void {
  const file = runFileOf(config)
  try {
    const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid?: unknown }
    if (pid !== process.pid) return
  } catch {
    // gone, or not what we wrote: nobody can use it
  }
  rmSync(file, { force: true })
}

async function openInBrowser(link: string, log: Logger): Promise<void> {
  try {
    const { default: open } = await import('open')
    await open(link)
  } catch (error) {
    log.warn({ err: error }, 'no browser could be opened: open the link by hand')
  }
}

const script = process.argv[1]
if (script && existsSync(script) && realpathSync(script) === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2))
}
