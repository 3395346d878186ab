// npm run test:real: installs the real claude-flow, both generations, into .cache/real/ (once; 1.8 GB), and runs
// test/real on them.

import { join } from 'node:path'
import { ensureBuilt } from './lib/ensureBuilt.mjs'
import { installApart } from './lib/installApart.mjs'
import { runTests } from './lib/runTests.mjs'
import { ROOT } from './lib/targets.mjs'

const VERSIONS = ['3.43.0', '2.7.47']
const CACHE = join(ROOT, '.cache/real')
const TESTS_TIMEOUT_MS = 15 * 60_000

let failed = 0
for (const version of VERSIONS) {
  const what = { name: 'claude-flow', version, folder: join(CACHE, version), time: 'about a minute' }
  if (!(await installApart(what))) failed++
}
if (!(await ensureBuilt(['node', 'web']))) failed++

const counts = await runTests({
  args: ['--config', 'test/real/vitest.config.ts', ...process.argv.slice(2)],
  timeoutMs: TESTS_TIMEOUT_MS,
})
failed += counts.failed
console.log(`${counts.passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
