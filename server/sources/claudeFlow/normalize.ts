// claude-flow's records → our entities. Only what a record says is copied; claude-flow reports no tokens, cost, CPU or
// memory, so those stay `null`. An entity is built anew only when a record it depends on was replaced.

import type { ClaudeFlowRecord, RecordOf } from '../../../protocol/claudeFlow.ts'
import type { RevisionedStore } from '../../../protocol/frames.ts'
import type { Agent, Entity, IsoTime, Link, Provenance, Swarm, Task, Unnumbered } from '../../../protocol/swarm.ts'
import { Incarnations } from './incarnations.ts'
import { agentStatusOf, roleOf, swarmStatusOf, taskStatusOf } from './spelling.ts'
import { topologyLinks } from './topology.ts'

export interface SourceIdentity {
  sourceId: string
  project: string
  host: string
}

export type NormalEntity = Unnumbered<Entity>

interface AgentInputs {
  id: string
  record: RecordOf<'agent'>
  swarm: RecordOf<'swarm'> | null
  /** When the agent's swarm was seen to be over; `null` while it is not. */
  overAt: IsoTime | null
  /** `null`: no tasks are reported at all, so nothing is known. */
  tasksActive: number | null
  currentTask: string | null
}

interface KnownAgent {
  inputs: AgentInputs
  entity: Unnumbered<Agent>
}

/** What is known of the moment in which the records changed. */
interface Seen {
  at: IsoTime
  witnessed: boolean
}

const ORIGIN = 'claude-flow'

export class Normalizer {
  readonly #identity: SourceIdentity
  readonly #agentIncarnations = new Incarnations()
  /** Of a former run of ours, until the agent's record is seen. */
  readonly #formerAgents = new Map<string, Unnumbered<Agent>>()
  #agents = new Map<string, KnownAgent>()
  #others = new Map<string, { inputs: readonly unknown[]; entity: NormalEntity }>()

  /** `former`: what was known when we stopped, by `entity/id`. */
  constructor(identity: SourceIdentity, former: ReadonlyMap<string, NormalEntity> = new Map()) {
    this.#identity = identity
    for (const entity of former.values()) {
      if (entity.entity !== 'agent') continue
      this.#formerAgents.set(entity.id, entity)
      this.#agentIncarnations.remember(entity.id, identity.sourceId, entity.nativeId, entity.createdAt)
    }
  }

