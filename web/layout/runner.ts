// Runs the layout: takes changes in, steps while something is warm, hands positions out at a steady pace. Without a worker's
// globals, so that tests drive it by hand.

import { addNodes, createLayout, LINK_STRIDE, removeNode, setDensity, setLinks, warm } from './layoutState.ts'
import type { FromLayout, LayoutNode, ToLayout } from './messages.ts'
import { Repulsion } from './repulsion.ts'
import { findPlaces, setMode } from './setMode.ts'
import { MIN_HEAT, step } from './step.ts'

/** How often positions are handed out; the page interpolates between. */
export const FRAME_MS = 33
/** More steps than this per frame and a small swarm would jump instead of settle. */
const MAX_STEPS_PER_FRAME = 3
const STEP_BUDGET_MS = 15
/** The first picture is not worth watching unfold: it opens nearly settled. */
const OPENING_STEPS = 220
const OPENING_BUDGET_MS = 120

const NEIGHBOUR_HEAT = 0.25
const CHANGE_HEAT = 0.03

export interface RunnerEdge {
  nowMs(): number
  /** Asks for `turn()` to be called after so long; at most one is asked for at a time. */
  schedule(delayMs: number): void
  send(message: FromLayout, transfer: Transferable[]): void
}

export class LayoutRunner {
  readonly #edge: RunnerEdge
  readonly #state = createLayout(256, 0x5ca1ab1e)
  readonly #repulsion = new Repulsion()
  #generations = new Uint32Array(256)
  #spare: { positions: Float32Array; generations: Uint32Array }[] = []
  #hasOpened = false
  #isScheduled = false
  #isPaused = false
  #isMoving = false
  #hasMotion = true
  #stepMs = 0

  constructor(edge: RunnerEdge) {
    this.#edge = edge
  }

  receive(message: ToLayout): void {
    switch (message.type) {
      case 'recycle':
        if (this.#spare.length < 3) this.#spare.push(message)
        return
      case 'pause':
        this.#isPaused = message.paused
        this.#wake()
        return
      case 'motion':
        this.#hasMotion = message.hasMotion
        return
      case 'mode':
        setMode(this.#state, message.mode)
        this.#isMoving = true
        this.#wake()
        return
      case 'change':
        this.#change(message)
        this.#isMoving = true
        this.#wake()
        return
      default:
        message satisfies never
    }
  }

  #change({ add, remove, isLeap, links, groups }: Extract<ToLayout, { type: 'change' }>): void {
    const state = this.#state
    for (const slot of remove) {
      removeNode(state, slot)
      this.#generations[slot] = 0
    }
    addNodes(state, add)
    if (this.#generations.length < state.capacity) {
      const larger = new Uint32Array(state.capacity)
      larger.set(this.#generations)
      this.#generations = larger
    }
    for (const node of add) this.#generations[node.slot] = node.generation
    let aliveCount = 0
    for (let slot = 0; slot < state.slotEnd; slot++) aliveCount += state.alive[slot] ?? 0
    if (aliveCount === 0) this.#hasOpened = false
    setDensity(state, aliveCount)
    const newcomers = add.filter(({ at }) => at === undefined)
    // A few newcomers make room around themselves; only a crowd moves everybody. Who comes back has its room, and a moment
    // without newcomers moves nobody: going back and forth in time, each is found where it was.
    if (!isLeap || newcomers.length > 0) {
      warm(state, Math.max(CHANGE_HEAT, Math.min(1, (1.5 * newcomers.length) / Math.max(aliveCount, 1))))
    }
    if (groups) state.groups.set(groups.subarray(0, state.capacity))
    if (links) this.#setLinks(links, newcomers)
    findPlaces(state)
  }

  #setLinks(links: Int32Array, newcomers: readonly LayoutNode[]): void {
    const state = this.#state
    setLinks(state, links)
    const isNew = new Set(newcomers.map((node) => node.slot))
    for (let i = 0; i < links.length; i += LINK_STRIDE) {
      const source = links[i] ?? 0
      const target = links[i + 1] ?? 0
      if (isNew.has(source) !== isNew.has(target)) {
        const neighbour = isNew.has(source) ? target : source
        state.heats[neighbour] = Math.max(state.heats[neighbour] ?? 0, NEIGHBOUR_HEAT)
      }
    }
  }

  #wake(): void {
    if (this.#isScheduled || this.#isPaused || !this.#isMoving) return
    this.#isScheduled = true
    this.#edge.schedule(0)
  }

  turn(): void {
    this.#isScheduled = false
    if (this.#isPaused || !this.#isMoving) return
    const startMs = this.#edge.nowMs()
    // Under reduced motion only the end is shown.
    const isUnseen = !this.#hasOpened || !this.#hasMotion
    const most = isUnseen ? OPENING_STEPS : MAX_STEPS_PER_FRAME
    const budgetMs = isUnseen ? OPENING_BUDGET_MS : STEP_BUDGET_MS
    const mustShow = !this.#hasOpened || this.#hasMotion
    let steps = 0
    let heat = 1
    while (steps < most && heat > MIN_HEAT && (steps === 0 || this.#edge.nowMs() - startMs < budgetMs)) {
      heat = step(this.#state, this.#repulsion)
      steps++
    }
    this.#hasOpened = true
    const spentMs = this.#edge.nowMs() - startMs
    this.#stepMs = spentMs / steps
    this.#isMoving = heat > MIN_HEAT
    if (mustShow || !this.#isMoving) this.#handOut()
    if (!this.#isMoving) return
    this.#isScheduled = true
    this.#edge.schedule(Math.max(0, FRAME_MS - spentMs))
  }

  #handOut(): void {
    const { slotEnd, positions: from } = this.#state
    const spare = this.#spare.pop()
    const fits = spare && spare.generations.length >= slotEnd
    const positions = fits ? spare.positions : new Float32Array(Math.max(64, slotEnd * 2) * 3)
    const generations = fits ? spare.generations : new Uint32Array(Math.max(64, slotEnd * 2))
    positions.set(from.subarray(0, slotEnd * 3))
    generations.set(this.#generations.subarray(0, slotEnd))
    this.#edge.send(
      { type: 'positions', slotEnd, positions, generations, stepMs: this.#stepMs, settled: !this.#isMoving },
      [positions.buffer, generations.buffer],
    )
  }
}
