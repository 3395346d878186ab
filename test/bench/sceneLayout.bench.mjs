// One tick of the layout against d3-force-3d on the same graph in the same run: all nodes hot, 1.5 links each, as in a swarm
// that just appeared.

import { medianMs } from './measure.mjs'
import { loadBundled } from './scene/bundle.mjs'
import { installPeer, loadD3Force } from './scene/peer.mjs'

const LINKS_PER_NODE = 1.5
const SIZES = [100, 1_000, 10_000]
/** Ours by theirs, where it counts. */
const BAR_AT_10_000 = 1 / 6
/** Both are measured in turns, so that a busy moment of the machine meets both. */
const TURNS = 3

/** @returns {AsyncIterable<{ name: string, value: number, unit: string, peer?: number, ratio?: number, bar?: number }>} */
export async function* bench() {
  await installPeer()
  const layout = await loadBundled('layout', [
    'web/layout/layoutState.ts',
    'web/layout/repulsion.ts',
    'web/layout/step.ts',
  ])
  const d3 = await loadD3Force()
  for (const count of SIZES) {
    const pairs = randomPairs(layout, count)
    const own = ownTick(layout, count, pairs)
    const theirs = d3Tick(d3, count, pairs)
    const times = { own: /** @type {number[]} */ ([]), theirs: /** @type {number[]} */ ([]) }
    for (let turn = 0; turn < TURNS; turn++) {
      times.own.push(medianMs(own))
      times.theirs.push(medianMs(theirs))
    }
    const value = Math.min(...times.own)
    const peer = Math.min(...times.theirs)
    const bar = count === 10_000 ? { bar: BAR_AT_10_000 } : {}
    yield { name: `layout tick/${count} nodes`, value, unit: 'ms', peer, ratio: value / peer, ...bar }
  }
}

/** @param {any} layout @param {number} count */
function randomPairs({ createLayout, nextRandom }, count) {
  const random = createLayout(1, 1)
  return Array.from({ length: count * LINKS_PER_NODE }, () => [
    Math.floor(nextRandom(random) * count),
    Math.floor(nextRandom(random) * count),
  ])
}

/** @param {any} layout @param {number} count @param {number[][]} pairs */
function ownTick({ addNodes, createLayout, setDensity, setLinks, Repulsion, step, warm }, count, pairs) {
  const state = createLayout(count, 1)
  addNodes(
    state,
    Array.from({ length: count }, (_, slot) => ({ slot, radius: 1, group: -1, near: -1 })),
  )
  setDensity(state, count)
  setLinks(state, Int32Array.from(pairs.flatMap(([source, target]) => [source, target, 0])))
  const repulsion = new Repulsion()
  return () => {
    warm(state, 1)
    step(state, repulsion)
  }
}

/** @param {any} d3 @param {number} count @param {number[][]} pairs */
function d3Tick(d3, count, pairs) {
  const nodes = Array.from({ length: count }, (_, id) => ({ id }))
  const links = pairs.map(([source, target]) => ({ source, target }))
  const simulation = d3
    .forceSimulation(nodes, 3)
    .force('link', d3.forceLink(links))
    .force('charge', d3.forceManyBody())
    .force('center', d3.forceCenter())
    .stop()
  return () => simulation.alpha(1).tick()
}
