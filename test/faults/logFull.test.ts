// A disk that is full for real: the system refuses the file's next byte.

import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SqliteLog } from '../../server/log/sqliteLog.ts'
import { InThread } from '../helpers/logFileInThread.ts'
import { ROOT, temporaryFolder } from '../helpers/swarmscope.ts'

const folder = temporaryFolder('full')
beforeAll(() => {
  execFileSync(process.execPath, ['scripts/build.mjs', 'node'], { cwd: ROOT, stdio: 'pipe' })
}, 60_000)
afterAll(() => folder.remove())

test.skipIf(process.platform === 'win32')(
  '[L11] a full disk costs no event: the world goes on in memory, what was committed is there afterwards',
  async () => {
    const path = join(folder.path, 'events.db')
    const { stdout, stderr, status } = spawnSync(
      'sh',
      ['-c', 'ulimit -f 8000; exec "$0" "$@"', process.execPath, join(ROOT, 'test/helpers/logFills.mjs'), path],
      { encoding: 'utf8' },
    )
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    const { failedAfter, moved, code, size } = JSON.parse(stdout) as Record<string, number>
    expect({ moved, code, size }).toEqual({ moved: true, code: 'LOG_UNAVAILABLE', size: 1_000 })
    expect(failedAfter).toBeGreaterThan(10)
    const log = await SqliteLog.open({ path, bootId: 'boot', thread: new InThread() })
    expect(log.seq).toBe(failedAfter)
    expect((await log.checkpoint())?.entities).toHaveLength(failedAfter ?? 0)
    await log.close()
  },
)
