// claude-flow as a source: one relay, its records, its state. Commands go back the same road.

import { hostname } from 'node:os'
import { z } from 'zod'
import type { Logger } from '../../../platform/log.ts'
import { VERSION } from '../../../platform/version.ts'
import { generationOf, readAgentList2, readAgentList3, toolAnswer } from '../../../protocol/claudeFlow.ts'
import { attemptOf, type ConnectionState, errorOf } from '../../../protocol/connection.ts'
import { isLive } from '../../../protocol/derive.ts'
import { ERRORS, type ErrorCode, SwarmscopeError } from '../../../protocol/errors.ts'
import { EVENT_VERSION, type SwarmEvent } from '../../../protocol/events.ts'
import {
  type InitializeResult,
  initializeResult,
  JSON_RPC,
  MCP_PROTOCOL_VERSION,
  toolResult,
} from '../../../protocol/mcp.ts'
import { publicWords } from '../../../protocol/redact.ts'
import {
  commonVersion,
  helloResult,
  RELAY_METHOD,
  RELAY_PROTOCOL,
  type RelayState,
  relayState,
  subscribeResult,
} from '../../../protocol/relayWire.ts'
import type { Source as SourceEntity, SourceError, SourceState, SourceStatus } from '../../../protocol/swarm.ts'
import { contextOf } from '../../connector/failure.ts'
import { DEAD_AFTER_MS, SILENT_AFTER_MS } from '../../connector/lineWatch.ts'
import { RelayConnection } from '../../connector/relayConnection.ts'
import type { RelayAddress } from '../../connector/relayUrl.ts'
import { type Rpc, RpcError } from '../../connector/rpc.ts'
import type { World } from '../../world.ts'
import type { Source } from '../source.ts'
import { endOfSource } from './endOfSource.ts'
import type { SourceIdentity } from './normalize.ts'
import { RecordMirror } from './recordMirror.ts'

const HANDSHAKE_TIMEOUT_MS = 5_000
/** claude-flow itself is asked, and may still be starting. */
const TOOL_TIMEOUT_MS = 30_000
/** How long a command waits for a connection that is just being made, and for a claude-flow that is just starting. */
const SETTLE_TIMEOUT_MS = 2_000
const CHILD_START_TIMEOUT_MS = 10_000
/** How much of what claude-flow or the relay wrote is quoted in an error. */
const MAX_QUOTE_LENGTH = 300
/** A relay's suggestion may hold the last lines of its child's stderr. */
const MAX_SUGGESTION_LENGTH = 1_000
/** From the subscription to the last chunk of the snapshot, however large. */
const CATCH_UP_TIMEOUT_MS = 10_000

export interface ClaudeFlowSourceOptions {
  address: RelayAddress
  /** Nobody named a claude-flow: where none is found, and none ever was, it is not used at all. */
  isOptional?: boolean
  token: string
  world: World
  log: Logger
  /** We are stopping, and the relay beside us is too: that it goes is no trouble, and it is not started again. */
  isEnding?: () => boolean
}

export class ClaudeFlowSource implements Source {
  readonly #options: ClaudeFlowSourceOptions
  readonly #connection: RelayConnection
  readonly #listeners = new Set<() => void>()
  /** Who waits for something to change; unlike the listeners they also hear of records. */
  readonly #waiters = new Set<() => void>()
  #mirror: RecordMirror | null = null
  /** What the relay says of itself; `null` before its hello, or from a foreign relay. */
  #relay: RelayState | null = null
  #limited = false
  /** There was something to lose, in this run or a former one. */
  #wasHeard: boolean
  #status: SourceStatus
  #loggedState: SourceState | null = null
  #loggedId: string | null
  #loggedCount = 0
  /** In which incarnation we speak of a source: above that of any former run. */
  readonly #runs = new Map<string, number>()
  /** The last that was recorded, on its way into the log. */
  #recording: Promise<void> = Promise.resolve()

