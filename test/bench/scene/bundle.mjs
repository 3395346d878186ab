// Modules in TypeScript, bundled into one that Node can import.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'
import { ROOT } from '../../../scripts/lib/targets.mjs'

const ENTRY = 'virtual:bench'
/** As deep below the root as the helpers of the tests are: they find the root from where they stand. */
const FOLDER = join(ROOT, '.cache/bench')

/** @param {string} name of the bundle @param {readonly string[]} paths from the project's root */
export async function loadBundled(name, paths) {
  const source = paths.map((path) => `export * from ${JSON.stringify(join(ROOT, path))}`).join('\n')
  const output = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'bench-entry',
        resolveId: (/** @type {string} */ id) => (id === ENTRY ? id : null),
        load: (/** @type {string} */ id) => (id === ENTRY ? source : null),
      },
    ],
    build: {
      write: false,
      minify: false,
      ssr: true,
      rolldownOptions: { input: ENTRY, preserveEntrySignatures: 'strict' },
    },
  })
  if (!('output' in output)) throw new Error('nothing was bundled')
  const file = join(FOLDER, `${name}.mjs`)
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(file, output.output[0].code)
  return import(pathToFileURL(file).href)
}
