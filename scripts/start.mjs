#!/usr/bin/env node
// npm start: builds what is stale, then is the server: in this very process, so that signals and exit codes are its own.

import { ensureBuilt } from './lib/ensureBuilt.mjs'

const argv = process.argv.slice(2)
// Help must come at once, and what only looks at a server needs no page.
const needsNoPage =
  argv.includes('--help') ||
  argv.includes('-h') ||
  ['status', 'logs', 'backup', 'connect', 'doctor', 'help'].includes(argv[0] ?? '')

if (await ensureBuilt(needsNoPage ? ['node'] : ['node', 'web'])) {
  const { main } = await import('../dist/node/server/main.js')
  await main(argv)
} else {
  process.exitCode = 1
}
