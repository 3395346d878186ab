#!/usr/bin/env node
// npm run relay: builds the relay if it is stale (the web app never), then is the relay.

import { ensureBuilt } from './lib/ensureBuilt.mjs'

if (await ensureBuilt(['node'])) {
  await import('../dist/node/relay/main.js')
} else {
  process.exitCode = 1
}
