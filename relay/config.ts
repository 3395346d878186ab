// The command line and what follows from it: where to listen, which project, which claude-flow.

import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { isLoopback } from '../platform/listen.ts'
import { findClaudeFlow } from '../platform/programs.ts'
import type { ChildCommand } from './childProcess.ts'
import { RELAY_LIMITS, REMOTE_RATE_LIMIT, type RelayLimits } from './limits.ts'
import { type ChildStart, type RelayOptionValues, relayProgram, type StatusOptionValues } from './options.ts'
import type { ToolPolicyOptions } from './toolPolicy.ts'
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
  /** Where the token is; else from the environment, else the data dir's own. */
  tokenFile: string | undefined
  /** False: whoever is on this machine gets in. */
  asksForToken: boolean
  /** Files in PEM; absent: no TLS. */
  tls: { cert: string; key: string } | undefined
  /** `null`: no claude-flow was found. */
  command: ChildCommand | null
  /** `undefined`: what suits the project. */
  childStart: ChildStart | undefined
  tools: ToolPolicyOptions
  /** What differs from `RELAY_LIMITS`. */
  limits: Partial<RelayLimits>
  allowHosts: string[]
  publicUrls: string[]
  endWithStdin: boolean
}

/** What is wrong with what was asked for; the message is for the person at the terminal. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export interface ConfigContext {
  env: NodeJS.ProcessEnv
  cwd: string
}

/** What was asked for on the command line. */
export type RelayCommand = { name: 'serve'; config: RelayConfig } | { name: 'status'; config: StatusConfig }

export interface StatusConfig {
  host: string
  port: number
  /** As given; the folder may be missing. */
  dataDir: string | undefined
  tokenFile: string | undefined
  /** `ca`: a file in PEM, else the public authorities count. Absent: no TLS. */
  tls: { ca: string | undefined } | undefined
  json: boolean
}

/** Ends the process for `--help` and for unknown options (commander); throws `ConfigError` for what cannot be. */
export function readCommand(argv: readonly string[], context: ConfigContext): RelayCommand {
  const asked: StatusOptionValues[] = []
  const program = relayProgram((options) => {
    asked.push(options)
  }).parse([...argv], { from: 'user' })
  const path = pathsOf(context)
  const [status] = asked
  if (!status) return { name: 'serve', config: serveConfig(program.opts<RelayOptionValues>(), context) }
  const { host, port, tls, json } = status
  const ca = path(status.tlsCa)
  return {
    name: 'status',
    config: {
      host,
      port,
      dataDir: path(status.dataDir),
      tokenFile: path(status.tokenFile),
      tls: tls || ca !== undefined ? { ca } : undefined,
      json: json === true,
    },
  }
}

/** Under npm relative paths are of the folder where it was called, not the package's. */
const baseOf = ({ env, cwd }: ConfigContext): string => env.INIT_CWD ?? cwd

const pathsOf =
  (context: ConfigContext) =>
  (given: string | undefined): string | undefined =>
    given === undefined ? undefined : resolve(baseOf(context), given)

function serveConfig(options: RelayOptionValues, context: ConfigContext): RelayConfig {
  const { env } = context
  const path = pathsOf(context)
  const tls = tlsFiles(options, path)
  refuseStrangers(options, tls !== undefined)
  const project = realPath(resolve(baseOf(context), options.project ?? '.'))
  return {
    host: options.host,
    port: options.port,
    portOption: options.portOption,
    project,
    dataDir: path(options.dataDir),
    logFile: path(options.logFile),
    tokenFile: path(options.tokenFile),
    asksForToken: options.auth,
    tls,
    command: resolveCommand(options.claudeFlow ?? (env.CLAUDE_FLOW_COMMAND || undefined), project, env.PATH ?? ''),
    childStart: options.child,
    tools: { allow: options.allowTools, deny: options.denyTools, readOnly: options.readOnly === true },
    limits: limitsOf(options),
    allowHosts: options.allowHost,
    publicUrls: options.publicUrl,
    endWithStdin: options.endWithStdin === true,
  }
}

function tlsFiles(
  { tlsCert, tlsKey }: RelayOptionValues,
  path: (given: string | undefined) => string | undefined,
): RelayConfig['tls'] {
  const [cert, key] = [path(tlsCert), path(tlsKey)]
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined) {
    throw new ConfigError('--tls-cert and --tls-key go together: the certificate and its private key')
  }
  return { cert, key }
}

