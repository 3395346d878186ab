// All sessions: which facts there are, what changed, what is over long enough to leave. Deterministic: the time is given.

import type { IsoTime, Link, Unnumbered } from '../../../protocol/swarm.ts'
import { Conflicts } from './conflicts.ts'
import { endingOf, sessionEnding } from './ending.ts'
import { GoneSessions, OWN } from './goneSessions.ts'
import { nameOf } from './machine.ts'
import type { Parentage } from './parentage.ts'
import {
  agentDueMs,
  ENDED_KEPT_MS,
  type Picture,
  type Registration,
  type Repainted,
  repaint,
  SILENT_KEPT_MS,
} from './project.ts'
import type { ClaudeCodeRecord } from './records.ts'
import { later } from './said.ts'
import { MAIN, newSession, Session } from './session.ts'
import { takeRecord } from './takeRecord.ts'

export interface ModelBounds {
  agents: number
  agentsPerProject: number
  agentsPerSession: number
  /** Calls, requests and data points that are remembered one by one. */
  rows: number
}

export const BOUNDS: ModelBounds = { agents: 20_000, agentsPerProject: 5_000, agentsPerSession: 1_000, rows: 200_000 }
/** Of what a session may remember one by one, once all of them together remember more than they may. */
const CROWDED_SHARE = 1 / 128
/** One that was heard since then is not put out by others, whatever comes in. */
const IN_USE_MS = 10 * 60_000
/** Sessions that leave together, when one has to. */
const EVICTED_AT_ONCE = 16
/** How long it is believed that there is no room. */
const FULL_MS = 1_000
const MAX_FULL = 1_000
/** All of 20,000 agents are looked at for what is over: not at each record of a flood, of which something always is. */
const PASS_INTERVAL_MS = 1_000
const MAX_REGISTRATIONS = 500

/** `tooMany`: there is no room, and nothing that is over would make any. */
export type Outcome = 'taken' | 'late' | 'tooMany'

export class ClaudeCodeModel {
  readonly sessions = new Map<string, Session>()
  readonly gone = new GoneSessions()
  readonly #bounds: ModelBounds
  readonly #host: string
  readonly #changed = new Set<string>()
  readonly #pictures = new Map<string, Picture>()
  readonly #conflicts = new Conflicts()
  readonly #registering = new Set<string>()
  readonly #unkept = new Set<Session>()
  readonly #dropped: Session[] = []
  /** … whose notes are being taken away, which may fail. */
  #leaving: Session[] = []
  /** Agents by project: the first that a session named counts. */
  readonly #projectOf = new Map<string, string>()
  readonly #perProject = new Map<string, number>()
  /** Where nothing could be put out lately: not to be looked for again at each record of a flood. */
  readonly #fullUntilMs = new Map<string | null, number>()
  #agents = 0
  #rows = 0
  #dueMs = Number.POSITIVE_INFINITY
  #passedMs = Number.NEGATIVE_INFINITY

  constructor(host: string, bounds: ModelBounds = BOUNDS) {
    this.#host = host
    this.#bounds = bounds
  }

  get rowCount(): number {
    return this.#rows
  }

  get agentCount(): number {
    return this.#agents
  }

