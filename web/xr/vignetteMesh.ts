// The dark edge of the view while the world moves: a quad over each eye, there only while it is wanted.

import type { Mesh } from 'three'
import { disposeMesh, material, quadGeometry, quietMesh } from '../scene/quietMesh.ts'
import type { Vignette } from './comfort.ts'

const VERTEX = /* glsl */ `
varying vec2 vWay;

void main() {
  gl_Position = vec4(position.xy, 0.0, 1.0);
  // Toward where the eye looks, not toward the middle of its picture: those differ.
  vWay = vec2(
    (position.x + projectionMatrix[2][0]) / projectionMatrix[0][0],
    (position.y + projectionMatrix[2][1]) / projectionMatrix[1][1]
  );
}
`

const FRAGMENT = /* glsl */ `
uniform float uAmount;
varying vec2 vWay;

void main() {
  float angle = atan(length(vWay));
  float alpha = smoothstep(mix(1.2, 0.38, uAmount), mix(1.4, 0.62, uAmount), angle);
  if (alpha < 0.004) discard;
  gl_FragColor = vec4(0.0, 0.0, 0.0, alpha);
}
`

export class VignetteMesh {
  readonly mesh: Mesh
  readonly #geometry = quadGeometry()
  readonly #uniforms = { uAmount: { value: 0 } }

  constructor() {
    this.#geometry.instanceCount = 1
    this.mesh = quietMesh(this.#geometry, material(this.#uniforms, VERTEX, FRAGMENT, false, false), 9)
    this.mesh.visible = false
  }

  show({ amount }: Vignette): void {
    this.#uniforms.uAmount.value = amount
    this.mesh.visible = amount > 0
  }

  dispose(): void {
    disposeMesh(this.mesh)
  }
}
