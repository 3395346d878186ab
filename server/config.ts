// The command line and the environment → one checked configuration.

import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { dataDirPath, openDataDir, openProjectDir, projectDirPath } from '../platform/dataDir.ts'
import { isLoopback } from '../platform/listen.ts'
import { LOG_FORMATS, type LogFormat } from '../platform/log.ts'
import { readSecret } from '../platform/secrets.ts'
import { VERSION } from '../platform/version.ts'
import { accessList, LOOPBACK_NAMES } from '../protocol/access.ts'
import { parseRelayUrl, type RelayAddress, relayUrl } from './connector/relayUrl.ts'
import { DAY_MS, DEFAULT_MAX_AGE_MS, DEFAULT_MAX_BYTES } from './log/bounds.ts'

const DEFAULT_PORT = 8080
const LOOPBACK_HOST = '127.0.0.1'
/** TLS is for others: this machine itself needs none. */
const LAN_HOST = '0.0.0.0'
const DEFAULT_RELAY_PORT = 3000
export const DEFAULT_DEMO_AGENTS = 12
const MAX_DEMO_AGENTS = 20_000
const MB = 1024 * 1024
const QR_WHO = ['viewer', 'operator'] as const
export type QrWho = (typeof QR_WHO)[number]
const TLS_KINDS = ['self-signed'] as const

export interface Config {
  project: string
  host: string
  port: number
  open: boolean
  seed: number
  allowHosts: readonly string[]
  publicUrls: readonly string[]
  tls: { type: 'files'; cert: string; key: string } | { type: 'self-signed' } | null
  /** With TLS: of the loopback door without it; `null`: the one after `port`. */
  plainPort: number | null
  /** Whose token the QR code holds; `null`: one is shown only on a terminal, with the viewer's. */
  qr: QrWho | null
  dataDir: string
  /** `projects/<hash>/` of the data dir. */
  projectDir: string
  /** On stderr. */
  logFormat: LogFormat
  /** Bounds of the event log. */
  history: { maxAgeMs: number; maxBytes: number }
  /** Commands and the like of Claude Code's tools are shown too, redacted. */
  showContent: boolean
  /** What it may cost before there is a warning; `null`: nobody said. */
  budgetUsd: number | null
  tokens: { operator: string; viewer: string; ingest: string; relay: string }
  given: Given
  world:
    | { type: 'demo'; agents: number }
    /** A recorded session. */
    | { type: 'replay'; file: string; speed: number }
    /** A relay that runs elsewhere. */
    | ({ type: 'remote' } & RelayAddress)
    /** A relay of our own, started as a child process; `undefined`: claude-flow is used if it is found. */
    | { type: 'local'; relayPort: number; claudeFlow: string | undefined }
    /** Neither: only what is sent here is shown. */
    | { type: 'no-claude-flow' }
}

/** Wrong options or variables; the message says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const integer =
  (name: string, min: number, max: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`${name} is a whole number from ${min} to ${max}.`)
    }
    return value
  }
function speed(text: string): number {
  const value = Number(text)
  if (!(value >= 0.1 && value <= 10_000)) throw new InvalidArgumentError('A speed is a number from 0.1 to 10000.')
  return value
}
function amount(text: string): number {
  const value = Number(text)
  if (!/^\d+(\.\d+)?$/.test(text) || !(value > 0 && value <= 1e9)) {
    throw new InvalidArgumentError('An amount is a number above 0.')
  }
  return value
}
const collect = (value: string, previous: string[] | undefined): string[] => [...(previous ?? []), value]

export interface Options {
  project?: string
  host?: string
  port: number
  relayPort: number
  /** False: `--no-claude-flow`. */
  claudeFlow?: string | false
  demo?: number | true
  seed: number
  open: boolean
  dataDir?: string
  allowHost: string[]
  publicUrl: string[]
  insecureNoTls: boolean
  tls?: (typeof TLS_KINDS)[number]
  tlsCert?: string
  tlsKey?: string
  plainPort?: number
  qr?: QrWho
  historyDays: number
  historyMb: number
  logFormat?: LogFormat
  replay?: string
  speed: number
  showContent: boolean
  budgetUsd?: number
}

