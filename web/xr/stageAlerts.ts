// Hears of who needs somebody or failed while one is in there, and has it sound from where that agent stands.

import type { SwarmScene } from '../scene/swarmScene.ts'
import { model } from '../store/session.ts'
import { useSettings } from '../store/settings.ts'
import { type Turn, TurnWatch } from '../store/turns.ts'
import { AlertBell } from './alertBell.ts'
import { AlertSound } from './alertSound.ts'
import type { HeadRig } from './headRig.ts'
import { type Point, toRoom, type WorldRig } from './worldRig.ts'

export interface StageAlertsInput {
  swarm: SwarmScene
  rig: WorldRig
  head: HeadRig
}

export class StageAlerts {
  readonly #input: StageAlertsInput
  readonly #sound = new AlertSound()
  readonly #bell = new AlertBell((turn) => this.#ring(turn))
  readonly #stop: () => void

  constructor(input: StageAlertsInput) {
    this.#input = input
    const watch = new TurnWatch()
    // What is so already is no news.
    watch.see({ isReset: true, put: [...model.live.values()], del: [] }, model.live.epoch)
    this.#stop = model.onLiveChange((change) => {
      this.#bell.see(watch.see(change, model.live.epoch), performance.now())
    })
  }

  #ring(turn: Turn): void {
    if (turn.kind === 'conflict') return
    const { head } = this.#input
    this.#sound.play(
      turn.kind,
      this.#placeOf(turn.agent.id),
      { forward: head.look, up: head.up },
      useSettings.getState().sound,
    )
  }

  /** From the head, along the room's axes; `null`: nowhere, for the past is shown, or it has no place yet. */
  #placeOf(agentId: string): Point | null {
    const { swarm, rig, head } = this.#input
    const slot = model.isPast ? -1 : swarm.graph.slotOfAgent(agentId)
    const nodes = slot < 0 ? null : swarm.nodesBySlot(head.stage.head.position)
    if (!nodes || (nodes[slot * 4 + 3] ?? 0) <= 0) return null
    const at = toRoom(
      rig,
      { x: nodes[slot * 4] ?? 0, y: nodes[slot * 4 + 1] ?? 0, z: nodes[slot * 4 + 2] ?? 0 },
      { x: 0, y: 0, z: 0 },
    )
    return { x: at.x - head.head.x, y: at.y - head.head.y, z: at.z - head.head.z }
  }

  close(): void {
    this.#stop()
    this.#bell.close()
    this.#sound.close()
  }
}
