// Runs vitest and counts: what crashed counts as failed, and so does a run without any test.

import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runNode } from './run.mjs'
import { ROOT } from './targets.mjs'

const COUNTS = join(ROOT, 'test-results', 'vitest.json')

/** The environment without what the user's shell says about a swarm of theirs. */
export const cleanEnv = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => name === 'SWARMSCOPE_CHROME' || !/^(?:SWARMSCOPE|CLAUDE_FLOW)_/.test(name),
    ),
  )

/**
 * @param {{ args: readonly string[], timeoutMs: number }} options
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function runTests({ args, timeoutMs }) {
  rmSync(COUNTS, { force: true })
  const command = [
    join('node_modules', 'vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=./scripts/lib/countReporter.mjs',
    ...args,
  ]
  const env = { ...cleanEnv(), SWARMSCOPE_COUNTS_FILE: COUNTS }
  const { code, timedOut } = await runNode(command, { cwd: ROOT, env, show: true, timeoutMs })
  if (timedOut) console.log(`✗ the tests timed out after ${timeoutMs / 60_000} minutes`)
  const { passed, failed } = readCounts()
  // It fell over before or after it could count, or was asked for what does not exist.
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed }
}

function readCounts() {
  try {
    return JSON.parse(readFileSync(COUNTS, 'utf8'))
  } catch (error) {
    console.log(`✗ vitest wrote no result (${error.code ?? error.message})`)
    return { passed: 0, failed: 0 }
  }
}
