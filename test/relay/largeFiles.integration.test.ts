// The reading thread as it runs: what was built, in a thread of Node's.

import { fileURLToPath, pathToFileURL } from 'node:url'
import type { StartReaderThread } from '../../relay/watch/readerThread.ts'
import { describeLargeFiles } from '../helpers/largeFilesContract.ts'

const BUILT = fileURLToPath(new URL('../../dist/node/relay/watch/readerThread.js', import.meta.url))
const built: { startReaderThread: StartReaderThread } = await import(/* @vite-ignore */ pathToFileURL(BUILT).href)

describeLargeFiles('a thread', built.startReaderThread)