export function createCommand(): Command {
  const port = integer('A port', 0, 65_535)
  return new Command('swarmscope')
    .description(
      "Shows the agents of a claude-flow swarm live in the browser. Without options: the current folder's project.",
    )
    .version(VERSION)
    .option('--project <dir>', 'the project folder whose agents are shown (default: the current folder)')
    .option(
      '--host <host>',
      `address to listen on (default: ${LOOPBACK_HOST}; with TLS ${LAN_HOST}, all of this machine)`,
    )
    .option('--port <n>', 'port of the page and its API; 0 takes any free one', port, DEFAULT_PORT)
    .option('--relay-port <n>', 'port of the relay that is started beside it', port, DEFAULT_RELAY_PORT)
    .option(
      '--claude-flow <command>',
      "claude-flow's whole command line (default: the project's own, else the one on PATH)",
    )
    .option('--no-claude-flow', 'do without claude-flow and its relay: only what Claude Code and others send is shown')
    .addOption(
      new Option(
        '--demo [n]',
        `show a made-up world of n agents (default ${DEFAULT_DEMO_AGENTS}), marked as such; no relay`,
      ).argParser(integer('The number of demo agents', 1, MAX_DEMO_AGENTS)),
    )
    .option('--seed <n>', 'the same seed gives the same demo', integer('A seed', 0, 2 ** 32 - 1), 1)
    .option(
      '--replay <file>',
      'show a recorded session (GET /api/v1/history/recording) again, marked as such; no relay',
    )
    .option('--speed <x>', 'how many times as fast the recording is played', speed, 1)
    .option('--open', 'open the page in the browser', false)
    .option('--data-dir <dir>', "where secrets and logs are kept (default: the platform's user data folder)")
    .option('--allow-host <name>', 'a further host name that the page may be reached by; repeatable', collect, [])
    .option('--public-url <url>', 'a URL that the page is reached by, e.g. through a proxy; repeatable', collect, [])
    .option(
      '--history-days <n>',
      'how long events are kept',
      integer('A number of days', 1, 3_650),
      DEFAULT_MAX_AGE_MS / DAY_MS,
    )
    .option(
      '--history-mb <n>',
      'how large the event log may be, in MB',
      integer('A size in MB', 16, 1_000_000),
      DEFAULT_MAX_BYTES / MB,
    )
    .addOption(
      new Option(
        '--log-format <format>',
        'of the log on stderr (default: text); the log file is JSON always, `logs` prints it as text',
      ).choices(LOG_FORMATS),
    )
    .option(
      '--show-content',
      "show on what Claude Code's tools work (commands, addresses), redacted; else files' names alone",
      false,
    )
    .option('--budget-usd <n>', 'what the agents may cost: from 80 % of it on there is a warning', amount)
    .option('--tls-cert <file>', 'certificate (chain) in PEM: https:// and wss://, for others and for headsets')
    .option('--tls-key <file>', 'its private key in PEM; SIGHUP reads both again')
    .addOption(
      new Option('--tls <kind>', 'TLS with a certificate of our own making, kept in the data dir').choices(TLS_KINDS),
    )
    .option('--plain-port <n>', 'with TLS: port of the loopback door without it (default: --port + 1)', port)
    .addOption(
      new Option(
        '--qr [who]',
        "show the link as a QR code, also where no terminal is; with the viewer's token or the operator's",
      )
        .choices(QR_WHO)
        .preset('viewer'),
    )
    .option('--insecure-no-tls', 'serve plain HTTP on an address that others can reach', false)
    .addHelpText(
      'after',
      `
Environment:
  CLAUDE_FLOW_HOST, CLAUDE_FLOW_PORT  connect to the relay there (port ${DEFAULT_RELAY_PORT} by default) and start none
  CLAUDE_FLOW_URL                     the same as a whole address, ws://host:port or with TLS wss://host:port; it comes first
  CLAUDE_FLOW_CA                      PEM file with the only certificate(s) to trust for a wss:// relay, e.g. its own
  CLAUDE_FLOW_COMMAND                 the same as --claude-flow
  CLAUDE_FLOW_OFF=1                   the same as --no-claude-flow
  SWARMSCOPE_TOKEN, SWARMSCOPE_VIEWER_TOKEN, SWARMSCOPE_INGEST_TOKEN, SWARMSCOPE_RELAY_TOKEN
                                      secrets; not set: random, kept in the data dir
  SWARMSCOPE_LOG_LEVEL                trace, debug, info (default), warn, error; what was commanded is always
                                      logged
  SWARMSCOPE_LOG_FORMAT               the same as --log-format
`,
    )
}

