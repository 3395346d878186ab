// Claude Code as a source: nobody connects to it, it sends. The doors hand in records; what they amount to is in the event
// log when `accept` resolves. Records are taken in groups: what came in while the last group was being committed.

import { hostname } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import type { Logger } from '../../../platform/log.ts'
import { Turn } from '../../../platform/turn.ts'
import { EVENT_VERSION, type SwarmEvent } from '../../../protocol/events.ts'
import type {
  Entity,
  IsoTime,
  Source as SourceEntity,
  SourceState,
  SourceStatus,
  Unnumbered,
} from '../../../protocol/swarm.ts'
import type { World } from '../../world.ts'
import type { Source } from '../source.ts'
import { OWN } from './goneSessions.ts'
import { changedNotes, restoreSessions } from './keptSessions.ts'
import { nameOf } from './machine.ts'
import { BOUNDS, ClaudeCodeModel, type ModelBounds, type Outcome } from './model.ts'
import { isGone, localProcesses, type Processes } from './processWatch.ts'
import type { ClaudeCodeRecord } from './records.ts'
import { registeredLinks } from './registeredLinks.ts'
import { RESTORED, StatedEntities } from './statedEntities.ts'

const CLAUDE_CODE_SOURCE_ID = 'claude-code'
/** What is remembered is kept under it. */
const NOTES = 'claude-code/'
/** Without anything from it for so long it is `quiet`. */
const RECEIVING_MS = 60_000
/** How often the counts of a source that is heard all the time are told. */
const TELL_MS = 1_000
const PROCESS_CHECK_MS = 5_000
/** Records that wait; more are refused, and their sender tries again. */
const MAX_WAITING = 50_000
/** Taken into one commit. */
const MAX_GROUP = 5_000
/** How often in one group tool calls of one agent are told one by one; beyond it only the last is. */
const MAX_TOLD_ONE_BY_ONE = 16
/** Of the event loop, in one piece: an answer and a frame wait no longer for what is made of thousands of records. */
const TURN_MS = 0.5
/** Between two looks at the clock. */
const RECORDS_AT_ONCE = 4
/** A clock that is ahead of ours must not keep its session young for ever. */
const MAX_AHEAD_MS = 60_000
/** Timers take no more; it is looked again then. */
const MAX_TIMER_MS = 60 * 60_000
const COUNTED: Record<Outcome, string> = { taken: 'taken', late: 'late', tooMany: 'tooManyAgents' }

export interface ClaudeCodeSourceOptions {
  world: World
  log: Logger
  /** In ms since 1970. */
  now?: () => number
  host?: string
  processes?: Processes
  bounds?: ModelBounds
}

type GoneSums = Required<Pick<SourceEntity, 'goneCostUsd' | 'goneTokens'>>

interface Waiting {
  records: readonly ClaudeCodeRecord[]
  receivedAt: IsoTime
  resolve: () => void
  reject: (error: unknown) => void
}

/** More waits than can be taken now: the sender should try again. */
export class ClaudeCodeBusy extends Error {
  constructor() {
    super('too much waits to be taken in')
    this.name = 'ClaudeCodeBusy'
  }
}

export class ClaudeCodeSource implements Source {
  readonly #world: World
  readonly #log: Logger
  readonly #now: () => number
  readonly #host: string
  readonly #processes: Processes
  readonly #model: ClaudeCodeModel
  readonly #stated: StatedEntities
  readonly #listeners = new Set<() => void>()
  #waiting: Waiting[] = []
  #waitingRecords = 0
  /** What was accepted is on its way into the log. */
  #running: Promise<void> | null = null
  #restored: Promise<void> | null = null
  #stopWatching: () => void = () => undefined
  readonly #timers: Partial<Record<'due' | 'processes' | 'quiet' | 'tell', NodeJS.Timeout>> = {}
  readonly #counts: Record<string, number> = {}
  readonly #loggedSources = new Set<string>()
  /** What those used that left, as it was said last, by source. */
  readonly #goneSums = new Map<string, GoneSums>()
  /** As long as the model tells this very list, nothing of it is to be said. */
  #statedConflicts: unknown = null
  /** A commit failed, or there was a former run: all is to be compared, and kept, again. */
  #restateAll = false
  #closed = false
  #status: SourceStatus

