// The reading thread as it runs: what was built, in a thread of Node's.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { StartReaderThread } from '../../relay/watch/readerThread.ts'
import { describeLargeFiles } from '../helpers/largeFilesContract.ts'
import { recorded2, temporaryFolder } from '../helpers/relayFiles.ts'

const BUILT = new URL('../../dist/node/relay/watch/', import.meta.url)
const built: { startReaderThread: StartReaderThread } = await import(
  /* @vite-ignore */ new URL('readerThread.js', BUILT).href
)

describeLargeFiles('a thread', built.startReaderThread)

/** Watches a project until it is read, and tells what this took. Run by Node as it stands here. */
const PROGRAM = `
  import Module from 'node:module'
  import { ProjectWatch } from ${JSON.stringify(new URL('projectWatch.js', BUILT).href)}
  let records = 0
  const quiet = () => undefined
  const watch = new ProjectWatch({
    root: process.argv[1],
    intervalMs: 1_000,
    badAfterMs: 1_000,
    log: { warn: quiet, info: quiet, debug: quiet },
    onChange: (_file, change) => { records += change.type === 'whole' ? change.records.length : 0 },
    onPresence: quiet,
  })
  await watch.ready
  const threads = () => process.report.getReport().workers.length
  const during = threads()
  const loaded = Object.keys(Module._cache).filter((path) => path.includes('libsql'))
  await watch.close()
  console.log(JSON.stringify({ records, loaded, during, after: threads() }))
`

test('libsql is loaded into the reading thread alone, which ends with the watch', async () => {
  const root = temporaryFolder()
  recorded2(root)
  const args = ['--input-type=module', '--eval', PROGRAM, root]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: fileURLToPath(BUILT) })
  expect(JSON.parse(stdout)).toEqual({ records: 13, loaded: [], during: 1, after: 0 })
})
