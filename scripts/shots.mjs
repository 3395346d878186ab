#!/usr/bin/env node
// npm run shots: pictures of the page in its states (test/browser/shots/), and README's pictures from them.

import { join } from 'node:path'
import { ensureBuilt } from './lib/ensureBuilt.mjs'
import { runNode } from './lib/run.mjs'
import { ROOT } from './lib/targets.mjs'

const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs')

if (await ensureBuilt(['node', 'web'])) {
  const env = { ...process.env, SWARMSCOPE_UPDATE_IMAGES: '1' }
  const args = [
    VITEST,
    'run',
    '--project',
    'browser',
    'test/browser/shots.test.ts',
    'test/browser/sceneShots.test.ts',
    'test/browser/claudeCode.test.ts',
    'test/xr/shots.browser.test.ts',
  ]
  const { code } = await runNode(args, { cwd: ROOT, env, show: true })
  process.exitCode = code
} else {
  process.exitCode = 1
}
