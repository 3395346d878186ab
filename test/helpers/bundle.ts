// One of our modules as a file that node runs by itself: for processes of tests that are written as the sources are.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Within the project, so that the bundle finds node_modules/. */
const FOLDER = join(ROOT, 'node_modules/.cache/swarmscope-bundles')

export async function bundle(entry: string): Promise<{ path: string; remove: () => void }> {
  const outDir = join(FOLDER, `${process.pid}-${Math.random().toString(36).slice(2)}`)
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'silent',
    build: { ssr: entry, outDir, minify: false, rolldownOptions: { output: { entryFileNames: 'bundle.mjs' } } },
  })
  return { path: join(outDir, 'bundle.mjs'), remove: () => rmSync(outDir, { recursive: true, force: true }) }
}
