// One tick of the layout: all nodes hot, 1.5 links each, as in a swarm that just appeared.

import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { medianMs } from './measure.mjs'

const LINKS_PER_NODE = 1.5
const ENTRY = 'virtual:layout'
const layoutFile = (/** @type {string} */ name) =>
  fileURLToPath(new URL(`../../web/layout/${name}.ts`, import.meta.url))

/** The layout's modules as the page gets them: bundled into one. */
async function loadLayout() {
  const source = ['layoutState', 'octree', 'step']
    .map((name) => `export * from ${JSON.stringify(layoutFile(name))}`)
    .join('\n')
  const output = await build({
    configFile: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'layout-entry',
        resolveId: (/** @type {string} */ id) => (id === ENTRY ? id : null),
        load: (/** @type {string} */ id) => (id === ENTRY ? source : null),
      },
    ],
    build: {
      write: false,
      minify: false,
      rolldownOptions: { input: ENTRY, preserveEntrySignatures: 'strict' },
    },
  })
  const [bundle] = Array.isArray(output) ? output : [output]
  const { code } = bundle.output[0]
  return import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)
}

/** @returns {AsyncIterable<{ name: string, value: number, unit: string }>} */
export async function* bench() {
  const { addNodes, createLayout, nextRandom, Octree, setLinks, step, warm } = await loadLayout()
  for (const count of [1_000, 10_000]) {
    const state = createLayout(count, 1)
    addNodes(
      state,
      Array.from({ length: count }, (_, slot) => ({ slot, radius: 1, group: -1, near: -1 })),
    )
    const links = new Int32Array(count * LINKS_PER_NODE * 3)
    for (let index = 0; index < links.length; index += 3) {
      links[index] = Math.floor(nextRandom(state) * count)
      links[index + 1] = Math.floor(nextRandom(state) * count)
    }
    setLinks(state, links)
    const tree = new Octree()
    const value = medianMs(
      () => step(state, tree),
      () => warm(state, 1),
    )
    yield { name: `layout tick/${count} nodes, ${count * LINKS_PER_NODE} links`, value, unit: 'ms' }
  }
}
