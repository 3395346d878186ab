import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { CommandJournal } from '../../server/api/commandJournal.ts'
import { Idempotency, type Outcome } from '../../server/api/idempotency.ts'
import { keptLog, silentLog } from '../helpers/silentLog.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'

let folder: ReturnType<typeof temporaryFolder>
let path: string
beforeEach(() => {
  folder = temporaryFolder('journal')
  path = join(folder.path, 'commands.ndjson')
})
afterEach(async () => {
  vi.useRealTimers()
  for (const journal of left.splice(0)) await journal.close()
  folder.remove()
})

const DAY_MS = 24 * 3_600_000
const done = (n: number): Outcome => ({ type: 'done', body: { n } })
const never = () => Promise.reject(new Error('done again'))

/** A process that was killed never closes it: closed here only after the test. */
const left: CommandJournal[] = []
const opened = async () => {
  const journal = await CommandJournal.open(path, silentLog)
  left.push(journal)
  return { journal, keys: new Idempotency({ journal }) }
}
const runOf =
  (outcome: Outcome) =>
  async (begin: () => Promise<void>): Promise<Outcome> => {
    await begin()
    return outcome
  }

describe('[B4] over the end of a process', () => {
  test('what was done is answered alike, what failed fails alike, and another request is a conflict', async () => {
    const { keys } = await opened()
    const error = new SwarmscopeError('CONNECTION_LOST', { host: 'powerdev', port: 3000 })
    await keys.once('k', 'a', runOf(done(1)))
    await keys.once('f', 'a', runOf({ type: 'failed', error }))
    const next = await opened()
    expect(await next.keys.once('k', 'a', never)).toEqual({ outcome: done(1), replayed: true })
    const { outcome } = await next.keys.once('f', 'a', never)
    expect(outcome.type === 'failed' && outcome.error.body).toEqual(error.body)
    await expect(next.keys.once('k', 'b', never)).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
    await next.journal.close()
  })

  test('what was begun is not done again: nobody knows how it ended, and it says so each time', async () => {
    const { keys } = await opened()
    let began: () => void = () => undefined
    const begun = new Promise<void>((resolve) => {
      began = resolve
    })
    keys
      .once('k', 'a', async (begin) => {
        await begin()
        began()
        return new Promise<Outcome>(() => undefined)
      })
      .catch(() => undefined)
    await begun
    for (let n = 0; n < 2; n++) {
      const next = await opened()
      expect(await next.keys.once('k', 'a', never)).toMatchObject({
        outcome: { type: 'failed', error: { code: 'OUTCOME_UNKNOWN' } },
        replayed: true,
      })
      await next.journal.close()
    }
  })

  test('what was refused before or after it was begun may be tried again', async () => {
    const { keys } = await opened()
    const refused = new SwarmscopeError('RATE_LIMITED')
    await expect(keys.once('before', 'a', () => Promise.reject(refused))).rejects.toBe(refused)
    await expect(
      keys.once('after', 'a', async (begin) => {
        await begin()
        throw refused
      }),
    ).rejects.toBe(refused)
    const next = await opened()
    for (const key of ['before', 'after']) {
      expect(await next.keys.once(key, 'a', runOf(done(1)))).toMatchObject({ replayed: false })
    }
    await next.journal.close()
  })

  test('it is forgotten after a day, and at least the last 5,000 are remembered', async () => {
    const { journal } = await opened()
    // As if the disk needed not be waited for each time.
    for (let n = 0; n < 12_000; n++) {
      void journal.ended(`k${n}`, 'a', { type: 'done', body: {} })
      void journal.ended(`k${n}`, 'a', done(n))
    }
    await journal.close()
    const { restored } = (await opened()).journal
    expect(restored.length).toBeGreaterThanOrEqual(5_000)
    expect(restored.length).toBeLessThanOrEqual(10_000)
    expect(restored.at(-1)?.key).toBe('k11999')
    vi.useFakeTimers({ now: Date.now() + DAY_MS, toFake: ['Date'] })
    expect((await opened()).journal.restored).toEqual([])
  }, 60_000)

  test('the two files stay bounded in bytes, whatever the answers', async () => {
    const { journal } = await opened()
    const large: Outcome = { type: 'done', body: { text: 'x'.repeat(100_000) } }
    for (let n = 0; n < 300; n++) await journal.ended(`k${n}`, 'a', large)
    await journal.close()
    for (const file of [path, `${path}.1`]) expect(statSync(file).size).toBeLessThan(8.2 * 1024 * 1024)
  })

  test('a line that a kill cut short, and whatever else is no line, costs nothing but itself', async () => {
    const { keys } = await opened()
    await keys.once('k', 'a', runOf(done(1)))
    appendFileSync(path, 'nonsense\n{"key":"__proto__","request":"a","atMs":1,"outcome":{"type":"done"}}\n{"key":"h')
    const next = await opened()
    await next.keys.once('l', 'a', runOf(done(2)))
    const last = await opened()
    for (const [key, n] of [
      ['k', 1],
      ['l', 2],
    ] as const) {
      expect(await last.keys.once(key, 'a', never)).toEqual({ outcome: done(n), replayed: true })
    }
    expect(readFileSync(path, 'utf8')).toContain('{"key":"h\n{"key":"l"')
  })

  test('an outcome of a later version is not known', async () => {
    const line = { key: 'k', request: 'a', atMs: Date.now(), outcome: { type: 'failed', code: 'NEWER', context: {} } }
    writeFileSync(path, `${JSON.stringify(line)}\n`)
    const { keys } = await opened()
    expect(await keys.once('k', 'a', never)).toMatchObject({ outcome: { error: { code: 'OUTCOME_UNKNOWN' } } })
  })

  test('a file that cannot be used keeps no command from being done, and the log says so', async () => {
    const { log, lines } = keptLog()
    const journal = await CommandJournal.open(join(folder.path, 'none', 'commands.ndjson'), log)
    const keys = new Idempotency({ journal })
    expect(await keys.once('k', 'a', runOf(done(1)))).toEqual({ outcome: done(1), replayed: false })
    expect(await keys.once('k', 'a', never)).toEqual({ outcome: done(1), replayed: true })
    expect(lines()).toMatchObject([{ msg: 'which commands were done cannot be read: a restart forgets them' }])
    await journal.close()
  })

  test('it is for its owner alone', async () => {
    const { journal } = await opened()
    await journal.begun('k', 'a')
    await journal.close()
    expect(existsSync(path)).toBe(true)
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
  })
})
