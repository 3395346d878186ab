// The command line as it is typed: each option with its help, its form and its bounds. What the options mean together
// is decided in config.ts.

import { Command, InvalidArgumentError, Option } from 'commander'
import { VERSION } from '../platform/version.ts'
import { accessList } from '../protocol/access.ts'
import { RELAY_LIMITS, REMOTE_RATE_LIMIT } from './limits.ts'
import type { Rate } from './tokenBucket.ts'

/** As commander hands them over: `undefined` where nothing was said. */
export interface RelayOptionValues {
  host: string
  port: number
  portOption: string
  project?: string
  claudeFlow?: string
  child?: ChildStart
  dataDir?: string
  logFile?: string
  tokenFile?: string
  /** False: `--no-auth`. */
  auth: boolean
  allowHost: string[]
  publicUrl: string[]
  tlsCert?: string
  tlsKey?: string
  insecureNoTls?: true
  allowTools: string[]
  denyTools: string[]
  readOnly?: true
  pingInterval?: number
  pongTimeout?: number
  requestTimeout?: number
  maxRequestTimeout?: number
  maxClients?: number
  rateLimit?: Rate | 'off'
  maxMessageBytes?: number
  endWithStdin?: true
}

/** Of `relay status`. */
export interface StatusOptionValues {
  host: string
  port: number
  dataDir?: string
  tokenFile?: string
  tls?: true
  tlsCa?: string
  json?: true
}

export type ChildStart = 'eager' | 'lazy'

