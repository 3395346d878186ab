// The whole server put together: worlds, sources, view, hub, API, in the order in which they need each other.

import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { isLoopback, listen } from '../platform/listen.ts'
import type { Logger } from '../platform/log.ts'
import { accessList } from '../protocol/access.ts'
import { type ErrorCode, SwarmscopeError } from '../protocol/errors.ts'
import type { PageCommands } from '../protocol/viewerWire.ts'
import { createApp } from './api/app.ts'
import { Audit } from './api/audit.ts'
import { CommandJournal } from './api/commandJournal.ts'
import { Idempotency } from './api/idempotency.ts'
import type { Config } from './config.ts'
import { DEFAULT_DEMO_AGENTS, plainPortOf } from './config.ts'
import type { RelayAddress } from './connector/relayUrl.ts'
import { doorsOf } from './doors.ts'
import { Guard } from './guard/guard.ts'
import type { RateLimitsOptions } from './guard/rateLimits.ts'
import { refuseUpgrade } from './guard/refuseUpgrade.ts'
import { Tickets } from './guard/tickets.ts'
import { History } from './history/history.ts'
import { Hub } from './hub/hub.ts'
import { serveStream } from './hub/stream.ts'
import { InFlight } from './inFlight.ts'
import type { AnyCount } from './ingest/counts.ts'
import { Ingest } from './ingest/ingest.ts'
import type { EventLog } from './log/eventLog.ts'
import { KeptLog } from './log/keptLog.ts'
import { MemoryLog } from './log/memoryLog.ts'
import { ServerMetrics } from './metrics.ts'
import { ClaudeCodeSource } from './sources/claudeCode/claudeCodeSource.ts'
import { ClaudeFlowSource } from './sources/claudeFlow/claudeFlowSource.ts'
import { endFormerClaudeFlow } from './sources/claudeFlow/endOfSource.ts'
import { MockSource } from './sources/mock/mockSource.ts'
import { OtlpSource } from './sources/otlp/otlpSource.ts'
import { ReplaySource } from './sources/replay/replaySource.ts'
import type { Source } from './sources/source.ts'
import { openPlainDoor } from './tls/plainDoor.ts'
import { answerPlainHttp } from './tls/plainHttp.ts'
import type { ServerTls } from './tls/serverTls.ts'
import { View } from './view.ts'
import { World } from './world.ts'

/** Connections that do not close are cut then. With the two below and the relay's 1.5 s: 10 s at most. */
const STOP_TIMEOUT_MS = 2_000
/** How long a connection waits for its next request; longer than clients and proxies keep theirs. */
const KEEP_ALIVE_MS = 65_000
/** A server that drains stays so long at least: whoever asks for its readiness each second is to hear of it. */
const DRAIN_MIN_MS = 1_000
/** For commands that are under way. */
const DRAIN_MAX_MS = 5_000
/** A TLS handshake; Node's default is 120 s. */
const HANDSHAKE_TIMEOUT_MS = 10_000
/** What is cut short then is told so; that answer, too, has to leave. */
const LAST_ANSWERS_MS = 500

export interface ServerOptions {
  config: Pick<Config, 'host' | 'port' | 'seed' | 'allowHosts' | 'publicUrls' | 'tokens'> &
    Partial<Pick<Config, 'showContent' | 'budgetUsd' | 'plainPort'>>
  /** Page and sockets come by https, and on loopback, at another port, without. */
  tls?: ServerTls | null
  /** The relay to connect to, how many demo agents to show, or a recording to play. */
  shown: /** `isOptional`: nobody named a claude-flow; it is used if it is found. */
    | ({ type: 'relay'; isOptional?: boolean } & RelayAddress)
    /** Only what is sent here. */
    | { type: 'no-claude-flow' }
    | { type: 'demo'; agents: number }
    | { type: 'replay'; file: string; speed: number }
  webDir: string | null
  /** Where the real world is kept, of a demo that one; not given: in memory. The server closes it. */
  keptLog?: KeptLog
  /** Where it is kept which commands were done; not given: in memory. Nobody else may write there. */
  commandsFile?: string | null
  /** What the page tells an operator to type. */
  commands?: PageCommands
  log: Logger
  /** Requests per client and window; if not said, those of the catalogue (`RATE_LIMITS`). */
  rateLimits?: RateLimitsOptions['limits']
}

export interface RunningServer {
  /** Without the token. */
  url: string
  port: number
  /** Where programs on this machine speak plain HTTP; without TLS that is the same as `url`. */
  plainUrl: string
  /** From the next connection on; names and addresses, too. Throws as `tls.createSecureContext` does. */
  renewTls(tls: ServerTls): void
  /** Tries the connection to the relay now. */
  retry(): void
  /**
   * Says at once that it is not ready any more, sends the viewers away, and takes no new work; resolves when what was
   * under way is answered. `close` has to follow.
   */
  drain(): Promise<void>
  close(): Promise<void>
}

