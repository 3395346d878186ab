// node scripts/build.mjs [node] [web]: builds what is stale of these (all, if none is named).

import { buildTarget } from './lib/buildTarget.mjs'
import { hasTools, isTarget, TARGETS } from './lib/targets.mjs'

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(TARGETS)

try {
  for (const name of names) {
    if (!isTarget(name)) throw new Error(`no such target: ${name} (there are ${Object.keys(TARGETS).join(' and ')})`)
    if (!hasTools(name)) throw new Error('The build tools are not installed: run `npm ci` (without --omit=dev).')
    await buildTarget(name)
  }
} catch (error) {
  // A BuildError has the compiler's text; for anything else the way to it helps.
  process.stderr.write(`${error.name === 'BuildError' ? error.message : (error.stack ?? error)}\n`)
  process.exitCode = 1
}
