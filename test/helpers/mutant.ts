// A module of ours with a bug put into it, to see that a test catches it: the sources are bundled with one piece of text
// replaced, and the bundle is imported in place of the module.

import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'vite'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Within the project, so that the bundle finds node_modules/. */
const FOLDER = join(ROOT, 'node_modules/.cache/swarmscope-mutants')

export interface Bug {
  /** From the root, e.g. `relay/pending.ts`. */
  file: string
  /** Must stand there exactly once. */
  find: string
  replace: string
}

/** The module at `entry` (from the root) with the bugs in it or in what it imports. Throws if one fits nowhere. */
export async function mutant<M>(entry: string, ...bugs: readonly Bug[]): Promise<M> {
  const outDir = join(FOLDER, `${process.pid}-${Math.random().toString(36).slice(2)}`)
  const seeded = new Set<Bug>()
  try {
    await build({
      root: ROOT,
      configFile: false,
      logLevel: 'silent',
      build: { ssr: entry, outDir, minify: false, rolldownOptions: { output: { entryFileNames: 'mutant.mjs' } } },
      plugins: [
        {
          name: 'seed-bugs',
          enforce: 'pre',
          load(id) {
            const here = bugs.filter(({ file }) => id === join(ROOT, file))
            if (here.length === 0) return null
            let code = readFileSync(id, 'utf8')
            for (const bug of here) {
              const parts = code.split(bug.find)
              if (parts.length !== 2) throw new Error(`${bug.file} has ${parts.length - 1} × ${bug.find}`)
              code = parts.join(bug.replace)
              seeded.add(bug)
            }
            return code
          },
        },
      ],
    })
    for (const bug of bugs) if (!seeded.has(bug)) throw new Error(`${entry} does not import ${bug.file}`)
    return (await import(/* @vite-ignore */ pathToFileURL(join(outDir, 'mutant.mjs')).href)) as M
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
}
