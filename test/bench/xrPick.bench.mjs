// What aiming in a headset costs in each frame, and how often it is right: the ray's and the finger's choice among thousands.

import { loadBundled } from './scene/bundle.mjs'

const SIZE = 5_000
const AIMS = 1_000
const AMONG = 100
const MAX_PICK_MS = 0.3
const MAX_WRONG_PERCENT = 1
const TREMOR_RADIANS = (0.15 * Math.PI) / 180

/** @typedef {{ name: string, value: number, unit: string, limit?: number }} Figure */

/** @returns {AsyncIterable<Figure>} */
export async function* bench() {
  const { pickRay, bodyAt, randomFrom } = await loadBundled('xrPick', [
    'web/xr/pickRay.ts',
    'web/xr/touch.ts',
    'test/helpers/webWorld.ts',
  ])
  const random = randomFrom(9)
  const nodes = ball(SIZE, 60, random)
  const from = { x: 0, y: 0, z: 120 }
  const ways = Array.from({ length: 4 * AIMS }, () => unit(random() - 0.5, random() - 0.5, -1))
  const { p95, p50 } = timesOf(ways, (way) => pickRay(nodes, SIZE, from, way))
  yield { name: `xr/ray among ${SIZE}, p50`, value: p50, unit: 'ms' }
  yield { name: `xr/ray among ${SIZE}, p95`, value: p95, unit: 'ms', limit: MAX_PICK_MS }
  const tips = Array.from({ length: 4 * AIMS }, () => ({
    x: 120 * random() - 60,
    y: 120 * random() - 60,
    z: 120 * random() - 60,
  }))
  const touch = timesOf(tips, (tip) => bodyAt(nodes, SIZE, tip, { scale: 130 }))
  yield { name: `xr/touch among ${SIZE}, p95`, value: touch.p95, unit: 'ms', limit: MAX_PICK_MS }
  yield {
    name: `xr/aims among ${AMONG} with a trembling hand, wrong`,
    value: wrongPercent(pickRay, random),
    unit: '%',
    limit: MAX_WRONG_PERCENT,
  }
}

/** @template T @param {T[]} inputs @param {(input: T) => unknown} act */
function timesOf(inputs, act) {
  for (const input of inputs) act(input)
  const times = inputs
    .map((input) => {
      const began = performance.now()
      act(input)
      return performance.now() - began
    })
    .sort((a, b) => a - b)
  const at = (/** @type {number} */ share) => times[Math.floor(share * (times.length - 1))] ?? 0
  return { p50: at(0.5), p95: at(0.95) }
}

/** @param {any} pickRay @param {() => number} random */
function wrongPercent(pickRay, random) {
  const nodes = ball(AMONG, 5 * Math.cbrt(AMONG), random)
  const tremor = () => TREMOR_RADIANS * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  let wrong = 0
  for (let aims = 0; aims < AIMS; ) {
    const slot = Math.floor(random() * AMONG)
    const from = { x: random() * 4 - 2, y: random() * 4 - 2, z: 80 }
    const to = [0, 1, 2].map((axis) => nodes[slot * 4 + axis] ?? 0)
    const way = unit((to[0] ?? 0) - from.x, (to[1] ?? 0) - from.y, (to[2] ?? 0) - from.z)
    // Who is hidden is not aimed at.
    if (!isSeen(nodes, slot, from, way)) continue
    aims++
    const shaken = unit(way.x + tremor(), way.y + tremor(), way.z + tremor())
    if (pickRay(nodes, AMONG, from, shaken) !== slot) wrong++
  }
  return (100 * wrong) / AIMS
}

/**
 * Nobody stands before its middle. Not asked of what is measured.
 * @param {Float32Array} nodes @param {number} slot @param {{x: number, y: number, z: number}} from
 * @param {{x: number, y: number, z: number}} way
 */
function isSeen(nodes, slot, from, way) {
  const alongOf = (/** @type {number} */ at) =>
    ((nodes[at] ?? 0) - from.x) * way.x +
    ((nodes[at + 1] ?? 0) - from.y) * way.y +
    ((nodes[at + 2] ?? 0) - from.z) * way.z
  const mine = alongOf(slot * 4)
  for (let other = 0; other < nodes.length / 4; other++) {
    const at = other * 4
    const along = alongOf(at)
    if (other === slot || along <= 0 || along > mine) continue
    const x = (nodes[at] ?? 0) - from.x - way.x * along
    const y = (nodes[at + 1] ?? 0) - from.y - way.y * along
    const z = (nodes[at + 2] ?? 0) - from.z - way.z * along
    if (Math.hypot(x, y, z) <= (nodes[at + 3] ?? 0)) return false
  }
  return true
}

/** Bodies within this radius, apart from each other as the layout keeps them where there is room. @param {() => number} random */
function ball(/** @type {number} */ count, /** @type {number} */ radius, random) {
  const nodes = new Float32Array(count * 4)
  for (let slot = 0; slot < count; ) {
    const at = [0, 1, 2].map(() => (random() * 2 - 1) * radius)
    const [x = 0, y = 0, z = 0] = at
    if (Math.hypot(x, y, z) > radius) continue
    let isFree = true
    for (let other = 0; other < slot && count <= AMONG; other++) {
      const from = other * 4
      const apart = Math.hypot((nodes[from] ?? 0) - x, (nodes[from + 1] ?? 0) - y, (nodes[from + 2] ?? 0) - z)
      isFree &&= apart > 3
    }
    if (!isFree) continue
    nodes.set([x, y, z, 0.7 + random() * 0.6], slot * 4)
    slot++
  }
  return nodes
}

function unit(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ z) {
  const length = Math.hypot(x, y, z)
  return { x: x / length, y: y / length, z: z / length }
}
