// The command line and what follows from it: where to listen, which project, which claude-flow.

import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { isLoopback } from '../platform/listen.ts'
import { VERSION } from '../platform/version.ts'
import { accessList } from '../protocol/access.ts'
import type { ChildCommand } from './childProcess.ts'
import { splitWords } from './words.ts'

export interface RelayConfig {
  host: string
  port: number
  /** The option that chooses another port, for the error's text. */
  portOption: string
  /** Absolute, links resolved. */
  project: string
  dataDir: string | undefined
  logFile: string | undefined
  /** `null`: no claude-flow was found. */
  command: ChildCommand | null
  allowHosts: string[]
  publicUrls: string[]
  endWithStdin: boolean
}

/** What is wrong with what was asked for; the message is for the person at the terminal. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

interface Options {
  host: string
  port: number
  project?: string
  logFile?: string
  claudeFlow?: string
  dataDir?: string
  allowHost: string[]
  publicUrl: string[]
  insecureNoTls?: true
  endWithStdin?: true
  portOption: string
}

const collect = (value: string, before: string[]): string[] => [...before, value]

function portNumber(value: string): number {
  const port = Number(value)
  if (!/^\d{1,5}$/.test(value) || port > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.')
  return port
}

function publicUrl(value: string, before: string[]): string[] {
  try {
    accessList({ port: 1, hostNames: [], publicUrls: [value] })
  } catch {
    throw new InvalidArgumentError('It must have the form https://name[:port].')
  }
  return collect(value, before)
}

const program = (): Command =>
  new Command('relay')
    .description(
      "Stands beside claude-flow: shares it over WebSocket, watches the project's state and tells what changed.",
    )
    .version(VERSION)
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 takes any free one', portNumber, 3000)
    .option('--project <dir>', 'project folder of claude-flow (default: the current folder)')
    .option('--log-file <file>', 'also write the log here (rotated)')
    .option(
      '--claude-flow <command>',
      "whole command line that starts claude-flow's MCP server, split like a shell's words but given to no shell " +
        "(default: CLAUDE_FLOW_COMMAND, else the project's own claude-flow, else claude-flow or ruflo on PATH)",
    )
    .option('--data-dir <dir>', "folder for the relay's token and name (default: the platform's user data folder)")
    .option('--allow-host <name>', 'host name under which clients may come, besides loopback (repeatable)', collect, [])
    .option('--public-url <url>', 'whole URL under which this is reached, e.g. a proxy (repeatable)', publicUrl, [])
    .option('--insecure-no-tls', 'listen on another address than loopback without TLS, e.g. inside a container network')
    .addOption(new Option('--end-with-stdin', 'end when stdin closes').hideHelp())
    .addOption(new Option('--port-option <name>', "the port's option, in errors").default('--port').hideHelp())

export interface ConfigContext {
  env: NodeJS.ProcessEnv
  cwd: string
}

/** Ends the process for `--help` and for unknown options (commander); throws `ConfigError` for what cannot be. */
export function readConfig(argv: readonly string[], { env, cwd }: ConfigContext): RelayConfig {
  const options = program()
    .parse([...argv], { from: 'user' })
    .opts<Options>()
  const { host, allowHost, publicUrl: publicUrls, insecureNoTls } = options
  if (!isLoopback(host) && !insecureNoTls) {
    throw new ConfigError(
      `--host ${host} is reachable from other machines, and this relay has no TLS: the token would travel in the ` +
        'clear. Inside a private (e.g. container) network say --insecure-no-tls; else listen on 127.0.0.1 behind a proxy',
    )
  }
  const base = env.INIT_CWD ?? cwd // under npm the folder where it was called, not the package's
  const project = realPath(resolve(base, options.project ?? '.'))
  return {
    host,
    port: options.port,
    portOption: options.portOption,
    project,
    dataDir: options.dataDir === undefined ? undefined : resolve(base, options.dataDir),
    logFile: options.logFile === undefined ? undefined : resolve(base, options.logFile),
    command: resolveCommand(options.claudeFlow ?? (env.CLAUDE_FLOW_COMMAND || undefined), project, env.PATH ?? ''),
    allowHosts: allowHost,
    publicUrls,
    endWithStdin: options.endWithStdin === true,
  }
}

/** `given`, used as it stands; else the project's own, else one on PATH; else `null`. */
export function resolveCommand(given: string | undefined, project: string, path: string): ChildCommand | null {
  if (given !== undefined) {
    const [file, ...args] = wordsOf(given)
    if (!file) throw new ConfigError('--claude-flow (or CLAUDE_FLOW_COMMAND) holds no command')
    return { file, args }
  }
  const folders = path.split(delimiter).filter(isAbsolute)
  const candidates = [
    join(project, 'node_modules', '.bin', 'claude-flow'),
    ...['claude-flow', 'ruflo'].flatMap((name) => folders.map((folder) => join(folder, name))),
  ]
  const file = candidates.find(isProgram)
  return file ? { file, args: ['mcp', 'start'] } : null
}

function wordsOf(line: string): string[] {
  try {
    return splitWords(line)
  } catch (error) {
    throw new ConfigError(`--claude-flow (or CLAUDE_FLOW_COMMAND) has ${(error as Error).message}: ${line}`)
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** A folder that does not exist yet keeps the name it was given. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