/** Listens and connects. Rejects with `PORT_IN_USE`. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const {
    config,
    shown,
    webDir,
    log,
    rateLimits,
    keptLog = KeptLog.inMemory(log),
    commandsFile = null,
    commands,
    tls = null,
  } = options
  const { host, tokens } = config
  // Half-sent requests are gone after 10 s, looked for every 5 s; Node's defaults would keep them for a minute and more.
  const http = {
    // Hooks come in bursts with pauses between: on Node's 5 s, one of them would often meet the end of its connection.
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 5_000,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    requireHostHeader: false, // the guard refuses it, in our own words
  }
  const tlsServer = tls && createTlsServer({ ...http, ...tls.context, handshakeTimeout: HANDSHAKE_TIMEOUT_MS })
  const server = tlsServer ?? createServer(http)
  const metrics = new ServerMetrics(keptLog)
  const refuse = (socket: Duplex, code: ErrorCode) => {
    if (refuseUpgrade(socket, new SwarmscopeError(code)) !== null) metrics.errors.add(code)
  }
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket) => {
    // Only who speaks HTTP understands an answer: one into a TLS handshake that never ends would never leave.
    if (!tls || /^(HPE|ERR_HTTP)_/.test(code)) refuse(socket, 'BAD_REQUEST')
    else socket.destroy()
  })
  const mockSources: MockSource[] = []
  const newMockWorld = (agents: number, eventLog: EventLog = new MemoryLog()) => {
    const world = new World('mock', eventLog)
    const source = new MockSource({ world, seed: config.seed, agents, log })
    mockSources.push(source)
    return { world, source }
  }
  // Before anything is answered: who asks is never shown less than is known.
  const demoWorld = shown.type === 'demo' ? newMockWorld(shown.agents, keptLog.eventLog) : null
  await demoWorld?.source.begin()
  const real = await World.open('real', demoWorld ? new MemoryLog() : keptLog.eventLog)
  if (shown.type === 'no-claude-flow') await endFormerClaudeFlow(real)
  const journal = commandsFile === null ? null : await CommandJournal.open(commandsFile, log)
  // Then at once, so that a busy port leaves nothing behind. Nothing is answered before this turn of the loop is over.
  const port = await listen(server, { host, port: config.port, option: '--port' })
  server.on('error', (error) => log.error({ err: error }, 'the server socket'))
  const plainPort = plainPortOf({ port: config.port && port, plainPort: config.plainPort ?? null })
  const plain = tls && (await openPlainDoor({ server, http, port: plainPort }).catch(closing(server)))

  let draining = false
  const claudeFlow =
    shown.type === 'relay'
      ? new ClaudeFlowSource({
          address: shown,
          isOptional: shown.isOptional ?? false,
          token: tokens.relay,
          world: real,
          log,
          isEnding: () => draining,
        })
      : null
  const replay = shown.type === 'replay' ? new World('replay', new MemoryLog()) : null
  const replaySource =
    shown.type === 'replay' && replay
      ? new ReplaySource({ path: shown.file, speed: shown.speed, world: replay, log })
      : null
  // What is made up or recorded stays so: hooks and telemetry enter the real world alone.
  const isReal = shown.type === 'relay' || shown.type === 'no-claude-flow'
  const pushed = isReal
    ? { claudeCode: new ClaudeCodeSource({ world: real, log }), otlp: new OtlpSource({ world: real, log }) }
    : null
  const sources: Source[] = pushed
    ? [...(claudeFlow ? [claudeFlow] : []), pushed.claudeCode, pushed.otlp]
    : replaySource
      ? [replaySource]
      : mockSources
  const view = new View({
    demo: demoWorld !== null,
    replay,
    recordedClock: replaySource?.clock ?? null,
    real,
    keptLog,
    sources,
    budgetUsd: config.budgetUsd ?? null,
    mock: () => {
      const { world, source } = demoWorld ?? newMockWorld(DEFAULT_DEMO_AGENTS)
      source.start()
      return world
    },
  })
  // Nobody sees it: it needs not go on.
  view.onChange(() => {
    for (const source of mockSources) view.mode === 'mock' ? source.start() : source.pause()
  })
  for (const source of sources) metrics.observe(source)
  const hub = new Hub(view, (sourceAtMs) => metrics.frameSent(sourceAtMs))

  const { allowHosts, publicUrls } = config
  const ownNames = [...(isLoopback(host) ? [host] : []), ...allowHosts]
  // Beside TLS only this machine comes without it.
  const access = accessList(
    plain ? { port: plain.port, hostNames: [], publicUrls: [] } : { port, hostNames: ownNames, publicUrls },
  )
  const tlsAccessOf = ({ hostNames }: ServerTls) =>
    accessList({ port, hostNames: [...ownNames, ...hostNames], publicUrls, tls: true })
  let tlsAccess = tls && tlsAccessOf(tls)
  let currentTls = tls
  const cutTls =
    tlsServer &&
    answerPlainHttp(tlsServer, {
      isOurs: (asked) => tlsAccess?.hosts.has(asked.toLowerCase()) === true,
      plainUrl: () => plain?.url ?? '',
      onRefused: (code) => metrics.errors.add(code),
    })
  const history = keptLog.path !== null ? new History(keptLog.path) : null
  const tickets = new Tickets()
  const guard = new Guard({
    access,
    ...(tls ? { tlsAccess: () => tlsAccess ?? access } : {}),
    operatorToken: tokens.operator,
    viewerToken: tokens.viewer,
    ingestToken: tokens.ingest,
    tickets,
  })
  const audit = new Audit({ guard, log })
  if (pushed) metrics.ingest.tellTo((what, more) => countAt(pushed, what, more))
  const ingest = new Ingest({
    guard,
    sinks: pushed,
    showContent: config.showContent ?? false,
    isDraining: () => draining,
    counts: metrics.ingest,
    ...(rateLimits ? { limits: rateLimits } : {}),
    onError: (code) => metrics.errors.add(code),
    onLimited: (policy) => metrics.rateLimited.add(policy),
    log,
  })
  const inFlight = new InFlight(server, ({ url = '' }) => url.startsWith('/api/v1/events'))
  server.on('request', (request, response) => metrics.requestBegan(request, response))
  const app = createApp({
    view,
    hub,
    guard,
    demo: !isReal,
    history,
    isDraining: () => draining,
    claudeFlow,
    audit,
    idempotency: new Idempotency({ journal }),
    tickets,
    webDir,
    log,
    metrics,
    ...(rateLimits ? { limits: rateLimits } : {}),
  })
  server.on('request', (request, response) => {
    if (!ingest.answer(request, response)) app(request, response)
  })
  const closeStream = serveStream({
    server,
    hub,
    guard,
    log,
    commands,
    doors: () => doorsOf({ config, tls: currentTls, port, plainPort: plain?.port ?? null }),
    onRefused: (code) => metrics.errors.add(code),
  })
  claudeFlow?.start()
  pushed?.claudeCode.start()
  pushed?.otlp.start()
  replaySource?.start()

  const name = host.includes(':') ? `[${host}]` : host
  const url = `${tls ? 'https' : 'http'}://${name}:${port}`
  const goodbye = () => {
    if (draining) return
    draining = true
    hub.close()
    closeStream()
    server.on('upgrade', (_request, socket) => refuse(socket, 'STOPPING'))
  }
  let drained: Promise<void> | null = null
  const drain = async () => {
    goodbye()
    const [answered] = await Promise.all([inFlight.none(DRAIN_MAX_MS), delay(DRAIN_MIN_MS)])
    if (!answered) log.warn({ requests: inFlight.size }, 'requests take too long: they are cut short')
  }
  let closed: Promise<void> | null = null
  const close = async () => {
    goodbye()
    const servers = plain ? [server, plain.server] : [server]
    const stopped = Promise.all(servers.map((each) => new Promise<void>((resolve) => each.close(() => resolve()))))
    view.close()
    // What was answered is in the log before its sources close.
    await ingest.close()
    metrics.ingest.flush()
    await Promise.all([...sources, ...mockSources].map((source) => source.close()))
    await inFlight.none(LAST_ANSWERS_MS)
    for (const each of servers) {
      each.closeIdleConnections()
      // Event streams never end by themselves.
      each.closeAllConnections()
    }
    cutTls?.()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        log.warn('some connections did not close in time')
        resolve()
      }, STOP_TIMEOUT_MS)
    })
    await Promise.race([stopped, late])
    clearTimeout(timer)
    audit.close()
    history?.close()
    await journal?.close()
    await Promise.all([real.close(), demoWorld?.world.close()])
  }
  return {
    url,
    port,
    plainUrl: plain?.url ?? url,
    renewTls: (renewed) => {
      if (!tlsServer) return
      tlsServer.setSecureContext(renewed.context)
      tlsAccess = tlsAccessOf(renewed)
      currentTls = renewed
    },
    retry: () => view.retry(),
    drain: () => {
      drained ??= drain()
      return drained
    },
    close: () => {
      closed ??= close()
      return closed
    },
  }
}

/** Beside the source that it is about; of telemetry nobody knows better than that it is no Claude Code's. */
function countAt(
  { claudeCode, otlp }: { claudeCode: ClaudeCodeSource; otlp: OtlpSource },
  what: AnyCount,
  more: number,
) {
  if (what === 'telemetryForeign') otlp.count(what, more)
  else claudeCode.count(what, more)
}

/** What could not be started whole leaves no half of it behind. */
const closing =
  (server: { close(): unknown }) =>
  (error: unknown): never => {
    server.close()
    throw error
  }

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