  constructor(options: ClaudeFlowSourceOptions) {
    this.#options = options
    this.#connection = new RelayConnection({
      address: options.address,
      token: options.token,
      log: options.log,
      handshake: (rpc) => this.#handshake(rpc),
      onNotification: (method, params) => this.#onNotification(method, params),
      onState: () => this.#update(),
    })
    const { host, port } = options.address
    const { url } = this.#connection
    // What is known from before we started is this source's, until its hello says otherwise: as old as when it was last heard.
    const former = formerSource(options.world, url)
    this.#loggedId = former?.id ?? null
    this.#wasHeard = former !== null && former.project !== null && former.state !== 'never'
    const heardAt = former && isLive(former) ? options.world.knownUntil : former?.since
    this.#status = {
      id: former?.id ?? `claude-flow@${host}:${port}`,
      kind: 'claude-flow',
      state: 'idle',
      url,
      since: heardAt ?? new Date().toISOString(),
      attempt: 0,
      retryAt: null,
      lastError: null,
      counts: null,
    }
  }

  get status(): SourceStatus {
    return this.#status
  }

  /** What claude-flow says it is; `null` while none answers. */
  get program(): { name: string; version: string } | null {
    const { name, version } = this.#relay?.child.serverInfo ?? {}
    // Another program's words.
    return name && version ? { name: publicWords(name, 100), version: publicWords(version, 100) } : null
  }

  /** Which claude-flow answers commands; `null` while none does. */
  get generation() {
    const info = this.#relay?.child.serverInfo
    return info ? generationOf(info) : null
  }

  onStatus(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start(): void {
    this.#connection.start()
  }

  retry(): void {
    this.#connection.retry()
  }

  close(): Promise<void> {
    this.#listeners.clear()
    this.#connection.stop()
    this.#wake()
    return Promise.resolve()
  }

  /**
   * Calls a tool of claude-flow's and returns the JSON in its answer. Rejects with `SwarmscopeError`: with what is wrong
   * with the connection, `CHILD_*`, `TOOL_UNKNOWN`, `TOOL_FAILED`, or `NOT_SUPPORTED_BY_CLAUDE_FLOW` for 2.x's tools
   * that say yes and do nothing.
   */
  async callTool(name: string, args: Record<string, unknown>): Promise<Record<string, unknown>> {
    const rpc = await this.#usableRpc()
    let result: unknown
    try {
      result = await rpc.request('tools/call', { name, arguments: args }, TOOL_TIMEOUT_MS, () =>
        this.#error('CHILD_TIMEOUT'),
      )
    } catch (error) {
      throw error instanceof RpcError ? this.#toolError(error, name) : error
    }
    const answer = toolObject.safeParse(toolAnswer(result))
    const { success, error, message } = answer.data ?? {}
    // 3.x leaves `success` out of some of its answers, and gives `error` alone.
    const refused = success === false || (success === undefined && typeof error === 'string')
    if (refused || toolResult.safeParse(result).data?.isError) {
      throw this.#error('TOOL_FAILED', quote(answer.success ? error : textOf(result)))
    }
    if (!answer.success) throw this.#error('TOOL_FAILED', 'no readable answer')
    if (message === `Tool ${name} executed successfully`) throw this.#error('NOT_SUPPORTED_BY_CLAUDE_FLOW')
    if (this.#limited) await this.#readAfterCommand(rpc)
    return answer.data
  }

  /** Resolves when claude-flow can be asked; rejects with what is in the way (`SwarmscopeError`). */
  async ready(): Promise<void> {
    await this.#usableRpc()
  }

  async #usableRpc(): Promise<Rpc> {
    await this.#while(
      () => ['idle', 'connecting', 'handshaking'].includes(this.#connection.state.state),
      SETTLE_TIMEOUT_MS,
    )
    // A relay that hangs may be only busy for a moment; what it never read must not take effect much later.
    await this.#while(() => this.#connection.silentSinceMs !== null, SETTLE_TIMEOUT_MS)
    if (this.#connection.silentSinceMs !== null) throw this.#error('CONNECTION_TIMEOUT')
    // What a relay that is gone said of its claude-flow is no reason to wait.
    const isStarting = () => this.#connection.rpc !== null && this.#relay?.child.state === 'starting'
    await this.#while(isStarting, CHILD_START_TIMEOUT_MS)
    const { rpc } = this.#connection
    if (!rpc) {
      throw this.#known(errorOf(this.#connection.state), 'NOT_CONNECTED')
    }
    if (this.#relay?.child.state === 'missing') {
      throw this.#known(publicError(this.#relay.child.lastError), 'CHILD_NOT_FOUND')
    }
    // Which claude-flow it is, and so what its tools are called, it says only once it runs.
    if (this.#relay?.child.state === 'on-demand' && !this.#relay.child.serverInfo) await this.#initialize(rpc)
    return rpc
  }

  /** Starts a claude-flow that nobody needed until now. */
  async #initialize(rpc: Rpc): Promise<InitializeResult> {
    const params = {
      protocolVersion: MCP_PROTOCOL_VERSION,
      capabilities: {},
      clientInfo: { name: 'swarmscope', version: VERSION },
    }
    try {
      const timedOut = () => this.#error('CHILD_TIMEOUT')
      return initializeResult.parse(await rpc.request('initialize', params, CHILD_START_TIMEOUT_MS, timedOut))
    } catch (error) {
      throw error instanceof RpcError ? this.#toolError(error, 'initialize') : error
    }
  }

  /** Resolves as soon as `pending` no longer holds, at the latest after `timeoutMs`. */
  #while(pending: () => boolean, timeoutMs: number): Promise<void> {
    if (!pending()) return Promise.resolve()
    return new Promise((resolve) => {
      const finish = () => {
        this.#waiters.delete(look)
        clearTimeout(timer)
        resolve()
      }
      const look = () => {
        if (!pending()) finish()
      }
      this.#waiters.add(look)
      const timer = setTimeout(finish, timeoutMs)
    })
  }

  async #handshake(rpc: Rpc): Promise<void> {
    const timedOut = () => this.#error('CONNECTION_TIMEOUT')
    this.#limited = false
    let answer: unknown
    try {
      answer = await rpc.request(
        RELAY_METHOD.HELLO,
        { version: VERSION, protocol: RELAY_PROTOCOL },
        HANDSHAKE_TIMEOUT_MS,
        timedOut,
      )
    } catch (error) {
      if (error instanceof RpcError && error.rpc.code === JSON_RPC.METHOD_NOT_FOUND) return this.#handshakeForeign(rpc)
      throw error instanceof RpcError ? this.#helloError(error) : error
    }
    const hello = helloResult.parse(answer)
    if (commonVersion(hello.protocol, RELAY_PROTOCOL) === null) {
      const older = hello.protocol.max < RELAY_PROTOCOL.min ? 'the relay' : 'this server'
      throw this.#error('VERSION_MISMATCH', `Update ${older}: the relay is ${hello.version}, the server ${VERSION}`)
    }
    const { project } = hello
    const mirror = await this.#mirrorOf({ sourceId: hello.sourceId, project: project.name, host: project.host })
    this.#relay = hello.state
    const goal = subscribeResult.parse(
      await rpc.request(RELAY_METHOD.SUBSCRIBE, mirror.position, HANDSHAKE_TIMEOUT_MS, timedOut),
    )
    // Live means that what is shown is current: not before the snapshot is whole.
    const behind = () => mirror.position.epoch !== goal.epoch || mirror.position.rev < goal.rev
    await this.#while(behind, CATCH_UP_TIMEOUT_MS)
    if (behind()) throw timedOut()
    await this.#recording
  }

  /** A relay that is not ours: read once now and after commands; no live changes. */
  async #handshakeForeign(rpc: Rpc): Promise<void> {
    const { serverInfo } = await this.#initialize(rpc)
    rpc.notify('notifications/initialized')
    this.#limited = true
    const { host, port } = this.#options.address
    await this.#mirrorOf({ sourceId: `relay_${host}_${port}`, project: host, host: hostname() })
    this.#relay = { child: { state: 'up', serverInfo, restarts: 0, lastError: null }, hasState: true }
    await this.#readOnce(rpc)
  }

  async #readOnce(rpc: Rpc): Promise<void> {
    const answer = toolAnswer(
      await rpc.request('tools/call', { name: 'agent_list', arguments: {} }, TOOL_TIMEOUT_MS, () =>
        this.#error('CHILD_TIMEOUT'),
      ),
    )
    const agents = this.generation === 2 ? readAgentList2(answer)?.agents : readAgentList3(answer)
    if (agents && this.#mirror) await this.#append(this.#mirror.takeRecords(agents, new Date().toISOString()))
  }

  /** The command itself succeeded: that the new state could not be read must not turn it into a failure. */
  async #readAfterCommand(rpc: Rpc): Promise<void> {
    try {
      await this.#readOnce(rpc)
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the agents could not be read again')
    }
  }

  #onNotification(method: string, params: unknown): void {
    const mirror = this.#mirror
    const now = new Date().toISOString()
    try {
      if (method === RELAY_METHOD.STATE) {
        this.#relay = relayState.parse(params)
        this.#update()
      } else if (method === RELAY_METHOD.SNAPSHOT && mirror) {
        const events = mirror.takeChunk(params, now)
        if (events) this.#record(events)
      } else if (method === RELAY_METHOD.FRAME && mirror) {
        // What happened while we were away was not seen happening.
        const result = mirror.takeFrame(params, now, this.#connection.state.state === 'live')
        if (result === 'gap') this.#connection.fail(this.#error('PROTOCOL_MISMATCH', 'a frame is missing'))
        else if (result !== 'stale') this.#record(result)
      }
    } catch (error) {
      this.#options.log.warn({ err: error, method }, 'the relay sent something that is not understood')
      this.#connection.fail(this.#error('PROTOCOL_MISMATCH', `bad ${method}`))
    }
  }

  #record(events: Parameters<World['append']>[0]): void {
    this.#recording = this.#append(events).then(
      () => this.#wake(), // whoever waits to catch up looks again
      (error: unknown) => this.#options.log.error({ err: error }, 'the event log refused'),
    )
  }

  async #append(events: Parameters<World['append']>[0]): Promise<void> {
    await this.#options.world.append(events)
  }

  /** The mirror of the source that answers now; if it is another one than before, nothing of the former may stay. */
  async #mirrorOf(identity: SourceIdentity): Promise<RecordMirror> {
    const former = this.#mirror
    if (former?.identity.sourceId === identity.sourceId) return former
    const { world } = this.#options
    const { sourceId } = identity
    // It counts on, so that a source that comes back later is not older than its own end.
    const incarnation = Math.max(former?.incarnation ?? 0, world.incarnationOf(sourceId))
    const mirror = new RecordMirror(identity, incarnation, world.statedBy(sourceId))
    this.#mirror = mirror
    await this.#append(former ? former.takeRecords([], new Date().toISOString()) : this.#endOfOthers(sourceId))
    return mirror
  }

  /** Sources of former runs that are not the one that answered: nobody speaks for them any more. */
  #endOfOthers(sourceId: string): SwarmEvent[] {
    const { world } = this.#options
    const now = new Date().toISOString()
    const others = [...world.store.all('source').values()].filter(
      ({ id, kind }) => kind === 'claude-flow' && id !== sourceId,
    )
    return others.flatMap((other) => {
      if (this.#loggedId === other.id) this.#loggedId = null
      return endOfSource(world, other, [this.#runOf(other.id), this.#loggedCount++], now)
    })
  }

  #runOf(sourceId: string): number {
    let run = this.#runs.get(sourceId)
    if (run === undefined) {
      run = this.#options.world.incarnationOf(sourceId) + 1
      this.#runs.set(sourceId, run)
    }
    return run
  }

  #update(): void {
    const connection = this.#connection.state
    const { state, lastError, retryAtMs = null } = this.#judge(connection)
    const changed = state !== this.#status.state
    this.#wasHeard ||= isLive({ state })
    this.#status = {
      ...this.#status,
      id: this.#mirror?.identity.sourceId ?? this.#status.id,
      state,
      // The age of what it said counts from when it went, not from the last attempt to get it back.
      since: isLive({ state }) === isLive(this.#status) ? this.#status.since : new Date().toISOString(),
      attempt: attemptOf(connection),
      retryAt: retryAtMs === null ? null : new Date(retryAtMs).toISOString(),
      lastError,
    }
    if (changed) this.#logState(state)
    this.#tell()
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
    this.#wake()
  }

  #wake(): void {
    for (const look of [...this.#waiters]) look()
  }

  /** The connection's state, and beyond it: whether there is anything behind the relay. */
  #judge(connection: ConnectionState): { state: SourceState; lastError: SourceError | null; retryAtMs?: number } {
    if (connection.state === 'waiting') {
      return { state: 'waiting', lastError: connection.lastError, retryAtMs: connection.retryAt }
    }
    if (connection.state !== 'live') return { state: connection.state, lastError: errorOf(connection) }
    const { silentSinceMs } = this.#connection
    if (silentSinceMs !== null) {
      const { success: _, ...lastError } = this.#error('CONNECTION_TIMEOUT').body
      // Still open, but what it said is not current any more; given up, and tried anew, at that time.
      return { state: 'waiting', lastError, retryAtMs: silentSinceMs + DEAD_AFTER_MS - SILENT_AFTER_MS }
    }
    if (this.#limited) return { state: 'limited', lastError: null }
    if (!this.#relay) return { state: 'handshaking', lastError: null }
    const { child, hasState } = this.#relay
    switch (child.state) {
      case 'up':
        return { state: 'live', lastError: null }
      // One that starts anew has not got over its error yet.
      case 'starting':
        return { state: hasState ? 'live' : 'handshaking', lastError: publicError(child.lastError) }
      // One that hangs, or is not needed, hides nothing: what it did stands in files.
      case 'silent':
      case 'on-demand':
        return { state: 'live', lastError: publicError(child.lastError) }
      case 'missing':
        if (this.#options.isOptional && !hasState && !this.#wasHeard) return { state: 'never', lastError: NOT_USED }
        return { state: hasState ? 'live' : 'unavailable', lastError: publicError(child.lastError) }
      case 'waiting':
      case 'stopped':
        return { state: hasState ? 'live' : 'unavailable', lastError: publicError(child.lastError) }
      default:
        return child.state satisfies never
    }
  }

  /**
   * The log keeps when a source was there and when not, but not each attempt to get it back; of one that never was, only that:
   * the next start must not take it for one that is lost.
   */
  #logState(state: SourceState): void {
    const trying = state === 'connecting' || state === 'handshaking' || state === 'idle'
    if (trying || state === this.#loggedState) return
    this.#loggedState = state
    const { id, since, url } = this.#status
    const now = new Date().toISOString()
    const { project = null, host = null } = this.#mirror?.identity ?? {}
    const logged = this.#wasHeard || project === null ? state : 'never'
    const { lastError } = this.#status
    if (state === 'never') {
      this.#options.log.info('no claude-flow was found: only what Claude Code and others send is shown')
    } else if (lastError && !this.#options.isEnding?.()) {
      const { code, details } = lastError
      this.#options.log.warn({ source: id, state, code, suggestion: details.suggestion }, `source is ${state}`)
    } else {
      this.#options.log.info({ source: id, state }, `source is ${state}`)
    }
    const base = (sourceId: string) => ({
      v: EVENT_VERSION as typeof EVENT_VERSION,
      key: `${sourceId}/source/${this.#runOf(sourceId)}/${this.#loggedCount}`,
      sourceId,
      version: [this.#runOf(sourceId), this.#loggedCount++] as const,
      at: now,
      receivedAt: now,
    })
    const former = this.#loggedId
    this.#loggedId = id
    this.#record([
      // Before its hello it went by its address.
      ...(former !== null && former !== id ? [{ ...base(former), type: 'source.retired' as const, id: former }] : []),
      {
        ...base(id),
        type: 'source.upserted',
        entity: {
          entity: 'source',
          id,
          kind: 'claude-flow',
          state: logged,
          url,
          project,
          host,
          since,
        },
      },
    ])
  }

  #error(code: ErrorCode, detail?: string): SwarmscopeError {
    return new SwarmscopeError(code, { ...contextOf(this.#options.address), ...(detail ? { detail } : {}) })
  }

  /** What health says of it, too: as exactly as it is known. */
  #known(error: SourceError | null, otherwise: ErrorCode): SwarmscopeError {
    if (!error || !Object.hasOwn(ERRORS, error.code)) return this.#error(otherwise)
    const { suggestion } = error.details
    return new SwarmscopeError(error.code as ErrorCode, { ...contextOf(this.#options.address), suggestion })
  }

  #helloError(error: RpcError): SwarmscopeError {
    return this.#relayError(error) ?? this.#error('PROTOCOL_MISMATCH', quote(error.message))
  }

  #toolError(error: RpcError, tool: string): SwarmscopeError {
    const said = this.#relayError(error)
    if (said) return said
    if (error.rpc.code === JSON_RPC.METHOD_NOT_FOUND) return this.#error('TOOL_UNKNOWN', tool)
    return this.#error('TOOL_FAILED', quote(error.message))
  }

  /** What the relay itself says in an error: its code, if the catalogue knows it, with its suggestion. */
  #relayError({ rpc }: RpcError): SwarmscopeError | null {
    const said = relayErrorData.safeParse(rpc.data)
    if (!said.success) return null
    const { code, suggestion, retryAfterMs } = said.data
    return new SwarmscopeError(code, {
      ...this.#options.address,
      detail: quote(rpc.message),
      ...(suggestion ? { suggestion: quote(suggestion, MAX_SUGGESTION_LENGTH) } : {}),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }
}

/** Of a claude-flow that nobody asked for, and that there never was. */
const NOT_USED: SourceError = {
  error: ERRORS.CHILD_NOT_FOUND.error,
  code: 'CHILD_NOT_FOUND' satisfies ErrorCode,
  details: {
    suggestion:
      'To have it, run npm install claude-flow in the project and restart; if not, start with --no-claude-flow',
  },
}

/** The source of a former run that is most likely the one at `url`. */
function formerSource(world: World, url: string): SourceEntity | null {
  const known = [...world.store.all('source').values()].filter(({ kind }) => kind === 'claude-flow')
  return known.find((source) => source.url === url) ?? (known.length === 1 ? known[0] : undefined) ?? null
}

/** What others wrote may hold secrets, and says where things lie on their machine. */
const quote = (text: unknown, maxLength = MAX_QUOTE_LENGTH): string =>
  typeof text === 'string' ? publicWords(text, maxLength) : 'no reason'

const textOf = (result: unknown): string | undefined => toolResult.safeParse(result).data?.content[0]?.text

const toolObject = z.record(z.string(), z.unknown())

/**
 * What a relay may say of itself, of claude-flow and of our request. Other codes of the catalogue would speak of us to
 * whoever asks us (`UNAUTHORIZED`: of their token).
 */
const RELAY_CODES = [
  'CHILD_NOT_FOUND',
  'CHILD_CRASHED',
  'CHILD_SILENT',
  'CHILD_TIMEOUT',
  'TOOL_UNKNOWN',
  'TOOL_NOT_ALLOWED',
  'TOOL_FAILED',
  'NOT_SUPPORTED_BY_CLAUDE_FLOW',
  'ANSWER_TOO_LARGE',
  'TOO_LARGE',
  'RATE_LIMITED',
  'STOPPING',
  'VERSION_MISMATCH',
] as const satisfies readonly ErrorCode[]

const relayErrorData = z.looseObject({
  code: z.enum(RELAY_CODES),
  suggestion: z.string().optional().catch(undefined),
  retryAfterMs: z.number().positive().max(3_600_000).optional().catch(undefined),
})

/** A relay's or its child's last words, in an answer of ours. */
function publicError(error: SourceError | null): SourceError | null {
  if (error === null) return null
  const suggestion = quote(error.details.suggestion, MAX_SUGGESTION_LENGTH)
  return { ...error, error: quote(error.error), details: { suggestion } }
}
