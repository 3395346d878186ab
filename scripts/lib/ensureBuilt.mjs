// What every starter calls first: has what is stale built, in a process of its own (the build's tools shall not live on
// in the server), with all output on stderr.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { hasSources, hasTools, isBuilt, isFresh, ROOT } from './targets.mjs'

/**
 * Resolves to whether the targets can be used; what is wrong has been said on stderr then.
 * @param {readonly ('node' | 'web')[]} names
 * @returns {Promise<boolean>}
 */
export async function ensureBuilt(names) {
  const stale = names.filter((name) => (hasSources() ? !isFresh(name) : !isBuilt(name)))
  if (stale.length === 0) return true
  if (stale.every((name) => hasSources() && hasTools(name))) return (await runBuild(stale)) === 0
  if (names.every(isBuilt)) {
    process.stderr.write(
      'The build tools are not installed: using what was built before, though sources have changed.\n',
    )
    return true
  }
  process.stderr.write(
    hasSources()
      ? 'Swarmscope is not built, and the build tools are not installed: run `npm ci` (without --omit=dev), then start again.\n'
      : 'Swarmscope was installed without its built files (dist/): install it again.\n',
  )
  return false
}

function runBuild(names) {
  return new Promise((resolve) => {
    // stdin ignored and stdout joined to stderr: the starter's own are the server's (a relay ends with its stdin).
    const child = spawn(process.execPath, [join(ROOT, 'scripts/build.mjs'), ...names], { stdio: ['ignore', 2, 2] })
    child.on('error', (error) => {
      process.stderr.write(`${error.message}\n`)
      resolve(1)
    })
    child.on('close', (code) => resolve(code ?? 1))
  })
}
