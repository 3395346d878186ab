// Messages on their way, as one draw: a ring of places, the oldest used again.

import { DynamicDrawUsage, InstancedBufferAttribute, type Mesh } from 'three'
import { LINK_KINDS } from '../../protocol/swarm.ts'
import type { FrameTime } from './frameTime.ts'
import { disposeMesh, material, quadGeometry, quietMesh } from './quietMesh.ts'
import type { SceneUniforms } from './sceneUniforms.ts'
import { LONG_AGO_SEC, type ShaderClock } from './shaderClock.ts'
import { BEAD_FRAGMENT, BEAD_VERTEX, TRAVEL_SEC } from './shaders/bead.ts'
import type { GraphLink } from './swarmGraph.ts'

const MAX_BEADS = 256

export class BeadMesh {
  readonly mesh: Mesh
  readonly #geometry = quadGeometry()
  readonly #beads = new InstancedBufferAttribute(new Float32Array(MAX_BEADS * 4).fill(LONG_AGO_SEC), 4)
  #next = 0
  #untilSec = LONG_AGO_SEC

  readonly #clock: ShaderClock

  constructor(uniforms: SceneUniforms, clock: ShaderClock) {
    this.#clock = clock
    clock.keep({ attribute: () => this.#beads, index: 3 })
    this.#geometry.setAttribute('aBead', this.#beads.setUsage(DynamicDrawUsage))
    this.#geometry.instanceCount = MAX_BEADS
    this.mesh = quietMesh(this.#geometry, material(uniforms, BEAD_VERTEX, BEAD_FRAGMENT, false), 3)
    this.mesh.visible = false
  }

  /** A message was seen to go over each of these now. */
  send(links: readonly GraphLink[], timeSec: number): void {
    if (links.length === 0) return
    for (const { source, target, kind } of links) {
      this.#beads.setXYZW(this.#next, source, target, LINK_KINDS.indexOf(kind), this.#clock.secAt(timeSec))
      this.#next = (this.#next + 1) % MAX_BEADS
    }
    this.#beads.needsUpdate = true
    this.#untilSec = timeSec + TRAVEL_SEC
  }

  /** Says whether one is still on its way. */
  advance({ nowMs }: Pick<FrameTime, 'nowMs'>): boolean {
    this.mesh.visible = nowMs / 1_000 < this.#untilSec
    return this.mesh.visible
  }

  dispose(): void {
    disposeMesh(this.mesh)
  }
}
