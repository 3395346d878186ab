// Modules in TypeScript, bundled into one that Node can import: as the page gets them.

import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const ENTRY = 'virtual:bench'
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** @param {readonly string[]} paths from the project's root */
export async function loadBundled(paths) {
  const source = paths.map((path) => `export * from ${JSON.stringify(ROOT + path)}`).join('\n')
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
    ssr: { noExternal: true, external: ['ws'] },
  })
  if (!('output' in output)) throw new Error('nothing was bundled')
  const { code } = output.output[0]
  return import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)
}
