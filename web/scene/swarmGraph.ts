// From entities to what is drawn: nodes in stable slots, links between slots, and what the layout must be told. Holds no
// three object, so that tests need no GPU. Changes are only noted when they come in, and worked off once a frame.

import { type EntityRef, refKey } from '../../protocol/frames.ts'
import type { Agent, Entity, Link, LinkKind, Task } from '../../protocol/swarm.ts'
import { LINK_STRIDE, STRONG_LINK, WEAK_LINK } from '../layout/layoutState.ts'
import type { LayoutNode } from '../layout/messages.ts'
import { Slots } from '../layout/slots.ts'
import type { SwarmChange, SwarmModel } from '../store/swarmModel.ts'
import { radiusOf, TASK_RADIUS } from '../theme/roles.ts'
import { type Look, lookOf } from '../theme/status.ts'
import { NodeGroups } from './nodeGroups.ts'

export type NodeEntity = Agent | Task

export interface GraphLink {
  id: string
  kind: LinkKind
  source: number
  target: number
}

export interface GraphUpdate {
  /** Everything was replaced: another moment is shown, or another world. */
  isLeap: boolean
  added: number[]
  /** Slots whose entity was replaced by a newer one. */
  changed: number[]
  /** Slots whose entity ended: they fade, and are free after `free()`. */
  ended: number[]
  /** The links, if they changed. */
  links: readonly GraphLink[] | null
  layoutAdd: LayoutNode[]
  /** Group of each slot, if one changed; -1 for none. */
  groups: Int32Array | null
  /** Links over which a message was seen to go just now. */
  messages: GraphLink[]
}

const forceKindOf = (kind: LinkKind): number => (kind === 'spawned' || kind === 'inferred' ? STRONG_LINK : WEAK_LINK)
/** More at once than anybody could see. */
const MAX_MESSAGES = 256
const FRESH_MS = 10_000
/** More than a frame's work, and twice as many as there are in the largest swarm. */
const MAX_PENDING = 20_000

/** A task stands in the scene while it is open and somebody has it. */
const isDrawnTask = (task: Task): boolean =>
  (task.status === 'pending' || task.status === 'in_progress') && task.assignedTo.length > 0

const isNode = (entity: Entity): entity is NodeEntity =>
  entity.entity === 'agent' || (entity.entity === 'task' && isDrawnTask(entity))

export class SwarmGraph {
  readonly slots = new Slots()
  readonly #model: SwarmModel
  readonly #nowMs: () => number
  readonly #entities: (NodeEntity | null)[] = []
  readonly #groups: NodeGroups
  readonly #pending = new Map<string, EntityRef>()
  readonly #ending = new Set<number>()
  readonly #messages: Link[] = []
  #hasLinkChange = false
  /** An agent's swarm or parent is another. */
  #hasKinChange = false
  #isReset = false
  #links: GraphLink[] = []
  #childCounts = new Uint16Array(0)

  /** `nowMs`: the moment that is shown. */
  constructor(model: SwarmModel, nowMs: () => number = Date.now) {
    this.#model = model
    this.#nowMs = nowMs
    this.#groups = new NodeGroups((id) => model.get('agent', id))
    if (model.hasData) this.#isReset = true
  }

  get links(): readonly GraphLink[] {
    return this.#links
  }

  get hasPending(): boolean {
    return this.#isReset || this.#hasLinkChange || this.#pending.size > 0
  }