/** Without a burst of its own, a rate may be saved up for this long: a client that starts asks much at once. */
const BURST_SECONDS = 5
const MAX_RATE = 1_000_000
/** A day: beyond it a time-out is a slip of the finger. */
const MAX_SECONDS = 86_400
/** What a client may send at once is held in memory whole, once for each client. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
const MIN_MESSAGE_BYTES = 1024
const MAX_CLIENTS = 10_000
/** What stands in the name of an MCP tool, and `*`. */
const TOOL_PATTERN = /^[\w.:/*-]{1,128}$/
const MAX_TOOL_PATTERNS = 1_000

const collect = (value: string, before: string[]): string[] => [...before, value]

function portNumber(value: string): number {
  const port = Number(value)
  if (!/^\d{1,5}$/.test(value) || port > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.')
  return port
}

/** Seconds, also with a fraction. */
function seconds(value: string): number {
  const parsed = Number(value)
  if (!/^\d+(\.\d+)?$/.test(value) || parsed < 0.1 || parsed > MAX_SECONDS) {
    throw new InvalidArgumentError(`It is a number of seconds from 0.1 to ${MAX_SECONDS}.`)
  }
  return parsed
}

const wholeNumber = (least: number, most: number) => (value: string) => {
  const parsed = Number(value)
  if (!/^\d{1,9}$/.test(value) || parsed < least || parsed > most) {
    throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`)
  }
  return parsed
}

/** `N`, `N/BURST` or `off`. */
function rateLimit(value: string): Rate | 'off' {
  if (value === 'off') return value
  const [, rate = '', burst = String(Number(rate) * BURST_SECONDS)] = /^(\d{1,7})(?:\/(\d{1,7}))?$/.exec(value) ?? []
  const limit = { perSecond: Number(rate), burst: Number(burst) }
  if (!(limit.perSecond >= 1 && limit.perSecond <= MAX_RATE && limit.burst >= 1)) {
    throw new InvalidArgumentError('It has the form N or N/BURST, N being requests per second from 1, or is "off".')
  }
  return limit
}

function toolPattern(value: string, before: string[]): string[] {
  if (!TOOL_PATTERN.test(value)) {
    throw new InvalidArgumentError("It is a tool's name, in which * stands for any characters.")
  }
  if (before.length >= MAX_TOOL_PATTERNS) throw new InvalidArgumentError(`More than ${MAX_TOOL_PATTERNS} are too many.`)
  return collect(value, before)
}

function publicUrl(value: string, before: string[]): string[] {
  try {
    accessList({ port: 1, hostNames: [], publicUrls: [value] })
  } catch {
    throw new InvalidArgumentError('It must have the form https://name[:port].')
  }
  return collect(value, before)
}

type TimeLimit = 'requestTimeoutMs' | 'maxRequestTimeoutMs' | 'pingIntervalMs' | 'pongTimeoutMs'
const inSeconds = (limit: TimeLimit): string => `(default: ${RELAY_LIMITS[limit] / 1000})`

const repeatable = (flags: string, help: string, parse: (value: string, before: string[]) => string[]): Option =>
  new Option(flags, help).argParser(parse).default([], 'none')

const DATA_DIR = [
  '--data-dir <dir>',
  "folder for the relay's token and name (default: the platform's user data folder)",
] as const

/** `onStatus` runs where the subcommand is given; its other options are refused with exit code 2: 1 means `degraded`. */
export function relayProgram(onStatus: (options: StatusOptionValues) => void = () => undefined): Command {
  const program = serveOptions(new Command('relay'))
    .enablePositionalOptions()
    .allowExcessArguments(false)
    .action(() => undefined)
  program
    .command('status')
    .description(
      'Asks the relay that runs here (or at --host) how it is. Exit code: 0 healthy, 1 degraded, 2 down or not reached.',
    )
    .option('--host <host>', 'where the relay is', '127.0.0.1')
    .option('--port <port>', 'its port', portNumber, 3000)
    .option(...DATA_DIR)
    .option('--token-file <file>', 'its token (default: SWARMSCOPE_RELAY_TOKEN, else in the data folder)')
    .option('--tls', 'it speaks TLS')
    .option('--tls-ca <file>', 'the only certificate (PEM) to trust, e.g. its own; implies --tls')
    .option('--json', 'prints all that is known as JSON')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .action(onStatus)
  return program
}

function serveOptions(program: Command): Command {
  return program
    .description(
      "Stands beside claude-flow: shares it over WebSocket (/ws) and MCP's Streamable HTTP (/mcp), watches the project's state and tells what changed.",
    )
    .version(VERSION)
    .optionsGroup('Where it listens, and for whom:')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on; 0 takes any free one', portNumber, 3000)
    .option('--token-file <file>', 'take the token from here (default: SWARMSCOPE_RELAY_TOKEN, else the data folder)')
    .option('--no-auth', 'ask for no token: every program on this machine may run tools as you; on loopback only')
    .addOption(
      repeatable(
        '--allow-host <name>',
        'host name under which clients may come, besides loopback (repeatable)',
        collect,
      ),
    )
    .addOption(
      repeatable('--public-url <url>', 'whole URL under which this is reached, e.g. a proxy (repeatable)', publicUrl),
    )
    .option('--tls-cert <file>', 'certificate (chain) in PEM: wss:// and https:// instead of ws:// and http://')
    .option('--tls-key <file>', 'its private key in PEM')
    .option('--insecure-no-tls', 'listen on another address than loopback without TLS, e.g. inside a container network')
    .optionsGroup('claude-flow:')
    .option('--project <dir>', 'project folder of claude-flow (default: the current folder)')
    .option(
      '--claude-flow <command>',
      "whole command line that starts claude-flow's MCP server, split like a shell's words but given to no shell " +
        "(default: CLAUDE_FLOW_COMMAND, else the project's own claude-flow, else claude-flow or ruflo on PATH)",
    )
    .addOption(
      new Option(
        '--child <when>',
        'start claude-flow at once, or when somebody first needs it (default: when needed, if its state is in files)',
      ).choices(['eager', 'lazy'] satisfies ChildStart[]),
    )
    .addOption(
      repeatable('--allow-tools <pattern>', 'let only these tools be called; * is any text (repeatable)', toolPattern),
    )
    .addOption(repeatable('--deny-tools <pattern>', 'let these tools not be called; wins (repeatable)', toolPattern))
    .option('--read-only', 'let no tool be called that changes anything')
    .optionsGroup('Bounds:')
    .option(
      '--request-timeout <seconds>',
      `how long claude-flow may take for an answer ${inSeconds('requestTimeoutMs')}`,
      seconds,
    )
    .option(
      '--max-request-timeout <seconds>',
      `the same, whatever progress it reports ${inSeconds('maxRequestTimeoutMs')}`,
      seconds,
    )
    .option(
      '--ping-interval <seconds>',
      `a client that is silent this long is pinged ${inSeconds('pingIntervalMs')}`,
      seconds,
    )
    .option(
      '--pong-timeout <seconds>',
      `a client that leaves a ping unanswered this long is gone ${inSeconds('pongTimeoutMs')}`,
      seconds,
    )
    .option('--max-clients <n>', `clients at a time (default: ${RELAY_LIMITS.maxClients})`, wholeNumber(1, MAX_CLIENTS))
    .option(
      '--max-message-bytes <n>',
      `largest message from a client (default: ${RELAY_LIMITS.maxMessageBytes})`,
      wholeNumber(MIN_MESSAGE_BYTES, MAX_MESSAGE_BYTES),
    )
    .option(
      '--rate-limit <n[/burst]>',
      `requests per second and client (default: off on loopback, else ${REMOTE_RATE_LIMIT.perSecond}/${REMOTE_RATE_LIMIT.burst})`,
      rateLimit,
    )
    .optionsGroup('Files of its own:')
    .option(...DATA_DIR)
    .option('--log-file <file>', 'also write the log here; rotated, and opened again on SIGHUP')
    .optionsGroup('Besides:')
    .addOption(new Option('--end-with-stdin', 'end when stdin closes').hideHelp())
    .addOption(new Option('--port-option <name>', "the port's option, in errors").default('--port').hideHelp())
}
