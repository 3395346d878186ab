// A demo's log: a file like the real one's, so that its past can be gone back to, in a folder of its own that ends with it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KeptLog, type KeptLogOptions } from './keptLog.ts'

/** The temporary folder may be memory. Of 100 agents that is most of a day. */
const MAX_BYTES = 64 * 1024 * 1024

export interface DemoLog {
  keptLog: KeptLog
  /** After the log was closed. */
  remove(): void
}

/** Without a temporary folder the demo goes on in memory, and has no past. */
export async function openDemoLog({ log, ...options }: Omit<KeptLogOptions, 'path'>): Promise<DemoLog> {
  let folder: string
  try {
    folder = mkdtempSync(join(tmpdir(), 'swarmscope-demo-'))
  } catch (error) {
    log.warn({ err: error }, 'there is no temporary folder: the demo has no timeline')
    return { keptLog: KeptLog.inMemory(log), remove: () => undefined }
  }
  const remove = () => {
    try {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    } catch (error) {
      log.warn({ err: error, folder }, "the demo's folder could not be removed")
    }
  }
  try {
    const maxBytes = Math.min(options.maxBytes ?? MAX_BYTES, MAX_BYTES)
    return { keptLog: await KeptLog.open({ ...options, maxBytes, path: join(folder, 'events.db'), log }), remove }
  } catch (error) {
    remove()
    throw error
  }
}
