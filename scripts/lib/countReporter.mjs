// A vitest reporter that writes how many tests passed and failed into the file that its starter names: what crashed
// outside of a test counts as failed.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export default class CountReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    const file = process.env.SWARMSCOPE_COUNTS_FILE
    if (!file) throw new Error('SWARMSCOPE_COUNTS_FILE says where to write the counts')
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const testModule of modules) {
      for (const test of testModule.children.allTests()) {
        const { state } = test.result()
        // `pending`: it never came to run, because its file or its worker ended before.
        counts[state === 'pending' ? 'failed' : state]++
      }
      // Could not be imported, or a hook of the file or of a suite threw.
      counts.failed += testModule.errors().length
      for (const suite of testModule.children.allSuites()) counts.failed += suite.errors().length
    }
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(counts))
  }
}
