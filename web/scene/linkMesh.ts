// All links as one draw.

import { BufferAttribute, DynamicDrawUsage, InstancedBufferAttribute, InstancedBufferGeometry, type Mesh } from 'three'
import { LINK_KINDS } from '../../protocol/swarm.ts'
import { disposeMesh, material, quietMesh } from './quietMesh.ts'
import type { SceneUniforms } from './sceneUniforms.ts'
import type { ShaderClock } from './shaderClock.ts'
import { LINK_FRAGMENT, LINK_VERTEX } from './shaders/link.ts'
import type { GraphLink } from './swarmGraph.ts'

/** A bow this flat needs no more than the first; the more links there are, the shorter each of them is. Up to so many links each. */
const SEGMENTS: readonly (readonly [links: number, segments: number])[] = [
  [1_000, 16],
  [4_000, 10],
  [6_000, 6],
  [Number.POSITIVE_INFINITY, 4],
]

export class LinkMesh {
  readonly mesh: Mesh
  #geometry = new InstancedBufferGeometry()
  #attribute = new InstancedBufferAttribute(new Float32Array(0), 4)
  #segments = 0
  #births = new Map<string, number>()

  readonly #clock: ShaderClock

  constructor(uniforms: SceneUniforms, clock: ShaderClock) {
    this.#clock = clock
    clock.keep({ attribute: () => this.#attribute, index: 3 })
    this.mesh = quietMesh(this.#geometry, material(uniforms, LINK_VERTEX, LINK_FRAGMENT, false), 2)
    this.set([], 0)
  }

  set(links: readonly GraphLink[], timeSec: number): void {
    this.#ensure(links.length)
    const array = this.#attribute.array
    // Declared ones below, conflicts on top: drawn in the order of what they say.
    const births = new Map<string, number>()
    for (const [index, link] of links.entries()) {
      const birth = this.#births.get(link.id) ?? timeSec
      births.set(link.id, birth)
      array[index * 4] = link.source
      array[index * 4 + 1] = link.target
      array[index * 4 + 2] = LINK_KINDS.indexOf(link.kind)
      array[index * 4 + 3] = this.#clock.secAt(birth)
    }
    this.#births = births
    this.#attribute.needsUpdate = true
    this.#geometry.instanceCount = links.length
  }

  #ensure(count: number): void {
    const segments = SEGMENTS.find(([links]) => count <= links)?.[1] ?? 4
    if (count <= this.#attribute.count && segments === this.#segments) return
    const geometry = new InstancedBufferGeometry()
    const { position, index } = ribbon(segments)
    geometry.setAttribute('position', position)
    geometry.setIndex(index)
    const attribute = new InstancedBufferAttribute(new Float32Array(Math.max(256, count * 2) * 4), 4)
    geometry.setAttribute('aLink', attribute.setUsage(DynamicDrawUsage))
    this.#geometry.dispose()
    this.#geometry = geometry
    this.#attribute = attribute
    this.#segments = segments
    this.mesh.geometry = geometry
  }

  dispose(): void {
    disposeMesh(this.mesh)
  }
}

/** x along the link, y to its sides. */
function ribbon(segments: number): { position: BufferAttribute; index: BufferAttribute } {
  const position = new Float32Array((segments + 1) * 2 * 3)
  const index = new Uint16Array(segments * 6)
  for (let i = 0; i <= segments; i++) {
    position.set([i / segments, -1, 0, i / segments, 1, 0], i * 6)
    if (i < segments) index.set([2 * i, 2 * i + 2, 2 * i + 1, 2 * i + 1, 2 * i + 2, 2 * i + 3], i * 6)
  }
  return { position: new BufferAttribute(position, 3), index: new BufferAttribute(index, 1) }
}
