import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Run by scripts/testReal.mjs, which has installed what these tests start. */
export default defineConfig({
  root: fileURLToPath(new URL('../../', import.meta.url)),
  test: {
    name: 'real',
    include: ['test/real/**/*.test.ts'],
    // The real claude-flow takes a second to start, Chromium another two, on two cores.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    maxWorkers: 1,
    allowOnly: false,
  },
})
