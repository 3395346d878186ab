// The relay, put together: child ⇄ mux ⇄ clients; files → records → frames.

import { Server as TlsServer } from 'node:https'
import { hostname } from 'node:os'
import { basename } from 'node:path'
import type { SecureContextOptions } from 'node:tls'
import { listen } from '../platform/listen.ts'
import type { Logger } from '../platform/log.ts'
import { VERSION } from '../platform/version.ts'
import { generationOf } from '../protocol/claudeFlow.ts'
import { type ErrorCode, errorBody } from '../protocol/errors.ts'
import { type HelloResult, MAX_TOOL_NAME_LENGTH, RELAY_PROTOCOL, type RelayState } from '../protocol/relayWire.ts'
import { CLOSE } from '../protocol/viewerWire.ts'
import { Audience } from './audience.ts'
import { ChildSupervisor } from './child.ts'
import type { ChildCommand, SpawnChild } from './childProcess.ts'
import type { ClientEvents, RelayClient } from './client.ts'
import { Guard } from './guard.ts'
import { createHttpServer, type HttpServer } from './http.ts'
import { RELAY_LIMITS, type RelayLimits } from './limits.ts'
import { McpDoor } from './mcp/door.ts'
import { localMethods } from './methods.ts'
import { type RelayFacts, RelayMetrics } from './metrics.ts'
import { Mux, type MuxCounters } from './mux.ts'
import type { Settled } from './outcome.ts'
import type { ClientId } from './pending.ts'
import { Roster } from './roster.ts'
import { SocketMeter } from './socketMeter.ts'
import { readSourceId } from './sourceId.ts'
import { RecordState } from './state.ts'
import { ALL_TOOLS, ToolPolicy, type ToolPolicyOptions } from './toolPolicy.ts'
import { ProjectWatch } from './watch/projectWatch.ts'
import { WsDoor } from './ws.ts'

export interface RelayOptions {
  host: string
  /** 0: any free one. */
  port: number
  /** The option that chooses another port, for the error's text. */
  portOption?: string
  /** claude-flow's project folder, absolute. */
  project: string
  /** Must exist (`openDataDir`). */
  dataDir: string
  /** `null`: none is asked for. */
  token: string | null
  /** Absent: no TLS. */
  tls?: SecureContextOptions | undefined
  /** `null`: there is no claude-flow; the files are watched all the same. */
  command: ChildCommand | null
  log: Logger
  /** Where that log is also written; for health. */
  logFile?: string | undefined
  allowHosts?: readonly string[]
  publicUrls?: readonly string[]
  /** Which tools may be called; all, if not said. */
  tools?: ToolPolicyOptions
  /** When claude-flow is started; if not said, `lazy` where 3.x's files are there (they need no process), else `eager`. */
  childStart?: 'eager' | 'lazy' | undefined
  /** For the child; what is ours is taken out. */
  env?: NodeJS.ProcessEnv
  spawn?: SpawnChild
  limits?: Partial<RelayLimits>
}

/** What was answered during a drain may take this long to leave; together with the drain far below 10 s. */
const DRAINED_CLOSE_MS = 2_000

/** A client of the HTTP door asks over several sockets at once; probes and scrapes need some, too. */
const SOCKETS_PER_CLIENT = 4
const SPARE_SOCKETS = 256

/** The section of the records that a 2.x process told of its memory. */
const ROSTER_SECTION = 'roster'
/** How often it is looked whether a request waits too long, while one does. */
const TICK_MS = 250