  /** The links as the layout takes them. */
  flatLinks(): Int32Array {
    const flat = new Int32Array(this.#links.length * LINK_STRIDE)
    for (const [index, link] of this.#links.entries()) {
      flat[index * LINK_STRIDE] = link.source
      flat[index * LINK_STRIDE + 1] = link.target
      flat[index * LINK_STRIDE + 2] = forceKindOf(link.kind)
    }
    return flat
  }

  /** How many marks breathe or turn. */
  countLivingMarks(): number {
    let count = 0
    for (const entity of this.#entities) {
      if (entity?.entity !== 'agent') continue
      const look = lookOf(entity)
      if (look === 'tool' || look === 'needs-you') count++
    }
    return count
  }

  entityAt(slot: number): NodeEntity | null {
    return this.#entities[slot] ?? null
  }

  slotOfAgent(id: string): number {
    return this.slots.slotOf(refKey({ entity: 'agent', id }))
  }

  slotOfNode(id: string): number {
    const slot = this.slotOfAgent(id)
    return slot >= 0 ? slot : this.slots.slotOf(refKey({ entity: 'task', id }))
  }

  note(change: SwarmChange): void {
    if (change.isReset) {
      this.#isReset = true
      this.#pending.clear()
      this.#messages.length = 0
      return
    }
    for (const entity of change.put) {
      this.#noteOne(entity)
      const isMessage = entity.entity === 'link' && entity.kind === 'message'
      if (isMessage && this.#messages.length < MAX_MESSAGES && this.#isFresh(entity)) this.#messages.push(entity)
    }
    for (const ref of change.del) this.#noteOne(ref)
  }

  /** What comes late (after a pause of the line) was not seen just now. */
  #isFresh({ since }: Link): boolean {
    return since === null || this.#nowMs() - Date.parse(since) < FRESH_MS
  }

  #noteOne(ref: EntityRef): void {
    if (ref.entity === 'link') this.#hasLinkChange = true
    else if (ref.entity === 'agent' || ref.entity === 'task') this.#pending.set(refKey(ref), ref)
    // No frame comes while the page is hidden: instead of all who came and went meanwhile, what is there is looked at anew.
    if (this.#pending.size > MAX_PENDING) {
      this.#isReset = true
      this.#pending.clear()
    }
  }