/** Nobody else must be able to reach it unseen, or unasked. */
function refuseStrangers(options: RelayOptionValues, hasTls: boolean): void {
  const { host, auth, tokenFile, allowHost, publicUrl, insecureNoTls } = options
  if (!auth) {
    if (!isLoopback(host)) {
      throw new ConfigError(
        `--no-auth and --host ${host}: other machines could run tools here; it is for loopback only`,
      )
    }
    // A proxy brings others here; a name may lead a web page here (DNS rebinding), and no token would stop it.
    if (publicUrl.length > 0 || allowHost.length > 0) {
      throw new ConfigError('--no-auth goes with neither --public-url nor --allow-host: others would get in')
    }
    if (tokenFile !== undefined) throw new ConfigError('--no-auth and --token-file contradict each other')
  }
  if (!isLoopback(host) && !hasTls && !insecureNoTls) {
    throw new ConfigError(
      `--host ${host} is reachable from other machines, and without TLS the token would travel in the clear: ` +
        'give --tls-cert and --tls-key. Inside a private (e.g. container) network say --insecure-no-tls; else listen ' +
        'on 127.0.0.1 behind a proxy',
    )
  }
}

/** Only what was asked for, and what follows from where it listens. */
function limitsOf(options: RelayOptionValues): Partial<RelayLimits> {
  const { maxClients, maxMessageBytes } = options
  const inMs = (givenSeconds: number | undefined, name: string) =>
    givenSeconds === undefined ? {} : { [name]: Math.round(givenSeconds * 1000) }
  return {
    ...inMs(options.pingInterval, 'pingIntervalMs'),
    ...inMs(options.pongTimeout, 'pongTimeoutMs'),
    ...requestTimeouts(options),
    ...(maxClients === undefined ? {} : { maxClients }),
    ...(maxMessageBytes === undefined ? {} : { maxMessageBytes }),
    ...rateLimitOf(options),
  }
}

/** One of them alone moves the other only as far as it must. */
function requestTimeouts({ requestTimeout, maxRequestTimeout }: RelayOptionValues): Partial<RelayLimits> {
  if (requestTimeout === undefined && maxRequestTimeout === undefined) return {}
  if (requestTimeout !== undefined && maxRequestTimeout !== undefined && requestTimeout > maxRequestTimeout) {
    throw new ConfigError(
      `--request-timeout ${requestTimeout} is longer than --max-request-timeout ${maxRequestTimeout}`,
    )
  }
  const usual = RELAY_LIMITS.requestTimeoutMs
  const hardest = RELAY_LIMITS.maxRequestTimeoutMs
  const givenMs = requestTimeout === undefined ? undefined : Math.round(requestTimeout * 1000)
  const maxMs = maxRequestTimeout === undefined ? Math.max(hardest, givenMs ?? 0) : Math.round(maxRequestTimeout * 1000)
  return { requestTimeoutMs: givenMs ?? Math.min(usual, maxMs), maxRequestTimeoutMs: maxMs }
}

function rateLimitOf({ rateLimit, host }: RelayOptionValues): Partial<RelayLimits> {
  if (rateLimit === 'off') return { rateLimit: null }
  if (rateLimit !== undefined) return { rateLimit }
  return isLoopback(host) ? {} : { rateLimit: REMOTE_RATE_LIMIT }
}

/** `given`, used as it stands; else the project's own, else one on PATH; else `null`. */
export function resolveCommand(given: string | undefined, project: string, path: string): ChildCommand | null {
  if (given !== undefined) {
    const [file, ...args] = wordsOf(given)
    if (!file) throw new ConfigError('--claude-flow (or CLAUDE_FLOW_COMMAND) holds no command')
    return { file, args }
  }
  const file = findClaudeFlow(project, path)
  return file ? { file, args: ['mcp', 'start'] } : null
}

function wordsOf(line: string): string[] {
  try {
    return splitWords(line)
  } catch (error) {
    throw new ConfigError(`--claude-flow (or CLAUDE_FLOW_COMMAND) has ${(error as Error).message}: ${line}`)
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