  take(record: ClaudeCodeRecord, nowMs: number): Outcome {
    const { sessionId, at } = record
    const known = this.sessions.get(sessionId)
    if (!known) {
      const goneAt = this.gone.at(sessionId)
      if (isBefore(record, goneAt) || record.type === 'process-gone') return 'late'
      if (!this.#makeRoom(projectOf(record), nowMs)) return 'tooMany'
    }
    if (isBefore(record, known?.facts.goneAt)) return 'late'
    const session = known ?? new Session({ ...newSession(sessionId, at), ...this.gone.takeBack(sessionId) })
    const agentId = 'agentId' in record ? record.agentId : null
    if (known && agentId !== null && !known.agents.has(agentId) && !this.#hasRoom(known, nowMs)) return 'tooMany'
    this.sessions.set(sessionId, session)
    if (!known) this.#projectOf.set(sessionId, projectOf(record))
    const before = session.agents.size
    const rowsBefore = session.rowCount
    const taken = takeRecord(session, record)
    session.bound(this.#rows > this.#bounds.rows ? CROWDED_SHARE : 1)
    this.#rows += session.rowCount - rowsBefore
    this.#counted(sessionId, session.agents.size - before)
    this.#changed.add(sessionId)
    this.#unkept.add(session)
    return taken
  }

  /** Puts back what was kept; everything is to be put together anew. */
  restore(session: Session): void {
    session.reindex()
    const { id, project } = session.facts
    this.sessions.set(id, session)
    this.#projectOf.set(id, project?.value ?? '')
    this.#counted(id, session.agents.size)
    this.#rows += session.rowCount
    this.#changed.add(id)
  }

  /** Sessions of which something is not kept yet. */
  takeUnkept(): Session[] {
    const sessions = [...this.#unkept]
    this.#unkept.clear()
    return sessions
  }

  /** … that are to be kept no longer. */
  takeDropped(): Session[] {
    this.#leaving = this.#dropped.splice(0)
    return this.#leaving
  }

  /** All that was taken to be kept is. */
  kept(): void {
    this.#leaving = []
  }

  /** Everything is to be stated, and kept, again. */
  touchAll(): void {
    this.#dropped.unshift(...this.#leaving.splice(0))
    this.gone.touchAll()
    for (const [id, session] of this.sessions) {
      session.touchAll()
      this.#changed.add(id)
      this.#unkept.add(session)
    }
  }

  /** Lets go of what ended long ago. */
  #retire(nowMs: number): void {
    const before = new Date(nowMs - ENDED_KEPT_MS).toISOString()
    const silentBefore = new Date(nowMs - SILENT_KEPT_MS).toISOString()
    for (const session of this.sessions.values()) {
      const ending = sessionEnding(session)
      if ((ending && ending.at <= before) || session.facts.heardAt <= silentBefore) {
        this.#drop(session, nowMs)
        continue
      }
      for (const agent of session.agents.values()) {
        if (agent.id === MAIN) continue
        const ended = endingOf(session, agent, this.#parentage(session))
        if (!ended || ended.at > before) continue
        session.retire(agent, later(new Date(nowMs).toISOString(), agent.heardAt) ?? ended.at)
        this.#counted(session.facts.id, -1)
        this.#unkept.add(session)
        this.#changed.add(session.facts.id)
      }
    }
  }

  /** Puts together anew what changed or is due, one session at a time as it is asked for; what that was. */
  *updates(nowMs: number): Generator<[sessionId: string, repainted: Repainted]> {
    if (nowMs >= this.#dueMs) this.#pass(nowMs)
    for (const id of this.#changed) {
      this.#changed.delete(id)
      yield [id, this.#repaint(id, nowMs)]
    }
  }

  /** What time alone changes. */
  #pass(nowMs: number): void {
    this.#passedMs = nowMs
    this.#retire(nowMs)
    this.#dueMs = Number.POSITIVE_INFINITY
    for (const [id, picture] of this.#pictures) {
      const session = this.sessions.get(id)
      if (!session) continue
      if (picture.linksDueMs <= nowMs) this.#changed.add(id)
      else this.#due(picture.linksDueMs)
      this.#due(Date.parse(session.facts.heardAt) + SILENT_KEPT_MS)
      for (const agent of picture.agents.values()) this.#due(agentDueMs(agent))
    }
  }

  #due(ms: number): void {
    const dueMs = Math.max(ms, this.#passedMs + PASS_INTERVAL_MS)
    if (dueMs < this.#dueMs) this.#dueMs = dueMs
  }

  #repaint(id: string, nowMs: number): Repainted {
    const session = this.sessions.get(id)
    const former = this.#pictures.get(id)
    if (!session) {
      for (const agent of former?.agents.values() ?? []) this.#conflicts.delete(agent.id)
      this.#pictures.delete(id)
      this.#registering.delete(id)
      return { agents: [...(former?.agents.keys() ?? [])], links: true }
    }
    // A session that came back is another one; a machine that was told late makes other ids.
    const painted = session.isDirty ? [...(former?.agents.keys() ?? [])] : session.dirtyAgents
    const before = new Map([...painted].map((agentId) => [agentId, former?.agents.get(agentId)?.id]))
    const [picture, repainted] = repaint(session, former, { host: this.#host, nowMs })
    this.#pictures.set(id, picture)
    if (picture.registrations.length > 0) this.#registering.add(id)
    else this.#registering.delete(id)
    this.#due(picture.linksDueMs)
    this.#due(Date.parse(session.facts.heardAt) + SILENT_KEPT_MS)
    for (const agentId of repainted.agents) {
      const formerId = before.get(agentId)
      const agent = picture.agents.get(agentId)
      const facts = session.agents.get(agentId)
      if (formerId !== undefined && formerId !== agent?.id) this.#conflicts.delete(formerId)
      if (!agent || !facts) continue
      this.#due(agentDueMs(agent))
      const endedAt = agent.status === 'offline' ? agent.statusSince : null
      const { sourceId, parentId, host } = agent
      // Two that are nobody knows where may be far from each other.
      const machine = host ?? `? ${id}`
      this.#conflicts.put({ id: agent.id, sourceId, parentId, endedAt, host: machine, writes: facts.writes })
    }
    return repainted
  }

  picture(sessionId: string): Picture | undefined {
    return this.#pictures.get(sessionId)
  }

  conflicts(nowMs: number): { links: Unnumbered<Link>[]; dueMs: number } {
    return this.#conflicts.links(nowMs)
  }

  /** When something will be different by time alone, in ms since 1970; never too late. */
  dueMs(nowMs: number): number {
    return Math.min(this.#dueMs, this.#conflicts.links(nowMs).dueMs)
  }

  /** Agents that claude-flow was told of by sessions' own tool calls; the latest. */
  registrations(): Registration[] {
    return [...this.#registering]
      .flatMap((id) => this.#pictures.get(id)?.registrations ?? [])
      .sort((a, b) => (`${a.at} ${a.by} ${a.nativeId}` < `${b.at} ${b.by} ${b.nativeId}` ? 1 : -1))
      .slice(0, MAX_REGISTRATIONS)
  }

  #drop(session: Session, nowMs: number): void {
    const { id } = session.facts
    this.sessions.delete(id)
    this.#counted(id, -session.agents.size)
    this.#rows -= session.rowCount
    this.#projectOf.delete(id)
    this.#changed.add(id)
    this.#unkept.delete(session)
    this.#dropped.push(session)
    const name = nameOf(session.facts, this.#host)
    this.gone.add(session, name === null || name === this.#host ? OWN : name, new Date(nowMs).toISOString())
  }

  /** Whether one more session may begin; sessions that are over, or silent, leave for it: those of its own project first. */
  #makeRoom(project: string, nowMs: number): boolean {
    const ofProject = this.#perProject.get(project) ?? 0
    if (ofProject >= this.#bounds.agentsPerProject && !this.#evict(project, nowMs)) return false
    return this.#agents < this.#bounds.agents || this.#evict(null, nowMs)
  }

  /** The same for one more subagent. */
  #hasRoom(session: Session, nowMs: number): boolean {
    if (session.agents.size >= this.#bounds.agentsPerSession && !this.#evictAgent(session, nowMs)) return false
    return this.#makeRoom(this.#projectOf.get(session.facts.id) ?? '', nowMs)
  }

  #counted(sessionId: string, more: number): void {
    const project = this.#projectOf.get(sessionId) ?? ''
    const count = (this.#perProject.get(project) ?? 0) + more
    if (count > 0) this.#perProject.set(project, count)
    else this.#perProject.delete(project)
    this.#agents += more
  }

  /** As the picture has it: it may be a moment old. */
  #parentage({ facts }: Session): ReadonlyMap<string, Parentage> {
    return this.#pictures.get(facts.id)?.parentage ?? NO_PARENTAGE
  }

  /** Several at once, so that a flood does not look through all of them for each. */
  #evict(project: string | null, nowMs: number): boolean {
    if (nowMs < (this.#fullUntilMs.get(project) ?? 0)) return false
    const inUse = new Date(nowMs - IN_USE_MS).toISOString()
    const over: { session: Session; rank: string }[] = []
    for (const session of this.sessions.values()) {
      const { facts } = session
      if (project !== null && this.#projectOf.get(facts.id) !== project) continue
      const ending = sessionEnding(session)
      // What ended goes before what is only silent; what is in use stays.
      if (ending) over.push({ session, rank: `0 ${ending.at} ${facts.id}` })
      else if (facts.heardAt <= inUse) over.push({ session, rank: `1 ${facts.heardAt} ${facts.id}` })
    }
    if (over.length === 0) {
      if (this.#fullUntilMs.size >= MAX_FULL) this.#fullUntilMs.clear()
      this.#fullUntilMs.set(project, nowMs + FULL_MS)
      return false
    }
    over.sort((a, b) => (a.rank < b.rank ? -1 : 1))
    for (const { session } of over.slice(0, EVICTED_AT_ONCE)) this.#drop(session, nowMs)
    return true
  }

  #evictAgent(session: Session, nowMs: number): boolean {
    const [oldest] = [...session.agents.values()]
      .flatMap((agent) => {
        const ending = agent.id === MAIN ? null : endingOf(session, agent, this.#parentage(session))
        return ending ? [{ agent, at: ending.at }] : []
      })
      .sort((a, b) => (`${a.at} ${a.agent.id}` < `${b.at} ${b.agent.id}` ? -1 : 1))
    if (!oldest) return false
    session.retire(oldest.agent, later(new Date(nowMs).toISOString(), oldest.agent.heardAt) ?? oldest.at)
    this.#unkept.add(session)
    this.#counted(session.facts.id, -1)
    return true
  }
}

/** Whether it tells of a time up to when its session left; a growing sum is of all the time since it began. */
function isBefore(record: ClaudeCodeRecord, goneAt: IsoTime | null | undefined): boolean {
  if (goneAt === undefined || goneAt === null) return false
  const { at } = record
  const isSum = record.type === 'usage-metric' && record.temporality === 'cumulative'
  return (isSum ? (record.startAt ?? at) : at) <= goneAt
}

const NO_PARENTAGE: ReadonlyMap<string, Parentage> = new Map()

const projectOf = (record: ClaudeCodeRecord): string => (record.type === 'hook' ? (record.project ?? '') : '')
