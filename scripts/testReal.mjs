// npm run test:real: installs the real claude-flow, both generations, and the real Claude Code into .cache/real/ (once;
// 2.1 GB), and runs test/real on them.

import { join } from 'node:path'
import { ensureBuilt } from './lib/ensureBuilt.mjs'
import { installApart } from './lib/installApart.mjs'
import { runTests } from './lib/runTests.mjs'
import { ROOT } from './lib/targets.mjs'

/** Where each is installed, under CACHE; the tests know these folders. */
const PROGRAMS = [
  { folder: '3.43.0', name: 'claude-flow', version: '3.43.0' },
  { folder: '2.7.47', name: 'claude-flow', version: '2.7.47' },
  { folder: 'claude-code-2.1.197', name: '@anthropic-ai/claude-code', version: '2.1.197' },
]
const CACHE = join(ROOT, '.cache/real')
const TESTS_TIMEOUT_MS = 15 * 60_000

let failed = 0
for (const { folder, ...program } of PROGRAMS) {
  if (!(await installApart({ ...program, folder: join(CACHE, folder), time: 'about a minute' }))) failed++
}
if (!(await ensureBuilt(['node', 'web']))) failed++

const counts = await runTests({
  args: ['--config', 'test/real/vitest.config.ts', ...process.argv.slice(2)],
  timeoutMs: TESTS_TIMEOUT_MS,
})
failed += counts.failed
console.log(`${counts.passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