  /** Works off what was noted. */
  update(): GraphUpdate {
    const update: GraphUpdate = {
      isLeap: this.#isReset,
      added: [],
      changed: [],
      ended: [],
      links: null,
      layoutAdd: [],
      groups: null,
      messages: [],
    }
    if (this.#isReset) this.#putAll(update)
    else for (const [key, ref] of this.#pending) this.#put(ref, this.slots.slotOf(key), update)
    this.#pending.clear()
    const isOtherNodes = update.added.length > 0 || update.ended.length > 0
    if (this.#isReset || this.#hasLinkChange || isOtherNodes) {
      const links = this.#linksNow()
      // Another moment has mostly the same ones, and a link on which something is said again is the same, too: nothing moves.
      if (isOtherNodes || !areSame(links, this.#links)) {
        this.#links = links
        update.links = links
      }
    }
    if (update.links || this.#hasKinChange) update.groups = this.#groups.update(this.slots.end, this.#entities)
    for (const link of this.#messages.splice(0)) {
      const source = this.#sourceSlot(link)
      const target = this.slotOfAgent(link.target)
      if (source >= 0 && target >= 0) update.messages.push({ id: link.id, kind: link.kind, source, target })
    }
    // After all have their slots: a child may come before its parent.
    for (const slot of update.added) update.layoutAdd.push(this.#layoutNode(slot))
    this.#isReset = false
    this.#hasLinkChange = false
    this.#hasKinChange = false
    return update
  }

  /** By slot, for most are there before and after; and by key only where somebody has none. */
  #putAll(update: GraphUpdate): void {
    const { agents, tasks } = this.#model
    let agentsLeft = agents.size
    for (let slot = 0; slot < this.slots.end; slot++) {
      const entity = this.#entities[slot]
      if (!entity || this.#ending.has(slot)) continue
      this.#put(entity, slot, update)
      if (entity.entity === 'agent' && !this.#ending.has(slot)) agentsLeft--
    }
    const putNew = (entity: Entity) => {
      if (isNode(entity) && this.slots.slotOf(refKey(entity)) < 0) this.#put(entity, -1, update)
    }
    if (agentsLeft > 0) for (const agent of agents.values()) putNew(agent)
    for (const task of tasks.values()) putNew(task)
  }

  /** `known`: its slot; -1 for none. */
  #put(ref: EntityRef, known: number, update: GraphUpdate): void {
    const entity = ref.entity === 'agent' ? this.#model.get('agent', ref.id) : this.#model.get('task', ref.id)
    if (!entity || !isNode(entity)) {
      if (known < 0) return
      this.slots.retire(known)
      this.#ending.add(known)
      update.ended.push(known)
    } else if (known < 0) {
      const slot = this.slots.acquire(refKey(entity))
      this.#entities[slot] = entity
      update.added.push(slot)
    } else if (this.#entities[known] !== entity) {
      this.#hasKinChange ||= kinOf(this.#entities[known]) !== kinOf(entity)
      this.#entities[known] = entity
      update.changed.push(known)
    }
  }

  /** The ended node in this slot has faded: its number may be used again. */
  free(slot: number): void {
    if (!this.#ending.delete(slot)) return
    this.#entities[slot] = null
    this.slots.release(slot)
  }

  /** How many it spawned. */
  childCount(slot: number): number {
    return this.#childCounts[slot] ?? 0
  }

  #linksNow(): GraphLink[] {
    const links: GraphLink[] = []
    this.#childCounts = new Uint16Array(this.slots.end)
    for (const link of this.#model.links.values()) {
      const source = this.#sourceSlot(link)
      const target = this.slotOfAgent(link.target)
      if (source < 0 || target < 0) continue
      links.push({ id: link.id, kind: link.kind, source, target })
      if (link.kind === 'spawned') this.#childCounts[source] = (this.#childCounts[source] ?? 0) + 1
    }
    return links
  }

  #sourceSlot({ kind, source }: Link): number {
    return kind === 'assigned' ? this.slots.slotOf(refKey({ entity: 'task', id: source })) : this.slotOfAgent(source)
  }

  #layoutNode(slot: number): LayoutNode {
    const entity = this.#entities[slot]
    const generation = this.slots.generationOf(slot)
    if (!entity) return { slot, generation, radius: TASK_RADIUS, group: -1, near: -1 }
    const nearId = entity.entity === 'agent' ? entity.parentId : (entity.assignedTo[0] ?? null)
    return {
      slot,
      generation,
      radius: nodeRadius(entity),
      group: this.#groups.of(slot),
      near: nearId === null ? -1 : this.slotOfAgent(nearId),
      hangs: entity.entity === 'task',
    }
  }

  /** Of the node in this slot; -1 for none. */
  groupAt(slot: number): number {
    return this.#groups.of(slot)
  }

  /** A swarm's name, else what kind it is, else its id; `null` for a session, which goes by whoever began it. */
  groupTitle(group: number): string | null {
    const swarmId = this.#groups.swarmOf(group)
    if (swarmId === null) return null
    const swarm = this.#model.get('swarm', swarmId)
    const kind = swarm?.topology ? `${swarm.topology} swarm` : null
    return swarm?.name ?? kind ?? swarm?.nativeId ?? swarmId.slice(swarmId.indexOf('/') + 1)
  }

  get groupCount(): number {
    return this.#groups.count
  }
}

/** Whatever their order: it is no fact about the swarm. */
function areSame(links: readonly GraphLink[], before: readonly GraphLink[]): boolean {
  if (links.length !== before.length) return false
  let byId: Map<string, GraphLink> | null = null
  for (const [index, link] of links.entries()) {
    if (isSame(link, before[index])) continue
    byId ??= new Map(before.map((one) => [one.id, one]))
    if (!isSame(link, byId.get(link.id))) return false
  }
  return true
}

const isSame = (a: GraphLink, b: GraphLink | undefined): boolean =>
  a.id === b?.id && a.source === b.source && a.target === b.target && a.kind === b.kind

const kinOf = (entity: NodeEntity | null | undefined): string | null =>
  !entity ? null : entity.entity === 'task' ? entity.assignedTo.join() : `${entity.swarmId}\n${entity.parentId}`

/** Who needs somebody steps forward, who is gone steps back. */
const SCALE: Readonly<Record<Look, number>> = {
  'needs-you': 1.12,
  failed: 1.12,
  active: 1,
  tool: 1,
  initializing: 0.72,
  idle: 0.88,
  offline: 0.62,
}

/** As it is drawn now; the layout keeps room for the whole. */
export const drawnRadius = (entity: NodeEntity): number =>
  nodeRadius(entity) * (entity.entity === 'agent' ? SCALE[lookOf(entity)] : 1)

const nodeRadius = (entity: NodeEntity): number =>
  entity.entity === 'agent' ? radiusOf(entity.type, entity.name) : TASK_RADIUS