  /**
   * Everything that the records amount to, by `entity` and `id`; what did not change since the last call is the same
   * object. `witnessed`: the records came as changes while we watched (not as a first look), so that the moment in
   * which a status began is known.
   */
  entities(records: RevisionedStore<ClaudeFlowRecord>, witnessed: boolean): Map<string, NormalEntity> {
    const byKind = split(records)
    // The newest record is what made this happen; an agent may change without its own record.
    let at = ''
    for (const record of records.values()) if (record.at > at) at = record.at
    const seen = { at, witnessed }
    const swarmOf = membership(byKind.swarms)
    const work = workload(byKind.tasks)
    const agentIds = new Map<string, string>()
    const agents = new Map<string, KnownAgent>()
    const membersOf = new Map<RecordOf<'swarm'>, RecordOf<'agent'>[]>()
    const result = new Map<string, NormalEntity>()

    for (const record of byKind.agents) {
      const { nativeId, data } = record
      const id = this.#agentIncarnations.idFor(this.#identity.sourceId, nativeId, data.createdAt)
      agentIds.set(nativeId, id)
      const swarm = swarmOf(record)
      if (swarm) {
        const members = membersOf.get(swarm)
        if (members) members.push(record)
        else membersOf.set(swarm, [record])
      }
      const inputs: AgentInputs = {
        id,
        record,
        swarm,
        overAt: swarm !== null && swarmStatusOf(swarm.data.status) === 'terminated' ? swarm.at : null,
        tasksActive: byKind.tasks.length === 0 ? null : (work.active.get(nativeId) ?? 0),
        currentTask: taskText(data.currentTask, byKind.taskById) ?? work.description.get(nativeId) ?? null,
      }
      const known = this.#agents.get(id)
      const entity = known && sameInputs(known.inputs, inputs) ? known.entity : this.#agent(inputs, known, seen)
      agents.set(id, { inputs, entity })
      result.set(`agent/${id}`, entity)
    }

    const others = new Map<string, { inputs: readonly unknown[]; entity: NormalEntity }>()
    const keep = <E extends NormalEntity>(
      inputs: readonly unknown[],
      id: string,
      kind: E['entity'],
      build: () => E,
    ) => {
      const key = `${kind}/${id}`
      const known = this.#others.get(key)
      const entity = known && sameList(known.inputs, inputs) ? known.entity : build()
      others.set(key, { inputs, entity })
      result.set(key, entity)
    }

    for (const record of byKind.tasks) {
      const named = [...new Set(record.data.assignedTo)]
      const assigned = named.map((nativeId) => agentIds.get(nativeId)).filter((id) => id !== undefined)
      const id = this.#id(record.nativeId)
      keep([record, assigned.join('\n')], id, 'task', () => this.#task(record, assigned))
      const status = taskStatusOf(record.data.status)
      if (status !== 'pending' && status !== 'in_progress') continue
      for (const target of assigned) {
        const linkId = `${id}/assigned/${target}`
        keep([record], linkId, 'link', () => this.#assigned(linkId, id, target, record))
      }
    }
    for (const record of byKind.swarms) {
      const members = membersOf.get(record) ?? []
      const memberIds = members.map((agent) => agentIds.get(agent.nativeId)).filter((id) => id !== undefined)
      const queen = byKind.hive?.data.queen ?? null
      const queenId = queen !== null && members.some((agent) => agent.nativeId === queen) ? agentIds.get(queen) : null
      const id = this.#id(record.nativeId)
      keep([record, memberIds.join('\n'), queenId], id, 'swarm', () => this.#swarm(record, memberIds, queenId ?? null))
      if (swarmStatusOf(record.data.status) === 'terminated') continue
      const roles = members.map((agent) => ({
        id: agentIds.get(agent.nativeId) ?? '',
        role: roleOf(agent.data.type),
        status: agentStatusOf(agent.data.status),
      }))
      for (const { source, target, evidence } of topologyLinks(record.data.topology, roles, queenId ?? null)) {
        const linkId = `${id}/topology/${source}/${target}`
        keep([record, evidence], linkId, 'link', () => this.#topology(linkId, source, target, evidence, record))
      }
    }

    this.#agents = agents
    this.#others = others
    return result
  }

  #id(nativeId: string): string {
    return `${this.#identity.sourceId}/${nativeId}`
  }

  #agent(inputs: AgentInputs, known: KnownAgent | undefined, seen: Seen): Unnumbered<Agent> {
    const { id, record, swarm, overAt, tasksActive, currentTask } = inputs
    const { data, nativeId } = record
    const former = this.#formerAgents.get(id)
    this.#formerAgents.delete(id)
    // Only if its record is the same: else its status may have changed and changed back while nobody looked.
    const previous = known?.entity ?? (former && record.at <= former.updatedAt ? former : undefined)
    // Its swarm or a task of its changed, not its own record.
    const fromOthers = known !== undefined && known.inputs.record === record
    // claude-flow goes on listing the agents of a swarm that was shut down.
    const status = overAt === null ? agentStatusOf(data.status) : 'offline'
    const statusAt = overAt ?? record.at
    const health = data.health !== null && data.health >= 0 && data.health <= 1 ? data.health : null
    const { sourceId, project, host } = this.#identity
    const said = (value: unknown, at: IsoTime | null = record.at) => (value === null ? null : { source: ORIGIN, at })
    const sources = Object.fromEntries(
      Object.entries({
        status: said(status, statusAt),
        type: said(data.type),
        model: said(data.model),
        health: said(health),
        // From the tasks' records, each with a time of its own.
        currentTask: said(currentTask, null),
        tasksActive: said(tasksActive, null),
        tasksCompleted: said(data.taskCount),
        capabilities: said(data.capabilities),
        createdAt: said(data.createdAt),
      }).filter((entry): entry is [string, Provenance] => entry[1] !== null),
    )
    return {
      entity: 'agent',
      id,
      nativeId,
      sourceId,
      origin: ORIGIN,
      kind: 'registered',
      name: data.name ?? nativeId,
      type: roleOf(data.type),
      rawType: data.type,
      status,
      rawStatus: data.status,
      mock: false,
      swarmId: swarm ? this.#id(swarm.nativeId) : null,
      parentId: null,
      model: data.model,
      health,
      currentTask,
      tasksActive,
      tasksCompleted: data.taskCount,
      tokens: null,
      costUsd: null,
      cpuUsage: null,
      memoryBytes: null,
      capabilities: data.capabilities,
      activity: null,
      attention: null,
      project,
      host,
      tools: null,
      statusSince:
        previous?.status === status ? previous.statusSince : seen.witnessed ? later(statusAt, data.createdAt) : null,
      createdAt: data.createdAt,
      lastActiveAt: null,
      updatedAt: later(fromOthers ? seen.at : record.at, previous?.updatedAt ?? null),
      sources,
      openTools: null,
      lastTool: null,
      lastFailure: null,
      unattributed: null,
      crossCheck: null,
      endedReason: null,
      sessionId: null,
    }
  }

  #task(record: RecordOf<'task'>, assignedTo: string[]): Unnumbered<Task> {
    const { data, nativeId, at } = record
    return {
      entity: 'task',
      id: this.#id(nativeId),
      nativeId,
      sourceId: this.#identity.sourceId,
      origin: ORIGIN,
      mock: false,
      type: data.type,
      description: data.description,
      priority: data.priority,
      status: taskStatusOf(data.status),
      rawStatus: data.status,
      progress: data.progress === null ? null : Math.min(1, Math.max(0, data.progress / 100)),
      assignedTo,
      swarmId: data.swarm === null ? null : this.#id(data.swarm),
      createdAt: data.createdAt,
      startedAt: data.startedAt,
      completedAt: data.completedAt,
      updatedAt: at,
    }
  }

  #swarm(record: RecordOf<'swarm'>, agentIds: string[], queenId: string | null): Unnumbered<Swarm> {
    const { data, nativeId, at } = record
    return {
      entity: 'swarm',
      id: this.#id(nativeId),
      nativeId,
      sourceId: this.#identity.sourceId,
      origin: ORIGIN,
      mock: false,
      name: data.name,
      topology: data.topology,
      strategy: data.strategy,
      maxAgents: data.maxAgents,
      status: swarmStatusOf(data.status),
      rawStatus: data.status,
      agentIds,
      queenId,
      createdAt: data.createdAt,
      updatedAt: at,
    }
  }

