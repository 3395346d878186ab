// npm run test:real: installs the real claude-flow, both generations, into .cache/real/ (once; 1.8 GB), and runs
// test/real on them.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt } from './lib/ensureBuilt.mjs'
import { run, seconds } from './lib/run.mjs'
import { runTests } from './lib/runTests.mjs'
import { ROOT } from './lib/targets.mjs'

const VERSIONS = ['3.43.0', '2.7.47']
const CACHE = join(ROOT, '.cache/real')
const INSTALL_TIMEOUT_MS = 15 * 60_000
const TESTS_TIMEOUT_MS = 15 * 60_000

let failed = 0
for (const version of VERSIONS) if (!(await install(version))) failed++
if (!(await ensureBuilt(['node', 'web']))) failed++

const counts = await runTests({
  args: ['--config', 'test/real/vitest.config.ts', ...process.argv.slice(2)],
  timeoutMs: TESTS_TIMEOUT_MS,
})
failed += counts.failed
console.log(`${counts.passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** Into a folder beside, then renamed: one that was interrupted does not pass for whole. */
async function install(version) {
  const folder = join(CACHE, version)
  if (installedVersion(folder) === version) return true
  const began = performance.now()
  process.stderr.write(`Installing claude-flow ${version} (about a minute) … `)
  const draft = join(CACHE, `.${version}.new`)
  for (const old of [draft, folder]) rmSync(old, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true })
  writeFileSync(join(draft, 'package.json'), JSON.stringify({ private: true }))
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `claude-flow@${version}`]
  const { code, output } = await run('npm', args, { cwd: draft, timeoutMs: INSTALL_TIMEOUT_MS })
  if (code !== 0) {
    process.stderr.write(`failed\n${output.trimEnd()}\n`)
    return false
  }
  renameSync(draft, folder)
  process.stderr.write(`${seconds(began)}\n`)
  return true
}

function installedVersion(folder) {
  const manifest = join(folder, 'node_modules/claude-flow/package.json')
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : null
}
