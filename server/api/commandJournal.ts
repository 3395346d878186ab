// Which commands were begun and how they ended, in a file: what a process that was killed knew, the next one knows too.
// Two files take turns, so the oldest go without anything being rewritten; each line stands for itself.

import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { z } from 'zod'
import type { Logger } from '../../platform/log.ts'
import { ERRORS, type ErrorCode, SwarmscopeError } from '../../protocol/errors.ts'
import type { Outcome } from './idempotency.ts'

const MAX_AGE_MS = 24 * 3_600_000
/** Of each of the two files, two for each command: so the last 5,000 commands at least are remembered. */
const MAX_LINES = 10_000
const MAX_FILE_BYTES = 8 * 1024 * 1024
/** A disk that hangs must not hang the commands. */
const WRITE_TIMEOUT_MS = 2_000

const context = z.object({
  host: z.string().optional(),
  port: z.number().optional(),
  detail: z.string().optional(),
  suggestion: z.string().optional(),
  command: z.string().optional(),
  managed: z.boolean().optional(),
})
const line = z.object({
  key: z.string(),
  request: z.string(),
  /** Wall clock: it has to mean something to another process. */
  atMs: z.number(),
  /** `null`: begun. */
  outcome: z
    .discriminatedUnion('type', [
      z.object({ type: z.literal('done'), body: z.record(z.string(), z.unknown()) }),
      z.object({ type: z.literal('failed'), code: z.string(), context }),
      /** It was refused before anything was done. */
      z.object({ type: z.literal('undone') }),
    ])
    .nullable(),
})
type Line = z.infer<typeof line>

export interface RestoredCommand {
  key: string
  request: string
  ageMs: number
  outcome: Outcome
  bytes: number
}

export class CommandJournal {
  readonly restored: readonly RestoredCommand[]
  readonly #path: string
  readonly #log: Logger
  #file: FileHandle | null
  #lines: number
  #bytes: number
  /** One write after the other. */
  #writing: Promise<void> = Promise.resolve()
  #closed = false

  /** Never rejects: a file that cannot be used is told in the log, and commands go on without it. */
  static async open(path: string, log: Logger): Promise<CommandJournal> {
    try {
      const [older, newer] = [await readLines(olderOf(path)), await readLines(path)]
      const file = await open(path, 'a', 0o600)
      // The last line may have been cut short by a kill; nothing may be written onto it.
      if (newer.isCut) await file.appendFile('\n')
      const { size } = await file.stat()
      return new CommandJournal(
        path,
        log,
        file,
        restoredFrom([...older.lines, ...newer.lines]),
        newer.lines.length,
        size,
      )
    } catch (error) {
      log.warn({ err: error }, 'which commands were done cannot be read: a restart forgets them')
      return new CommandJournal(path, log, null, [], 0, 0)
    }
  }

  private constructor(
    path: string,
    log: Logger,
    file: FileHandle | null,
    restored: readonly RestoredCommand[],
    lines: number,
    bytes: number,
  ) {
    this.#path = path
    this.#log = log
    this.#file = file
    this.restored = restored
    this.#lines = lines
    this.#bytes = bytes
  }

  /** Resolves when it survives a power cut, too: what is done next may have to be known. */
  begun(key: string, request: string): Promise<void> {
    return this.#write({ key, request, atMs: Date.now(), outcome: null }, true)
  }

  ended(key: string, request: string, outcome: Outcome): Promise<void> {
    const kept: Line['outcome'] =
      outcome.type === 'done'
        ? { type: 'done', body: outcome.body as Record<string, unknown> }
        : { type: 'failed', code: outcome.error.code, context: outcome.error.context }
    return this.#write({ key, request, atMs: Date.now(), outcome: kept }, false)
  }

  undone(key: string): Promise<void> {
    return this.#write({ key, request: '', atMs: Date.now(), outcome: { type: 'undone' } }, false)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#writing
    await this.#file?.close()
    this.#file = null
  }

  /** Never rejects, and never takes long. */
  #write(what: Line, durably: boolean): Promise<void> {
    if (!this.#file || this.#closed) return Promise.resolve()
    const text = `${JSON.stringify(what)}\n`
    const written = this.#writing.then(() => this.#append(text, durably))
    this.#writing = written
    return written
  }

  async #append(text: string, durably: boolean): Promise<void> {
    const file = this.#file
    if (!file) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the disk does not answer')), WRITE_TIMEOUT_MS)
    })
    const write = async () => {
      await file.appendFile(text)
      if (durably) await file.datasync()
      this.#lines++
      this.#bytes += Buffer.byteLength(text)
      const isFull = this.#lines >= MAX_LINES || this.#bytes >= MAX_FILE_BYTES
      // Given up meanwhile, it is not taken up again.
      if (isFull && this.#file === file) await this.#turn(file)
    }
    try {
      await Promise.race([write(), late])
    } catch (error) {
      this.#log.error({ err: error }, 'which commands were done cannot be kept: a restart forgets them')
      this.#file = null
      file.close().catch(() => undefined) // what else is wrong with it does not matter
    } finally {
      clearTimeout(timer)
    }
  }

  async #turn(file: FileHandle): Promise<void> {
    await rename(this.#path, olderOf(this.#path))
    this.#file = await open(this.#path, 'a', 0o600)
    this.#lines = 0
    this.#bytes = 0
    await file.close()
  }
}

const olderOf = (path: string): string => `${path}.1`

async function readLines(path: string): Promise<{ lines: Line[]; isCut: boolean }> {
  try {
    // Ours are never larger; what somebody else put there is not read.
    if ((await stat(path)).size > 2 * MAX_FILE_BYTES) await rm(path)
    const text = await readFile(path, 'utf8')
    const lines = text.split('\n').flatMap((each) => {
      const parsed = line.safeParse(jsonOf(each))
      return parsed.success ? [parsed.data] : []
    })
    return { lines, isCut: text !== '' && !text.endsWith('\n') }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { lines: [], isCut: false }
    throw error
  }
}

/** The last word on each key, the oldest first. */
function restoredFrom(lines: readonly Line[]): RestoredCommand[] {
  const last = new Map<string, Line>()
  for (const each of lines) {
    last.delete(each.key)
    if (each.outcome?.type !== 'undone') last.set(each.key, each)
  }
  const nowMs = Date.now()
  return [...last.values()].flatMap(({ key, request, atMs, outcome }) => {
    // A clock that was set back: it is new.
    const ageMs = Math.max(0, nowMs - atMs)
    if (ageMs >= MAX_AGE_MS) return []
    return [{ key, request, ageMs, outcome: toOutcome(outcome), bytes: JSON.stringify(outcome).length }]
  })
}

function toOutcome(kept: Line['outcome']): Outcome {
  if (kept?.type === 'done') return kept
  // Of one that was begun nobody knows how it ended; nor of one with a code of a later version.
  const isKnown = kept?.type === 'failed' && Object.hasOwn(ERRORS, kept.code)
  const error = isKnown
    ? new SwarmscopeError(kept.code as ErrorCode, withoutUndefined(kept.context))
    : new SwarmscopeError('OUTCOME_UNKNOWN')
  return { type: 'failed', error }
}

const withoutUndefined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // a line that was cut short
  }
}
