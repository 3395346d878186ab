// The floor of the room, faintly: something that stays where it is while the world moves, so that standing is felt. And on it,
// when somebody chooses, the place where they would stand. In AR the real one is there, and only that place is drawn.

import { type Mesh, Vector3 } from 'three'
import type { ScenePalette } from '../scene/palette.ts'
import { disposeMesh, material, quadGeometry, quietMesh } from '../scene/quietMesh.ts'
import { type Point, toScene, type WorldRig } from './worldRig.ts'

const REACH_METRES = 9

const VERTEX = /* glsl */ `
/** The room's origin in the scene, and its scale. */
uniform vec4 uRoom;
/** Where the user is in the room, seen from above, and how far the room is turned. */
uniform vec3 uUser;
uniform float uReach;
varying vec2 vAt;

void main() {
  vAt = vec2(position.x, -position.y) * uReach;
  float c = cos(uUser.z);
  float s = sin(uUser.z);
  vec3 at = uRoom.xyz + uRoom.w * vec3(c * vAt.x + s * vAt.y, 0.0, c * vAt.y - s * vAt.x);
  gl_Position = projectionMatrix * viewMatrix * vec4(at, 1.0);
}
`

const FRAGMENT = /* glsl */ `
uniform vec3 uInk;
uniform vec3 uUser;
/** The place chosen, and whether there is one. */
uniform vec3 uGoal;
uniform float uIsPassthrough;
varying vec2 vAt;

/** 1 within so much of a line, soft by a pixel. */
float lineAt(float away, float half_) {
  float pixel = fwidth(away);
  return 1.0 - smoothstep(half_, half_ + pixel * 1.5, abs(away));
}

void main() {
  // A dot each half metre, about the user; farther away they would only shimmer.
  vec2 cell = abs(fract(vAt * 2.0) - 0.5) * 0.5;
  float corner = length(0.25 - cell);
  float soft = fwidth(corner);
  float dots = (1.0 - smoothstep(0.009, 0.009 + max(soft, 0.002) * 1.5, corner)) * (1.0 - smoothstep(0.02, 0.06, soft));
  float fade = 1.0 - smoothstep(1.2, 4.5, length(vAt - uUser.xy));
  float alpha = dots * fade * 0.34 * (1.0 - uIsPassthrough);
  float away = length(vAt - uGoal.xy);
  float ring = max(lineAt(away - 0.24, 0.009), 1.0 - smoothstep(0.035, 0.035 + fwidth(away) * 1.5, away));
  float disc = (1.0 - smoothstep(0.23, 0.24, away)) * 0.16;
  alpha = max(alpha, max(ring * 0.95, disc) * uGoal.z);
  if (alpha < 0.004) discard;
  gl_FragColor = vec4(uInk * alpha, alpha);
}
`

export class FloorMesh {
  readonly mesh: Mesh
  readonly #geometry = quadGeometry()
  readonly #isPassthrough: boolean
  readonly #uniforms

  constructor(palette: ScenePalette, isPassthrough: boolean) {
    this.#isPassthrough = isPassthrough
    this.#uniforms = {
      uInk: { value: palette.ink },
      uRoom: { value: new Float32Array([0, 0, 0, 1]) },
      uReach: { value: REACH_METRES },
      uUser: { value: new Float32Array(3) },
      uGoal: { value: new Vector3() },
      uIsPassthrough: { value: isPassthrough ? 1 : 0 },
    }
    this.#geometry.instanceCount = 1
    // Before all else: whatever there is stands on it.
    this.mesh = quietMesh(this.#geometry, material(this.#uniforms, VERTEX, FRAGMENT, false, false), -10)
  }

  setPalette({ ink }: ScenePalette): void {
    this.#uniforms.uInk.value = ink
  }

  /** `goal`: on the floor, in metres of the room. */
  show(rig: WorldRig, head: Point, goal: Point | null): void {
    const { uRoom, uUser, uGoal } = this.#uniforms
    toScene(rig, ORIGIN, origin)
    uRoom.value[0] = origin.x
    uRoom.value[1] = origin.y
    uRoom.value[2] = origin.z
    uRoom.value[3] = rig.scale
    uUser.value[0] = head.x
    uUser.value[1] = head.z
    uUser.value[2] = rig.yaw
    if (goal) {
      uGoal.value.x = goal.x
      uGoal.value.y = goal.z
    }
    uGoal.value.z = goal ? 1 : 0
    this.mesh.visible = goal !== null || !this.#isPassthrough
  }

  dispose(): void {
    disposeMesh(this.mesh)
  }
}

const ORIGIN: Point = { x: 0, y: 0, z: 0 }
const origin: Point = { x: 0, y: 0, z: 0 }
