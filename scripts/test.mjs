// npm test [-- FILTER…]: format and lint, types, build, then all tests (or those whose path contains a filter). Every
// step runs even if one fails, so that the count at the end is whole: "N passed, N failed", tests and steps together.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runNode, seconds } from './lib/run.mjs'
import { cleanEnv, runTests } from './lib/runTests.mjs'
import { ROOT } from './lib/targets.mjs'

const RESULTS = join(ROOT, 'test-results')
const SUMMARY = join(RESULTS, 'summary.txt')

/** A step that takes longer hangs. */
const STEP_TIMEOUT_MS = 5 * 60_000
const TESTS_TIMEOUT_MS = 50 * 60_000

const bin = (/** @type {string} */ path) => join('node_modules', path)
const TSC = bin('typescript/bin/tsc')

const steps = [
  ['format and lint', bin('@biomejs/biome/bin/biome'), 'ci', '--colors=off', '.'],
  ['types of protocol/', TSC, '-p', 'protocol/tsconfig.json'],
  ['types of server/, relay/, platform/', TSC, '-p', 'tsconfig.json', '--noEmit'],
  ['types of web/', TSC, '-p', 'web/tsconfig.json'],
  ['types of test/', TSC, '-p', 'test/tsconfig.json'],
  ['build', 'scripts/build.mjs', 'node', 'web'],
]

let passed = 0
let failed = 0

mkdirSync(RESULTS, { recursive: true })
rmSync(SUMMARY, { force: true })

for (const [title, ...command] of steps) {
  const began = performance.now()
  const { code, output, timedOut } = await runNode(command, { cwd: ROOT, env: cleanEnv(), timeoutMs: STEP_TIMEOUT_MS })
  if (code === 0) passed++
  else failed++
  console.log(`${code === 0 ? '✓' : '✗'} ${title} (${timedOut ? 'timed out' : seconds(began)})`)
  if (code !== 0) console.log(output.trimEnd())
}

const counts = await runTests({ args: process.argv.slice(2), timeoutMs: TESTS_TIMEOUT_MS })
passed += counts.passed
failed += counts.failed

const summary = `${passed} passed, ${failed} failed`
writeFileSync(SUMMARY, `${summary}\n`)
console.log(summary)
process.exitCode = failed === 0 ? 0 : 1
