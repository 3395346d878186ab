import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The package's version. package.json is looked for upwards: this file runs from the sources and from dist/. */
export const VERSION: string = readVersion(dirname(fileURLToPath(import.meta.url)))

function readVersion(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'))
      if (name === 'swarmscope') return version
    } catch (cause) {
      if (at === dirname(at)) throw new Error('package.json of swarmscope was not found', { cause })
    }
  }
}
