import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Run by scripts/testFaults.mjs, one file at a time: deadlines mean something only on an otherwise quiet machine. */
export default defineConfig({
  root: fileURLToPath(new URL('../../', import.meta.url)),
  test: {
    name: 'faults',
    include: ['test/faults/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    maxWorkers: 1,
    allowOnly: false,
  },
})
