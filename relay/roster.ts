// claude-flow 2.x without a database keeps its swarms in its process's memory, and tells of them only when asked: after
// a call that may have changed something passed through, and now and then. Asked for a swarm that it does not hold it
// invents agents, so only swarms that this very process made (we saw its answers) are asked for, and what is invented
// is left out all the same.

import { type FoundRecord, readAgentList2, readRow2, toolAnswer } from '../protocol/claudeFlow.ts'
import { isObject, type Json } from './jsonRpc.ts'

export interface RosterEdge {
  /** `agent_list` of the child; the tool's result. */
  listAgents(args: Json): Promise<unknown>
  onRecords(records: readonly FoundRecord[]): void
  onError(error: unknown): void
}

/** Tools that may change who is there; what only reads (`agent_list`, `swarm_status`, …) is no reason to look again. */
const FAMILY = /^(swarm|agents?|task|hive|daa|workflow|parallel|batch)_/
/** A guess by the name: a wrong one costs a look too many, or one that comes a little later. */
const READS_ONLY = /_(list|status|metrics|monitor|results?|info|get)$/
/** Swarms that are asked for; the oldest are forgotten. */
const MAX_SWARMS = 100
const MAX_TASKS = 10_000

export class Roster {
  readonly #edge: RosterEdge
  readonly #intervalMs: number
  #isActive = false
  /** Swarm asked for → its own record; `''` stands for "no swarm named". */
  #swarms = new Map<string, FoundRecord | null>()
  #agents = new Map<string, readonly FoundRecord[]>()
  #tasks = new Map<string, FoundRecord>()
  /** The last one made: 2.x takes it where no swarm is named. */
  #activeSwarm: string | null = null
  #timer: NodeJS.Timeout | undefined
  #reading = false
  #again = false
  /** Counts child processes: an answer of a former one says nothing. */
  #incarnation = 0

  constructor(edge: RosterEdge, intervalMs: number) {
    this.#edge = edge
    this.#intervalMs = intervalMs
  }

  get hasSwarms(): boolean {
    return this.#swarms.size > 0
  }

  /** Only for a 2.x child, and only while no database holds the truth. */
  setActive(isActive: boolean): void {
    if (this.#isActive && !isActive) this.clear()
    this.#isActive = isActive
  }

  /** A client's tool call was answered. */
  note(tool: string, args: Json, result: unknown): void {
    if (!this.#isActive || !FAMILY.test(tool) || READS_ONLY.test(tool)) return
    const answer = toolAnswer(result)
    if (!isObject(answer) || answer.success === false) return
    if (tool === 'swarm_init') this.#noteSwarm(answer)
    else if (tool.startsWith('agent')) this.#noteAgents(args)
    else if (tool === 'task_orchestrate') this.#noteTask(answer, args)
    if (this.hasSwarms) this.#refresh()
  }

  /** Asks no more; what is known stays. */
  close(): void {
    this.#isActive = false
    this.#incarnation++
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#again = false
  }

  /** The child went, and its memory with it. */
  clear(): void {
    const isActive = this.#isActive
    this.close()
    this.#isActive = isActive
    if (!this.hasSwarms && this.#tasks.size === 0) return
    this.#swarms = new Map()
    this.#agents = new Map()
    this.#tasks = new Map()
    this.#activeSwarm = null
    this.#edge.onRecords([])
  }

  #noteSwarm(answer: Json): void {
    if (typeof answer.swarmId !== 'string' || answer.swarmId === '') return
    const { swarmId: id, topology, maxAgents, status, strategy, timestamp } = answer
    const row = { id, topology, maxAgents, status, config: { strategy }, createdAt: timestamp }
    this.#activeSwarm = answer.swarmId
    this.#remember(answer.swarmId, readRow2('swarms', JSON.stringify(row)))
  }

  /** An agent can be put into a swarm by a name that no `swarm_init` gave, or into none. */
  #noteAgents(args: Json): void {
    const swarm = typeof args.swarmId === 'string' ? args.swarmId : ''
    if (!this.#swarms.has(swarm)) this.#remember(swarm, null)
  }

  #noteTask(answer: Json, args: Json): void {
    const { taskId: id, task: description, priority, status, timestamp } = answer
    const named = typeof args.swarmId === 'string' ? args.swarmId : this.#activeSwarm
    const row = { id, description, priority, status, swarmId: named, metadata: { orchestratedAt: timestamp } }
    const task = readRow2('tasks', JSON.stringify(row))
    if (task && this.#tasks.size < MAX_TASKS) this.#tasks.set(task.nativeId, task)
  }

  #remember(swarm: string, record: FoundRecord | null): void {
    this.#swarms.set(swarm, record)
    if (this.#swarms.size > MAX_SWARMS) {
      const [oldest = ''] = this.#swarms.keys()
      this.#swarms.delete(oldest)
      this.#agents.delete(oldest)
    }
    this.#timer ??= setInterval(() => this.#refresh(), this.#intervalMs).unref()
  }

  #refresh(): void {
    this.#again = true
    if (!this.#reading) void this.#readAll()
  }

  async #readAll(): Promise<void> {
    this.#reading = true
    while (this.#again) {
      this.#again = false
      const incarnation = this.#incarnation
      try {
        for (const swarm of [...this.#swarms.keys()]) await this.#read(swarm, incarnation)
      } catch (error) {
        if (incarnation === this.#incarnation) this.#edge.onError(error)
      }
      if (incarnation === this.#incarnation) this.#tell()
    }
    this.#reading = false
  }

  async #read(swarm: string, incarnation: number): Promise<void> {
    const result = await this.#edge.listAgents(swarm === '' ? {} : { swarmId: swarm })
    const list = readAgentList2(toolAnswer(result))
    if (incarnation !== this.#incarnation || !list) return
    this.#agents.set(swarm, list.agents)
  }

  #tell(): void {
    // The same agent may stand in two answers: in its swarm's, and in that for no swarm named.
    const records = new Map<string, FoundRecord>()
    for (const record of this.#swarms.values()) if (record) records.set(`swarm/${record.nativeId}`, record)
    for (const agents of this.#agents.values())
      for (const agent of agents) records.set(`agent/${agent.nativeId}`, agent)
    for (const task of this.#tasks.values()) records.set(`task/${task.nativeId}`, task)
    this.#edge.onRecords([...records.values()])
  }
}
