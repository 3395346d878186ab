// npm run test:faults [-- FILTER…]: test/faults at full size and with deadlines (kills, floods, a thousand viewers, fuzz).

import { ensureBuilt } from './lib/ensureBuilt.mjs'
import { runTests } from './lib/runTests.mjs'

const TESTS_TIMEOUT_MS = 20 * 60_000

const isBuilt = await ensureBuilt(['node', 'web'])
const { passed, failed } = await runTests({
  args: ['--config', 'test/faults/vitest.config.ts', ...process.argv.slice(2)],
  timeoutMs: TESTS_TIMEOUT_MS,
})
const allFailed = failed + (isBuilt ? 0 : 1)
console.log(`${passed} passed, ${allFailed} failed`)
process.exitCode = allFailed === 0 ? 0 : 1