/** Throws `ConfigError`; `--help`, `--version` and unknown options end in commander's way. */
export function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Config {
  return configOf(createCommand().parse(argv, { from: 'user' }).opts<Options>(), env)
}

/** Makes the folders and tokens that are not there yet. Throws `ConfigError`. */
export function configOf(options: Options, env: NodeJS.ProcessEnv = process.env): Config {
  const place = placeOf(options, env)
  const tls = tlsOf(options, env.INIT_CWD ?? process.cwd())
  const host = options.host ?? (tls ? LAN_HOST : LOOPBACK_HOST)
  checkExposure({ ...options, host, tls })
  checkPlainPort(options, tls)
  const dataDir = openDataDir(place.dataDir)
  return {
    project: place.project,
    // As the URL writes it, and as Node does not.
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: options.port,
    open: options.open,
    seed: options.seed,
    allowHosts: options.allowHost,
    publicUrls: options.publicUrl,
    tls,
    plainPort: options.plainPort ?? null,
    qr: options.qr ?? null,
    dataDir,
    history: { maxAgeMs: options.historyDays * DAY_MS, maxBytes: options.historyMb * MB },
    projectDir: openProjectDir(dataDir, place.key),
    logFormat:
      options.logFormat ?? LOG_FORMATS.find((format) => format === env.SWARMSCOPE_LOG_FORMAT?.trim()) ?? 'text',
    showContent: options.showContent,
    budgetUsd: options.budgetUsd ?? null,
    tokens: readTokens(dataDir, env),
    given: place.given,
    world: place.world,
  }
}

export interface Place {
  project: string
  world: Config['world']
  dataDir: string
  /** What the project's folder in the data dir is named after. */
  key: string
  projectDir: string
  /** The options as they were given, their paths absolute: for the commands that we tell the user. */
  given: Given
}
export type Given = Partial<Options>

/** Where a server with these options keeps its things; makes nothing. Throws `ConfigError`. */
export function placeOf(options: Given & Pick<Options, PlaceOption>, env: NodeJS.ProcessEnv = process.env): Place {
  const startFolder = env.INIT_CWD ?? process.cwd()
  const project = resolve(startFolder, options.project ?? '.')
  const world = worldOf(options, env, startFolder)
  const key = world.type === 'remote' ? relayUrl(world) : project
  const dataDir = dataDirPath(options.dataDir === undefined ? undefined : resolve(startFolder, options.dataDir))
  const given = { ...options }
  for (const name of PATH_OPTIONS) {
    const path = given[name]
    if (path !== undefined) given[name] = resolve(startFolder, path)
  }
  return { project, world, dataDir, key, projectDir: projectDirPath(dataDir, key), given }
}
const PATH_OPTIONS = ['project', 'dataDir', 'replay', 'tlsCert', 'tlsKey'] as const
type PlaceOption = 'project' | 'dataDir' | 'demo' | 'replay' | 'speed' | 'claudeFlow' | 'relayPort'

