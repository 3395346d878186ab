// `.claude/settings.local.json` of a project, and what is remembered of it in the data dir: its bytes from before, so that
// `--remove` gives them back exactly, and what was written.

import { createHash } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'

export const settingsPathOf = (project: string): string => join(project, '.claude', 'settings.local.json')

const memory = z.object({
  /** The file's permissions before; `null`: there was no file. */
  mode: z.number().int().nullable(),
  /** Whether its folder was made, too. */
  madeFolder: z.boolean(),
  /** SHA-256 of what was written: while it stands so, nobody else has changed it. */
  written: z.string(),
  /** The variables that were set, and what stood there before. */
  env: z.record(z.string(), z.object({ value: z.string(), before: z.unknown().optional() })),
})
export type Memory = z.infer<typeof memory>

export class SettingsFile {
  readonly path: string
  readonly backupPath: string
  readonly #memoryPath: string

  constructor(project: string, projectDir: string) {
    this.path = settingsPathOf(project)
    this.backupPath = join(projectDir, 'claude-settings.backup.json')
    this.#memoryPath = join(projectDir, 'claude-settings.connect.json')
  }

  /** `null`: there is none. */
  read(): string | null {
    try {
      return readFileSync(this.path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  /** What stands at the end of its links, if it is one. */
  realPath(): string {
    try {
      return realpathSync(this.path)
    } catch {
      return this.path // not there yet
    }
  }

  /** `null`: nothing was written here, or nothing is known of it any more. */
  remembered(): Memory | null {
    try {
      return memory.parse(JSON.parse(readFileSync(this.#memoryPath, 'utf8')))
    } catch {
      return null // whoever takes ours out then goes by what it looks like
    }
  }

  /** `before`: what `--remove` gives back. The backup comes first: it must be there whatever happens after. */
  write(text: string, before: string | null, env: Memory['env']): void {
    const known = this.remembered()
    const target = this.realPath()
    const mode = known ? known.mode : modeOf(target)
    writeWhole(this.backupPath, before ?? '', 0o600)
    const madeFolder = mkdirSync(dirname(target), { recursive: true }) !== undefined || (known?.madeFolder ?? false)
    const kept: Memory = { mode, madeFolder, written: hashOf(text), env }
    writeWhole(this.#memoryPath, `${JSON.stringify(kept, null, 2)}\n`, 0o600)
    // It holds a token now.
    writeWhole(target, text, 0o600)
  }

  /** What stood there before, if nobody has changed the file since; `undefined`: somebody has, or it is not known. */
  untouchedBefore(text: string): string | null | undefined {
    const known = this.remembered()
    if (!known || known.written !== hashOf(text)) return undefined
    if (known.mode === null) return null
    try {
      return readFileSync(this.backupPath, 'utf8')
    } catch {
      return undefined // the backup was removed
    }
  }

  /** `null`: it was not there. */
  restore(text: string | null): void {
    const known = this.remembered()
    const target = this.realPath()
    if (text === null) {
      rmSync(target, { force: true })
      if (known?.madeFolder) removeIfEmpty(dirname(target))
    } else {
      writeWhole(target, text, known?.mode ?? modeOf(target) ?? 0o600)
    }
    rmSync(this.#memoryPath, { force: true })
    rmSync(this.backupPath, { force: true })
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

function modeOf(path: string): number | null {
  try {
    return statSync(path).mode & 0o777
  } catch {
    return null // there is none
  }
}

/** Written whole or not at all: Claude Code reads it at any moment. */
function writeWhole(path: string, text: string, mode: number): void {
  const draft = `${path}.${process.pid}.tmp`
  try {
    writeFileSync(draft, text, { mode })
    chmodSync(draft, mode)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