  #assigned(id: string, task: string, agent: string, { data }: RecordOf<'task'>): Unnumbered<Link> {
    return {
      ...this.#link(id, task, agent),
      kind: 'assigned',
      evidence: 'the task names the agent',
      since: data.startedAt ?? data.createdAt,
    }
  }

  #topology(id: string, source: string, target: string, evidence: string, swarm: RecordOf<'swarm'>): Unnumbered<Link> {
    return { ...this.#link(id, source, target), kind: 'topology', evidence, since: swarm.data.createdAt }
  }

  #link(id: string, source: string, target: string) {
    return { entity: 'link' as const, id, sourceId: this.#identity.sourceId, source, target, mock: false }
  }
}

/** A file's time may lie some milliseconds before what was written into it. All times are spelled alike, so compare as text. */
const later = (at: IsoTime, other: IsoTime | null): IsoTime => (other !== null && other > at ? other : at)

function split(records: RevisionedStore<ClaudeFlowRecord>) {
  const agents: RecordOf<'agent'>[] = []
  const tasks: RecordOf<'task'>[] = []
  const swarms: RecordOf<'swarm'>[] = []
  const taskById = new Map<string, RecordOf<'task'>>()
  let hive: RecordOf<'hive'> | null = null
  for (const record of records.values()) {
    if (record.kind === 'agent') agents.push(record)
    else if (record.kind === 'swarm') swarms.push(record)
    else if (record.kind === 'hive') hive = record
    else {
      tasks.push(record)
      taskById.set(record.nativeId, record)
    }
  }
  // The state must not depend on the order in which records came.
  for (const list of [agents, tasks, swarms]) list.sort((a, b) => (a.nativeId < b.nativeId ? -1 : 1))
  return { agents, tasks, swarms, taskById, hive }
}

/** Which swarm an agent belongs to: the one it names (2.x), else the youngest that lists it (3.x), running ones first. */
function membership(swarms: readonly RecordOf<'swarm'>[]) {
  const byId = new Map(swarms.map((swarm) => [swarm.nativeId, swarm]))
  const byMember = new Map<string, RecordOf<'swarm'>>()
  const over = (swarm: RecordOf<'swarm'>) => (swarmStatusOf(swarm.data.status) === 'terminated' ? 0 : 1)
  const inOrder = [...swarms].sort(
    (a, b) => over(a) - over(b) || (a.data.createdAt ?? '').localeCompare(b.data.createdAt ?? ''),
  )
  for (const swarm of inOrder) for (const member of swarm.data.agents) byMember.set(member, swarm)
  return ({ nativeId, data }: RecordOf<'agent'>) =>
    (data.swarm === null ? byMember.get(nativeId) : byId.get(data.swarm)) ?? null
}

/** How many tasks each agent has in progress, and the description of the youngest of them. */
function workload(tasks: readonly RecordOf<'task'>[]) {
  const active = new Map<string, number>()
  const description = new Map<string, string>()
  const inOrder = [...tasks].sort((a, b) => (a.data.startedAt ?? '').localeCompare(b.data.startedAt ?? ''))
  for (const { nativeId, data } of inOrder) {
    if (taskStatusOf(data.status) !== 'in_progress') continue
    for (const agent of new Set(data.assignedTo)) {
      active.set(agent, (active.get(agent) ?? 0) + 1)
      description.set(agent, data.description ?? nativeId)
    }
  }
  return { active, description }
}

/** `currentTask` is a task's id; its description says more. */
const taskText = (current: string | null, tasks: ReadonlyMap<string, RecordOf<'task'>>): string | null =>
  current === null ? null : (tasks.get(current)?.data.description ?? current)

const sameInputs = (a: AgentInputs, b: AgentInputs): boolean =>
  a.record === b.record &&
  a.swarm?.nativeId === b.swarm?.nativeId &&
  a.overAt === b.overAt &&
  a.tasksActive === b.tasksActive &&
  a.currentTask === b.currentTask

const sameList = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index])
