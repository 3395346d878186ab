// Builds one target beside the old one and swaps them by rename, so that nobody ever sees half a build.

import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import lockfile from 'proper-lockfile'
import { runNode, seconds } from './run.mjs'
import { builtFolder, DIST, inputHash, isFresh, ROOT, stampFile, TARGETS } from './targets.mjs'

/** The holder renews its lock twice in this time; one that was killed is taken over after it. */
const LOCK_STALE_MS = 10_000
const LOCK_RETRY = { retries: 3_000, factor: 1, minTimeout: 200, maxTimeout: 200 }

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const VITE = join(ROOT, 'node_modules/vite/bin/vite.js')

/** What the compiler said is the message. */
export class BuildError extends Error {
  name = 'BuildError'
}

/**
 * Builds `name` unless it is fresh; a second starter waits here, and then finds it fresh.
 * @param {'node' | 'web'} name
 */
export async function buildTarget(name) {
  mkdirSync(DIST, { recursive: true })
  const unlock = await lockfile.lock(DIST, {
    lockfilePath: join(DIST, '.build.lock'),
    stale: LOCK_STALE_MS,
    retries: LOCK_RETRY,
    // A machine that slept: whoever took over builds the same from the same sources.
    onCompromised: (error) => process.stderr.write(`build lock: ${error.message}\n`),
  })
  try {
    if (!isFresh(name)) await build(name)
  } finally {
    await unlock().catch((error) => {
      if (error.code !== 'ERELEASED' && error.code !== 'ENOTACQUIRED') throw error
    })
  }
}

async function build(name) {
  const began = performance.now()
  process.stderr.write(`Building ${TARGETS[name].title} … `)
  removeLeftovers(name)
  const fresh = join(DIST, `.${name}.new-${process.pid}`)
  // Before the build: a source that is saved meanwhile makes the result stale, as it must.
  const hash = inputHash(name)
  try {
    await (name === 'node' ? buildNode(fresh) : buildWeb(fresh))
  } catch (error) {
    process.stderr.write('failed\n')
    rmSync(fresh, { recursive: true, force: true })
    throw error
  }
  writeFileSync(stampFile(fresh), hash)
  moveIn(fresh, name)
  process.stderr.write(`${seconds(began)}\n`)
}

async function buildNode(outDir) {
  const { code, output } = await runNode([TSC, '-p', 'tsconfig.json', '--outDir', outDir], { cwd: ROOT })
  if (code !== 0) throw new BuildError(output.trim() || `tsc ended with code ${code}`)
}

async function buildWeb(outDir) {
  // The bundler only strips types; the compiler checks them meanwhile. NODE_ENV as inherited could be `test`, and
  // React would be bundled in its slow variant.
  const [types, bundle] = await Promise.all([
    runNode([TSC, '-p', 'web/tsconfig.json'], { cwd: ROOT }),
    runNode(
      [
        VITE,
        'build',
        'web',
        '--config',
        'web/vite.config.ts',
        '--outDir',
        outDir,
        '--emptyOutDir',
        '--logLevel',
        'warn',
      ],
      { cwd: ROOT, env: { ...process.env, NODE_ENV: 'production' } },
    ),
  ])
  if (types.code !== 0) throw new BuildError(types.output.trim() || `tsc ended with code ${types.code}`)
  if (bundle.code !== 0) throw new BuildError(bundle.output.trim() || `vite ended with code ${bundle.code}`)
}

function moveIn(fresh, name) {
  const target = builtFolder(name)
  const old = join(DIST, `.${name}.old-${process.pid}`)
  try {
    renameSync(target, old)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  renameSync(fresh, target)
  rmSync(old, { recursive: true, force: true })
}

/** Of builds that were killed. We hold the lock, so nobody is at work in them. */
function removeLeftovers(name) {
  for (const entry of readdirSync(DIST)) {
    if (entry.startsWith(`.${name}.new-`) || entry.startsWith(`.${name}.old-`)) {
      rmSync(join(DIST, entry), { recursive: true, force: true })
    }
  }
}