/** Resolves when it listens and has read what there is; rejects with `SwarmscopeError` `PORT_IN_USE`. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const relay = new Relay(options)
  await relay.start()
  return relay
}

export class Relay {
  readonly #options: RelayOptions
  readonly #log: Logger
  readonly #limits: RelayLimits
  readonly #sourceId: string
  readonly #state = new RecordState()
  readonly #clients = new Map<ClientId, RelayClient>()
  readonly #sockets = new SocketMeter()
  readonly #metrics = new RelayMetrics(() => this.#facts())
  readonly #audience = new Audience(this.#state.store, () => this.#metrics.frameSent())
  readonly #mux: Mux
  readonly #child: ChildSupervisor
  readonly #roster: Roster
  readonly #watch: ProjectWatch
  readonly #http: HttpServer
  readonly #ws: WsDoor
  readonly #mcp: McpDoor
  readonly #startedAt = new Date().toISOString()
  #guard: Guard | null = null
  #isReady = false
  #port = 0
  #ticker: NodeJS.Timeout | undefined
  #closed: Promise<void> | null = null
  #endDrain: () => void = () => undefined

  constructor(options: RelayOptions) {
    const limits = { ...RELAY_LIMITS, ...options.limits }
    const { log, project } = options
    this.#options = options
    this.#log = log
    this.#limits = limits
    this.#sourceId = readSourceId({ dataDir: options.dataDir, root: project, host: hostname() })
    this.#http = createHttpServer({
      tls: options.tls,
      maxConnections: limits.maxClients * SOCKETS_PER_CLIENT + SPARE_SOCKETS,
      unauthenticatedMs: limits.unauthenticatedMs,
      guard: () => this.#guard,
      health: (detailed) => this.#health(detailed),
      isReady: () => this.#isReady,
      mcp: (request, response) => this.#mcp.handle(request, response),
      metrics: () => this.#metrics.text(),
      onSocket: (socket) => this.#sockets.watch(socket),
      onRefused: (code) => this.#metrics.refused.add(code),
      onInternalError: (err) => log.error({ err }, 'a request failed'),
    })
    this.#mux = this.#createMux()
    this.#child = this.#createChild()
    this.#roster = new Roster(
      {
        listAgents: (args) => this.#mux.call('tools/call', { name: 'agent_list', arguments: args }),
        onRecords: (records) => {
          this.#state.replace(ROSTER_SECTION, records, new Date().toISOString())
          this.#tellState()
        },
        onError: (err) => log.debug({ err }, 'agent_list failed'),
      },
      limits.rosterIntervalMs,
    )
    this.#watch = new ProjectWatch({
      root: project,
      intervalMs: limits.statIntervalMs,
      badAfterMs: limits.badFileAfterMs,
      log,
      onChange: (file, change, at) => this.#state.apply(file, change, at),
      onPresence: () => this.#presenceChanged(),
    })
    this.#state.onChange(() => this.#audience.recordsChanged())
    const door = {
      guard: () => this.#guard,
      limits,
      log,
      onRefused: (code: ErrorCode) => this.#metrics.refused.add(code),
      onDropped: (code: number) => this.#metrics.closed.add(String(code)),
      hasRoom: () => this.#clientCount < limits.maxClients || this.#mcp.makeRoom(),
    }
    const events: ClientEvents = {
      onOpen: (client) => this.#opened(client),
      onMessage: (client, message) => this.#mux.fromClient(client.id, message),
      onClose: (client) => this.#left(client.id),
    }
    this.#ws = new WsDoor({ ...door, server: this.#http, events })
    this.#mcp = new McpDoor({ ...door, events: { ...events, onRegained: ({ id }) => this.#audience.renew(id) } })
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    const { host, tls } = this.#options
    return `${tls ? 'wss' : 'ws'}://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${this.#port}/ws`
  }

  get childPid(): number | null {
    return this.#child.pid
  }

  get state(): RelayState {
    return { child: this.#child.status, hasState: this.#watch.found.length > 0 || this.#roster.hasSwarms }
  }

  get counters(): Readonly<MuxCounters> {
    return this.#mux.counters
  }

  /** As `startRelay`; for whoever must be able to `close` before it is done. */
  async start(): Promise<void> {
    const { host, port, portOption = '--port', allowHosts = [], publicUrls = [], token } = this.#options
    try {
      await this.#watch.ready
      // Before the child: a busy port must not start one.
      const address = { host: host.replace(/^\[|\]$/g, ''), port, option: portOption }
      this.#port = await listen(this.#http, { ...address, patienceMs: this.#limits.portPatienceMs })
    } catch (error) {
      await this.close()
      throw error
    }
    if (this.#closed) {
      this.#http.close()
      return
    }
    const tls = this.#options.tls !== undefined
    this.#guard = new Guard({ host: this.#options.host, port: this.#port, tls, allowHosts, publicUrls, token })
    this.#isReady = true
    this.#child.start(this.#options.childStart ?? (this.#watch.hasFiles3 ? 'lazy' : 'eager'))
  }

  /**
   * Ends in order; may be called twice. With `drainMs` nobody new is let in, and what is pending has so long to be
   * answered; a second call without it ends that wait.
   */
  close({ drainMs = 0 }: { drainMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close(drainMs)
    if (drainMs === 0) this.#endDrain()
    return this.#closed
  }

  /** From the next connection on. Throws as `tls.createSecureContext` does, and keeps the old one then. */
  renewTls(tls: SecureContextOptions): void {
    if (this.#http instanceof TlsServer) this.#http.setSecureContext(tls)
  }

  /** For the last moment of the process, when nothing can be awaited any more. */
  killChildNow(): void {
    this.#child.killNow()
  }

  async #close(drainMs: number): Promise<void> {
    this.#isReady = false
    if (drainMs > 0) await this.#drained(drainMs)
    this.#http.close()
    this.#http.closeIdleConnections()
    const childEnded = this.#child.end()
    // Before the sockets close: what is pending is answered. What a 2.x process told stays with the subscribers, who
    // show it as stale; to take it back now would look as if the agents had ended.
    // It may have been done: who hears `STOPPING` may take it that it was not, and ask again.
    this.#mux.refuse(errorBody('STOPPING'))
    this.#mux.childGone(errorBody('CHILD_CRASHED', { detail: 'the relay is ending' }))
    this.#roster.close()
    clearInterval(this.#ticker)
    const patienceMs = drainMs > 0 ? DRAINED_CLOSE_MS : undefined
    await Promise.all([this.#ws.close(patienceMs), this.#mcp.close(patienceMs), this.#watch.close(), childEnded])
    this.#http.closeAllConnections()
  }

  /** The probes are answered meanwhile: whoever balances load must see that we are leaving. */
  async #drained(drainMs: number): Promise<void> {
    this.#ws.letNobodyIn()
    this.#mcp.letNobodyIn()
    this.#mux.refuse(errorBody('STOPPING'))
    this.#log.info({ pending: this.#mux.pendingCount, clients: this.#clientCount }, 'draining')
    await new Promise<void>((resolve) => {
      this.#endDrain = resolve
      this.#mux.whenIdle(resolve)
      setTimeout(resolve, drainMs).unref()
    })
    this.#log.info({ pending: this.#mux.pendingCount }, 'drained')
  }

  #createMux(): Mux {
    // One that left meanwhile is told nothing.
    const withClient =
      <A extends unknown[]>(action: (client: RelayClient, ...args: A) => void) =>
      (id: ClientId, ...args: A): void => {
        const client = this.#clients.get(id)
        if (client) action(client, ...args)
      }
    const methods = localMethods({
      store: this.#state.store,
      hello: () => this.#hello(),
      onHello: withClient((client) => this.#audience.greet(client)),
      subscribe: withClient((client, at) => this.#audience.subscribe(client, at)),
      subscribeResource: withClient((client, resource) => this.#audience.subscribeResource(client, resource)),
      unsubscribeResource: (id, resource) => this.#audience.unsubscribeResource(id, resource),
    })
    return new Mux({
      version: VERSION,
      limits: this.#limits,
      policy: new ToolPolicy(this.#options.tools ?? ALL_TOOLS),
      about: this.#about,
      methods,
      edge: {
        toChild: (line) => this.#child.send(line),
        toClient: (client, message) => this.#clients.get(client)?.queue.send(message),
        closeClient: (client, reason) => this.#clients.get(client)?.drop(CLOSE.TOO_MANY_MESSAGES, reason),
        onNeeded: () => this.#child.demand(),
        onBusy: () => this.#startTicking(),
        onReady: (result) => {
          this.#child.ready(result)
          this.#updateRoster()
        },
        onSilence: (isSilent) => this.#child.silent(isSilent),
        onUseless: (error) => this.#child.fail(error),
        onSettled: (settled) => {
          this.#metrics.settled(settled)
          this.#settled(settled)
        },
        onInternalError: (err) => this.#log.error({ err }, 'a method failed'),
      },
    })
  }

  #createChild(): ChildSupervisor {
    const { command, project, env = process.env, spawn } = this.#options
    return new ChildSupervisor({
      command,
      cwd: project,
      env,
      limits: this.#limits,
      ...(spawn ? { spawn } : {}),
      events: {
        onStarting: () => this.#mux.childStarting(),
        onLine: (line) => this.#mux.fromChild(line),
        onTooLong: (head, maxBytes) => this.#mux.childTooLong(head, maxBytes),
        onGone: (error) => {
          if (error) this.#log.warn({ code: error.code, suggestion: error.details.suggestion }, error.error)
          this.#mux.childGone(error)
          this.#roster.clear()
        },
        onStatus: ({ state, serverInfo }) => {
          this.#log.info({ state, serverInfo, pid: this.#child.pid }, `claude-flow is ${state}`)
          this.#tellState()
        },
      },
    })
  }

  /** While anything is under way; an idle relay wakes up for nothing. */
  #startTicking(): void {
    this.#ticker ??= setInterval(() => {
      this.#mux.tick()
      if (!this.#mux.isIdle) return
      clearInterval(this.#ticker)
      this.#ticker = undefined
    }, TICK_MS).unref()
  }

  #settled({ client, clientName, call, outcome, durationMs, result }: Settled): void {
    if (!call) return
    if (outcome === 'ok') this.#roster.note(call.tool, call.swarmId === null ? {} : { swarmId: call.swarmId }, result)
    this.#audience.tellCall(() => ({
      at: new Date().toISOString(),
      tool: call.tool.slice(0, MAX_TOOL_NAME_LENGTH),
      client: { id: client, name: clientName },
      outcome,
      durationMs: Math.round(durationMs * 1000) / 1000,
    }))
  }

  #opened(client: RelayClient): void {
    this.#clients.set(client.id, client)
    this.#mux.addClient(client.id)
    this.#log.debug({ client: client.id, clients: this.#clients.size }, 'client connected')
  }

  #left(client: ClientId): void {
    this.#clients.delete(client)
    this.#audience.left(client)
    this.#mux.removeClient(client)
    this.#log.debug({ client, clients: this.#clients.size }, 'client left')
  }

  #presenceChanged(): void {
    this.#updateRoster()
    this.#tellState()
  }

  /** 2.x's process is asked for its memory only while no database holds the same, for all processes. */
  #updateRoster(): void {
    const { serverInfo } = this.#child.status
    const is2 = serverInfo !== null && generationOf(serverInfo) === 2
    this.#roster.setActive(is2 && !this.#watch.hasDatabase2)
  }

  #tellState(): void {
    this.#audience.tellState(this.state)
  }

  get #clientCount(): number {
    return this.#ws.count + this.#mcp.count
  }

  get #projectName(): string {
    const { project: root } = this.#options
    return basename(root) || root
  }

  /** Told to the model behind a client, so that it does not write into another's project; hence no path. */
  get #about(): string {
    const project = `${JSON.stringify(this.#projectName)} on host ${JSON.stringify(hostname())}`
    return `This claude-flow works in the project folder ${project} and is shared with other clients through Swarmscope.`
  }

  #hello(): HelloResult {
    const { project: root } = this.#options
    return {
      sourceId: this.#sourceId,
      version: VERSION,
      protocol: RELAY_PROTOCOL,
      project: { name: this.#projectName, root, host: hostname() },
      state: this.state,
    }
  }

  #facts(): RelayFacts {
    return {
      clients: { ws: this.#ws.count, http: this.#mcp.count },
      subscribers: this.#audience.subscribers,
      sockets: this.#sockets.facts,
      pending: this.#mux.pendingCount,
      child: this.#child.status,
      watchedFiles: this.#watch.found.length,
      records: this.#state.store.size,
      stateChanges: this.#state.store.seq,
      dropped: this.#mux.counters,
    }
  }

  /** Without the token no path, pid or text of the child: health is open to whoever reaches the port. */
  #health(detailed: boolean): object {
    const { project, ...hello } = this.#hello()
    const { lastError, ...child } = this.#child.status
    const open = {
      startedAt: this.#startedAt,
      status: this.#closed
        ? 'down'
        : child.state === 'up' || (child.state === 'on-demand' && !lastError)
          ? 'healthy'
          : 'degraded',
      version: hello.version,
      project: { name: project.name, host: project.host },
      child: { ...child, uptimeSeconds: this.#child.uptimeSeconds, errorCode: lastError?.code ?? null },
      clients: this.#clientCount,
      watching: this.#watch.found,
    }
    if (!detailed) return open
    return {
      ...open,
      sourceId: hello.sourceId,
      url: this.url,
      logFile: this.#options.logFile ?? null,
      asksForToken: this.#options.token !== null,
      project,
      child: { ...open.child, pid: this.#child.pid, lastError, stderr: this.#child.stderr },
      pid: process.pid,
      pending: this.#mux.pendingCount,
      dropped: this.#mux.counters,
    }
  }
}
