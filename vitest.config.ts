import { defineConfig } from 'vitest/config'

const INTEGRATION = ['test/integration/**/*.test.ts', 'test/**/*.integration.test.ts']
const BROWSER = ['test/browser/**/*.test.ts', 'test/xr/**/*.browser.test.ts']
/** Run by scripts of their own: they install the real claude-flow, or measure. */
const APART = ['test/real/**', 'test/bench/**', 'test/faults/**', '**/node_modules/**']

export default defineConfig({
  test: {
    // The machine of a CI job has two cores as a rule; more workers would only make time-outs likely.
    maxWorkers: 2,
    // Otherwise a forgotten `.only` would pass for a whole run.
    allowOnly: false,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: [...INTEGRATION, ...BROWSER, ...APART],
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'integration',
          include: INTEGRATION,
          exclude: [...BROWSER, ...APART],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'browser',
          include: BROWSER,
          exclude: APART,
          // Chromium without a GPU on two shared cores.
          testTimeout: 90_000,
          hookTimeout: 90_000,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
