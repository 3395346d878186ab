// What aiming in a headset costs in each frame, and how often it is right: the ray's and the finger's choice among thousands.

import { loadBundled } from './scene/bundle.mjs'

const SIZE = 5_000
const AIMS = 1_000
/** On the table, so the more there are the smaller each is. */
const AMONG = [100, 1_000, 5_000]
const MAX_PICK_MS = 0.3
const MAX_WRONG_PERCENT = 1

/** @typedef {{ name: string, value: number, unit: string, limit?: number }} Figure */

/** @returns {AsyncIterable<Figure>} */
export async function* bench() {
  const { pickRay, bodyAt, rightShare, randomFrom } = await loadBundled('xrPick', [
    'web/xr/pickRay.ts',
    'web/xr/touch.ts',
    'test/helpers/aiming.ts',
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
  for (const among of AMONG) {
    const wrong = (/** @type {boolean} */ isSteadied) => 100 * (1 - rightShare(among, AIMS, randomFrom(9), isSteadied))
    yield {
      name: `xr/aims among ${among} with a trembling hand, wrong`,
      value: wrong(true),
      unit: '%',
      limit: MAX_WRONG_PERCENT,
    }
    yield { name: `xr/aims among ${among}, each frame for itself, wrong`, value: wrong(false), unit: '%' }
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

/** Bodies within this radius. @param {() => number} random */
function ball(/** @type {number} */ count, /** @type {number} */ radius, random) {
  const nodes = new Float32Array(count * 4)
  for (let slot = 0; slot < count; ) {
    const [x = 0, y = 0, z = 0] = [0, 0, 0].map(() => (random() * 2 - 1) * radius)
    if (Math.hypot(x, y, z) > radius) continue
    nodes.set([x, y, z, 0.7 + random() * 0.6], slot * 4)
    slot++
  }
  return nodes
}

function unit(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ z) {
  const length = Math.hypot(x, y, z)
  return { x: x / length, y: y / length, z: z / length }
}
