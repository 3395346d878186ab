import { startReaderThread } from '../../relay/watch/readerThread.ts'
import { describeLargeFiles } from '../helpers/largeFilesContract.ts'

describeLargeFiles('a message channel', startReaderThread)