  constructor(options: ClaudeCodeSourceOptions) {
    const { world, log, now = Date.now, host = hostname(), processes = localProcesses, bounds = BOUNDS } = options
    this.#world = world
    this.#log = log
    this.#now = now
    this.#host = host
    this.#processes = processes
    this.#model = new ClaudeCodeModel(host, bounds)
    this.#stated = new StatedEntities((sourceId) => world.incarnationOf(sourceId))
    const wasHeard = world.store.get('source', CLAUDE_CODE_SOURCE_ID) !== undefined
    this.#status = {
      id: CLAUDE_CODE_SOURCE_ID,
      kind: 'claude-code',
      state: wasHeard ? 'quiet' : 'never',
      url: null,
      since: (wasHeard ? world.knownUntil : null) ?? new Date(now()).toISOString(),
      attempt: 0,
      retryAt: null,
      lastError: null,
      counts: {},
    }
  }

  get status(): SourceStatus {
    return this.#status
  }

  onStatus(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes up what a former run remembered; `accept` waits for it. */
  start(): void {
    if (this.#restored || this.#closed) return
    this.#restored = this.#restore().catch((error: unknown) => {
      this.#log.error({ err: error }, "what was remembered of Claude Code's sessions cannot be read")
    })
    this.#stopWatching = this.#world.onChange(() => this.#worldChanged())
    this.#run()
  }

  retry(): void {
    // nobody connects to it
  }

  /**
   * Resolves when what the records say is committed. Rejects with `ClaudeCodeBusy`, or with what the log says: then the
   * sender should try again, and nothing counts twice.
   */
  accept(records: readonly ClaudeCodeRecord[], receivedAt: IsoTime): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the server stops'))
    if (this.#waitingRecords + records.length > MAX_WAITING) {
      this.count('busy', records.length)
      return Promise.reject(new ClaudeCodeBusy())
    }
    this.start()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, receivedAt, resolve, reject })
      this.#waitingRecords += records.length
      this.#run()
    })
  }

  /** Counts what a door took or refused, by the reason, beside what the source counts itself. */
  count(what: string, more = 1): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + more
    this.#tellSoon()
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const timer of Object.values(this.#timers)) clearTimeout(timer)
    this.#stopWatching()
    this.#listeners.clear()
    await this.#running
  }

  async #restore(): Promise<void> {
    this.#restateAll = true
    restoreSessions(this.#model, await this.#world.notes(NOTES), NOTES)
  }

  /** From what stands in the log, as at a start. */
  #beginAnew(): void {
    this.#model.touchAll()
    this.#loggedSources.clear()
    this.#goneSums.clear()
    const stated: Unnumbered<Entity>[] = []
    for (const { id, kind, goneCostUsd = null, goneTokens = null } of this.#world.store.all('source').values()) {
      if (kind !== 'claude-code') continue
      this.#loggedSources.add(id)
      this.#goneSums.set(id, { goneCostUsd, goneTokens })
      stated.push(...this.#world.statedBy(id).values())
    }
    this.#stated.reset(stated)
  }

  #run(): void {
    this.#running ??= this.#takeAll().finally(() => {
      this.#running = null
      if (this.#waiting.length > 0) this.#run()
    })
  }

  /** Never rejects. */
  async #takeAll(): Promise<void> {
    await this.#restored
    do {
      const group = this.#nextGroup()
      try {
        const turn = new Turn(TURN_MS)
        const events = await this.#eventsOf(group, turn)
        const notes = await changedNotes(this.#model, NOTES, turn)
        if (turn.isOver) await turn.next()
        await this.#world.append(events, notes)
        this.#model.kept()
        for (const { resolve } of group) resolve()
      } catch (error) {
        // What of it is there nobody knows: next time all is said again, which harms nothing.
        this.#restateAll = true
        if (!this.#closed) this.#log.error({ err: error }, "the event log refused what Claude Code's sessions did")
        for (const { reject } of group) reject(error)
      }
    } while (this.#waiting.length > 0)
    this.#schedule()
  }

  #nextGroup(): Waiting[] {
    let records = 0
    let count = 0
    for (const waiting of this.#waiting) {
      if (count > 0 && records + waiting.records.length > MAX_GROUP) break
      records += waiting.records.length
      count++
    }
    this.#waitingRecords -= records
    return this.#waiting.splice(0, count)
  }

  /** Nobody else writes to the model meanwhile: one group at a time is under way. */
  async #eventsOf(group: readonly Waiting[], turn: Turn): Promise<SwarmEvent[]> {
    const events: SwarmEvent[] = []
    const nowMs = this.#now()
    const receivedAt = new Date(nowMs).toISOString()
    const isAnew = this.#restateAll
    this.#restateAll = false
    if (isAnew) this.#beginAnew()
    /** Agents with a tool call that is not told yet: a second one would hide it. */
    const untold = new Set<string>()
    let told = 0
    let taken = 0
    for (const waiting of group) {
      for (const record of waiting.records) {
        if (++taken % RECORDS_AT_ONCE === 0 && turn.isOver) await turn.next()
        const agent = toolAgentOf(record)
        if (agent !== null && untold.has(agent) && told++ < MAX_TOLD_ONE_BY_ONE) {
          await this.#stateSessions(events, receivedAt, turn)
          untold.clear()
        }
        if (agent !== null) untold.add(agent)
        const outcome = COUNTED[this.#model.take(this.#prepared(record, waiting.receivedAt), nowMs)]
        this.#counts[outcome] = (this.#counts[outcome] ?? 0) + 1
      }
    }
    if (group.length > 0) this.#heard(nowMs)
    await this.#stateSessions(events, receivedAt, turn)
    const { links } = this.#model.conflicts(nowMs)
    if (isAnew || links !== this.#statedConflicts) events.push(...this.#stated.state(CONFLICTS, links, receivedAt))
    this.#statedConflicts = links
    events.push(...this.#stated.state(REGISTERED, this.#registeredLinks(), receivedAt))
    if (isAnew) events.push(...this.#stated.state(RESTORED, [], receivedAt))
    this.#stateGoneSums(events, receivedAt)
    return events
  }

  async #stateSessions(events: SwarmEvent[], receivedAt: IsoTime, turn: Turn): Promise<void> {
    let stated = 0
    for (const [id, repainted] of this.#model.updates(this.#now())) {
      if (++stated % RECORDS_AT_ONCE === 0 && turn.isOver) await turn.next()
      const picture = this.#model.picture(id)
      for (const agentId of repainted.agents) {
        const agent = picture?.agents.get(agentId)
        if (agent) this.#logSource(agent.sourceId, agent.host, events, receivedAt)
        events.push(...this.#stated.state(`agent ${id}/${agentId}`, agent ? [agent] : [], receivedAt))
      }
      if (repainted.links) events.push(...this.#stated.state(`links ${id}`, picture?.links ?? [], receivedAt))
    }
  }

  /** With what only we know: that its clock is not to be believed, and which process it means. */
  #prepared(record: ClaudeCodeRecord, receivedAt: IsoTime): ClaudeCodeRecord {
    const latestAt = new Date(Date.parse(receivedAt) + MAX_AHEAD_MS).toISOString()
    const at = record.at > latestAt ? receivedAt : record.at
    if (record.type !== 'hook' || record.parentPid === null) return at === record.at ? record : { ...record, at }
    const isLocal = nameOf(record, this.#host) === this.#host
    // Each of its hooks says it, for a server that was started later than the session: it is looked up once.
    const known = this.#model.sessions.get(record.sessionId)?.facts.process?.value.pid
    const isNews = record.event === 'SessionStart' || record.parentPid !== known
    const parentStart = isLocal && isNews ? this.#processes.startOf(record.parentPid) : null
    // One that is not seen from here cannot be missed from here.
    return { ...record, at, parentStart, parentPid: parentStart === null ? null : record.parentPid }
  }

  #registeredLinks() {
    return registeredLinks(this.#model.registrations(), this.#world.store)
  }

  /** Once for each machine: that there is a source. Whether it is heard just now is status, not state. */
  #logSource(id: string, host: string | null, events: SwarmEvent[], receivedAt: IsoTime): void {
    if (this.#loggedSources.has(id)) return
    this.#loggedSources.add(id)
    const machine = id === CLAUDE_CODE_SOURCE_ID ? this.#host : host
    events.push(
      this.#sourceEvent({ id, host: machine, since: receivedAt, goneCostUsd: null, goneTokens: null }, receivedAt),
    )
  }

  /** In the same commit in which their agents leave: no sum of both is ever wrong. */
  #stateGoneSums(events: SwarmEvent[], receivedAt: IsoTime): void {
    for (const [host, { costUsd: goneCostUsd, tokens: goneTokens }] of this.#model.gone.sums()) {
      const id = host === OWN ? CLAUDE_CODE_SOURCE_ID : `${CLAUDE_CODE_SOURCE_ID}:${host}`
      const sums: GoneSums = { goneCostUsd, goneTokens }
      if (isDeepStrictEqual(this.#goneSums.get(id), sums)) continue
      this.#goneSums.set(id, sums)
      const known = this.#world.store.get('source', id)
      const { since = receivedAt } = known ?? {}
      this.#loggedSources.add(id)
      const source = { id, host: known?.host ?? (host === OWN ? this.#host : host), since, ...sums }
      events.push(this.#sourceEvent(source, receivedAt))
    }
  }

  #sourceEvent(source: Pick<SourceEntity, 'id' | 'host' | 'since'> & GoneSums, receivedAt: IsoTime): SwarmEvent {
    const { id } = source
    const version = this.#stated.nextVersion(id)
    return {
      v: EVENT_VERSION,
      key: `${id}/source/${version.join('.')}`,
      type: 'source.upserted',
      sourceId: id,
      version,
      at: receivedAt,
      receivedAt,
      entity: { entity: 'source', kind: 'claude-code', state: 'receiving', url: null, project: null, ...source },
    }
  }

  /** An agent that a session registered with claude-flow may have come, or gone. */
  #worldChanged(): void {
    // While something is under way: its own change tells us of itself, and all is looked at again with the next.
    if (this.#closed || this.#model.registrations().length === 0) return
    if (this.#running) {
      this.#running.then(() => this.#worldChanged()).catch(() => undefined)
      return
    }
    if (!this.#stated.isStated(REGISTERED, this.#registeredLinks())) this.#run()
  }

  #heard(nowMs: number): void {
    clearTimeout(this.#timers.quiet)
    this.#timers.quiet = setTimeout(() => this.#setState('quiet', nowMs), RECEIVING_MS).unref()
    this.#setState('receiving', nowMs)
  }

  #setState(state: SourceState, sinceMs: number): void {
    if (this.#status.state === state) {
      this.#tellSoon()
      return
    }
    this.#status = { ...this.#status, state, since: new Date(sinceMs).toISOString(), counts: { ...this.#counts } }
    this.#tell()
  }

  #tellSoon(): void {
    if (this.#timers.tell || this.#closed) return
    this.#timers.tell = setTimeout(() => {
      delete this.#timers.tell
      this.#status = { ...this.#status, counts: { ...this.#counts } }
      this.#tell()
    }, TELL_MS).unref()
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  /** Wakes when something is different by time alone, and looks for processes while there are any to look for. */
  #schedule(): void {
    clearTimeout(this.#timers.due)
    if (this.#closed) return
    const delayMs = this.#model.dueMs(this.#now()) - this.#now()
    if (Number.isFinite(delayMs)) {
      this.#timers.due = setTimeout(() => this.#run(), Math.min(Math.max(1, delayMs), MAX_TIMER_MS)).unref()
    }
    if (!this.#timers.processes && !this.#watched().next().done) {
      this.#timers.processes = setTimeout(() => this.#lookForProcesses(), PROCESS_CHECK_MS).unref()
    }
  }

  /** Sessions whose process can be missed. */
  *#watched(): Generator<{ sessionId: string; pid: number; start: string }> {
    for (const { facts } of this.#model.sessions.values()) {
      const { process, gone, end } = facts
      if (!process || gone?.value === process.value.pid || (end && end.at >= process.at)) continue
      const { pid, start } = process.value
      if (start !== null) yield { sessionId: facts.id, pid, start }
    }
  }

  #lookForProcesses(): void {
    delete this.#timers.processes
    if (this.#closed) return
    const at = new Date(this.#now()).toISOString()
    const records = [...this.#watched()]
      .filter(({ pid, start }) => isGone(pid, start, this.#processes))
      .map(({ sessionId, pid }) => ({ type: 'process-gone' as const, sessionId, host: null, isHere: false, at, pid }))
    if (records.length === 0) {
      this.#schedule()
      return
    }
    this.accept(records, at).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'that a process is gone could not be kept')
    })
  }
}

/** Links between sessions, and with claude-flow's agents. */
const CONFLICTS = 'conflicts'
const REGISTERED = 'registered'

/** The agent whose tool call a record begins or ends. */
const toolAgentOf = (record: ClaudeCodeRecord): string | null =>
  record.type === 'hook' && record.tool && record.tool.useId !== null
    ? `${record.sessionId}/${record.agentId ?? ''}`
    : null