function worldOf(options: Pick<Options, PlaceOption>, env: NodeJS.ProcessEnv, startFolder: string): Config['world'] {
  if (options.demo !== undefined) {
    return { type: 'demo', agents: options.demo === true ? DEFAULT_DEMO_AGENTS : options.demo }
  }
  if (options.replay !== undefined) {
    const file = resolve(startFolder, options.replay)
    if (!existsSync(file)) throw new ConfigError(`--replay: there is no file ${file}`)
    return { type: 'replay', file, speed: options.speed }
  }
  // What is typed comes before what is exported.
  if (options.claudeFlow === false || (options.claudeFlow === undefined && isSet('CLAUDE_FLOW_OFF', env))) {
    return { type: 'no-claude-flow' }
  }
  const url = env.CLAUDE_FLOW_URL?.trim()
  const caFile = env.CLAUDE_FLOW_CA?.trim()
  if (url) return { type: 'remote', ...relayAtUrl(url, caFile ? resolve(startFolder, caFile) : undefined) }
  // Whoever names a certificate wants TLS: without it nothing would be checked, nor hidden.
  if (caFile) throw new ConfigError('CLAUDE_FLOW_CA is for a relay with TLS: set CLAUDE_FLOW_URL=wss://HOST:PORT too')
  const host = env.CLAUDE_FLOW_HOST?.trim()
  const port = env.CLAUDE_FLOW_PORT?.trim()
  if (!host && !port) {
    if (options.claudeFlow !== undefined && options.claudeFlow.trim() === '') {
      throw new ConfigError('--claude-flow holds no command; leave it out to have claude-flow found')
    }
    const claudeFlow = options.claudeFlow ?? env.CLAUDE_FLOW_COMMAND
    return { type: 'local', relayPort: options.relayPort, claudeFlow: claudeFlow?.trim() ? claudeFlow : undefined }
  }
  if (host && !/^(\[[0-9a-f:.]+\]|[A-Za-z0-9._-]+|[0-9a-f:]+)$/i.test(host)) {
    throw new ConfigError(`CLAUDE_FLOW_HOST is a host name or address, without scheme and port: ${host}`)
  }
  if (port && !(/^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    throw new ConfigError(`CLAUDE_FLOW_PORT is a port from 1 to 65535: ${port}`)
  }
  return { type: 'remote', host: host || '127.0.0.1', port: port ? Number(port) : DEFAULT_RELAY_PORT }
}

/** Of a variable that switches something on. */
function isSet(variable: string, env: NodeJS.ProcessEnv): boolean {
  const value = env[variable]?.trim().toLowerCase() ?? ''
  if (['', '0', 'false', 'no', 'off'].includes(value)) return false
  if (['1', 'true', 'yes', 'on'].includes(value)) return true
  throw new ConfigError(`${variable} is 1 or 0: ${value}`)
}

function relayAtUrl(text: string, caFile: string | undefined): RelayAddress {
  let address: RelayAddress
  try {
    address = parseRelayUrl(text)
  } catch (cause) {
    throw new ConfigError(`CLAUDE_FLOW_URL: ${(cause as Error).message}`, { cause })
  }
  if (caFile === undefined) return address
  if (!address.tls) throw new ConfigError('CLAUDE_FLOW_CA is for a relay with TLS: CLAUDE_FLOW_URL begins with wss://')
  try {
    const ca = readFileSync(caFile, 'utf8')
    // Node takes a file without any certificate in silence, and then trusts nobody.
    new X509Certificate(ca)
    return { ...address, tls: { ca } }
  } catch (cause) {
    throw new ConfigError(`CLAUDE_FLOW_CA: ${caFile} cannot be read as a certificate in PEM`, { cause })
  }
}

type TlsOption = 'tls' | 'tlsCert' | 'tlsKey'

function tlsOf({ tls, tlsCert, tlsKey }: Pick<Options, TlsOption>, startFolder: string): Config['tls'] {
  if (tlsCert === undefined && tlsKey === undefined) return tls ? { type: tls } : null
  if (tls) throw new ConfigError('--tls self-signed makes a certificate: leave out --tls-cert and --tls-key')
  if (tlsCert === undefined) throw new ConfigError('--tls-key needs --tls-cert too')
  if (tlsKey === undefined) throw new ConfigError('--tls-cert needs --tls-key too')
  return { type: 'files', cert: resolve(startFolder, tlsCert), key: resolve(startFolder, tlsKey) }
}

function checkPlainPort({ port, plainPort }: Options, tls: Config['tls']): void {
  if (!tls) {
    if (plainPort !== undefined)
      throw new ConfigError('--plain-port is the second port beside TLS: add it, or leave this out')
    return
  }
  if (plainPortOf({ port, plainPort: plainPort ?? null }) > 65_535) {
    throw new ConfigError(`--port ${port} has none after it: choose the loopback port with --plain-port N`)
  }
  if (plainPort === port && port !== 0) throw new ConfigError('--plain-port is another one than --port')
}

/** Of the loopback door beside a port with TLS. */
export const plainPortOf = ({ port, plainPort }: Pick<Config, 'port' | 'plainPort'>): number =>
  plainPort ?? (port === 0 ? 0 : port + 1)

/** Where programs on this machine find a server with these options: the port without TLS. */
export const localPortOf = ({
  port,
  plainPort = null,
  ...tls
}: Pick<Options, TlsOption | 'port'> & { plainPort?: number | null }): number =>
  tls.tls || tls.tlsCert || tls.tlsKey ? plainPortOf({ port, plainPort }) : port

type Exposure = Pick<Options, 'publicUrl' | 'allowHost' | 'insecureNoTls'> & Pick<Config, 'host' | 'tls'>

/** Who listens for others does it with TLS; or must know by which name they come, and say that it is without. */
function checkExposure({ host, tls, publicUrl, allowHost, insecureNoTls }: Exposure): void {
  for (const name of allowHost) {
    if (!/^[A-Za-z0-9._-]+$/.test(name) && !LOOPBACK_NAMES.includes(name)) {
      throw new ConfigError(`--allow-host takes a host name without scheme and port: ${name}`)
    }
  }
  for (const url of publicUrl) {
    try {
      accessList({ port: 1, hostNames: [], publicUrls: [url] })
    } catch (cause) {
      throw new ConfigError(`--public-url takes https://name[:port]: ${url}`, { cause })
    }
  }
  if (isLoopback(host) || tls) return
  if (publicUrl.length === 0) {
    throw new ConfigError(
      `--host ${host} lets others in: add --tls self-signed (or --tls-cert and --tls-key); behind a TLS proxy add --public-url URL, the address under which they come`,
    )
  }
  if (!insecureNoTls) {
    throw new ConfigError(
      `--host ${host} without TLS sends tokens in the clear: add --tls self-signed (or --tls-cert and --tls-key), put a TLS proxy before a loopback port, or add --insecure-no-tls (a container network may)`,
    )
  }
}

function readTokens(dataDir: string, env: NodeJS.ProcessEnv): Config['tokens'] {
  return {
    operator: readSecret('operator', dataDir, env),
    viewer: readSecret('viewer', dataDir, env),
    ingest: readSecret('ingest', dataDir, env),
    relay: readSecret('relay', dataDir, env),
  }
}

type InProject = Pick<Config, 'projectDir'>
/** Of what runs there: a demo and a replay may stand beside the real server, whose files stay as they are. */
export type Running = InProject & { world: { type: string } }
const MADE_UP = ['demo', 'replay'] as const
export const isMadeUp = ({ type }: { type: string }): boolean => MADE_UP.some((made) => made === type)
const named =
  (name: string, ending: string) =>
  ({ projectDir, world }: Running): string =>
    join(projectDir, `${name}${isMadeUp(world) ? `-${world.type}` : ''}${ending}`)

export const logFileOf = named('server', '.log')
/** Where it is, for the commands that look for it. */
export const runFileOf = named('run', '.json')
/** By which a browser is opened. */
export const openFileOf = named('open', '.html')
/** What may run in this project, the real server first. */
export const allRunning = ({ projectDir }: InProject): Running[] =>
  ['real', ...MADE_UP].map((type) => ({ projectDir, world: { type } }))
/** Of the relay that we start. */
export const relayLogFileOf = ({ projectDir }: InProject): string => join(projectDir, 'relay.log')
export const eventLogFileOf = ({ projectDir }: InProject): string => join(projectDir, 'events.db')
export const commandsFileOf = ({ projectDir }: InProject): string => join(projectDir, 'commands.ndjson')
