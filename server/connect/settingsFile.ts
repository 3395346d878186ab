// `.claude/settings.local.json` of a project, and what is remembered of it in the data dir: its bytes from before the last
// write, so that `--remove` gives them back exactly, and what was written.

import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'

export const settingsPathOf = (project: string): string => join(project, '.claude', 'settings.local.json')

const memory = z.object({
  /** Where the file is; the first versions did not say. */
  path: z.string().optional(),
  /** The file's permissions before the last write; `null`: there was no file then. */
  mode: z.number().int().nullable(),
  /** Whether its folder was made, too. */
  madeFolder: z.boolean(),
  /** SHA-256 of what was written: while it stands so, nobody else has changed it. */
  written: z.string(),
  /** The variables that were set, and what stood there before. */
  env: z.record(z.string(), z.object({ value: z.string(), before: z.unknown().optional() })),
})
export type Memory = z.infer<typeof memory>

/** What was there before a write; `null`: no file. */
export type Before = { text: string; mode: number } | null

const MAX_LINKS = 40
/** Of other projects, among which that of a moved one is looked for. */
const MAX_NEIGHBOURS = 1_000

export class SettingsFile {
  readonly path: string
  readonly #folder: string

  constructor(project: string, projectDir: string) {
    this.path = settingsPathOf(project)
    this.#folder = projectDir
  }

  /** Of what stood there before ours. */
  get backupPath(): string {
    return backupIn(this.#folder)
  }

  /** `null`: there is none. */
  read(): string | null {
    return readIfThere(this.path)
  }

  /** What stands at the end of its links, if it is one; also if nothing is there yet. */
  realPath(): string {
    let path = this.path
    for (let links = 0; links < MAX_LINKS; links++) {
      try {
        return realpathSync(path)
      } catch {
        const next = linkAt(path)
        if (next === null) return path
        path = resolve(dirname(path), next)
      }
    }
    return this.path // a ring: writing tells
  }

  /** Of the last write here, or of one to this very text in a folder that is gone: it was moved here. */
  remembered(text: string): Memory | null {
    return memoryIn(this.#memoryFolder(text))
  }

  /** The backup comes first: it must be there whatever happens after. */
  write(text: string, before: Before, env: Memory['env']): void {
    const current = this.read()
    const moved = current === null ? this.#folder : this.#memoryFolder(current)
    const known = current === null ? null : memoryIn(moved)
    const target = this.realPath()
    writeWhole(backupIn(this.#folder), before?.text ?? '', 0o600)
    const madeFolder = mkdirSync(dirname(target), { recursive: true }) !== undefined || (known?.madeFolder ?? false)
    const kept: Memory = { path: this.path, mode: before?.mode ?? null, madeFolder, written: hashOf(text), env }
    writeWhole(memoryPathIn(this.#folder), `${JSON.stringify(kept, null, 2)}\n`, 0o600)
    if (moved !== this.#folder) forget(moved)
    // It holds a token now.
    writeWhole(target, text, 0o600)
  }

  /** What stood there before, if nobody has changed the file since; `undefined`: somebody has, or it is not known. */
  untouchedBefore(text: string): Before | undefined {
    const folder = this.#memoryFolder(text)
    const known = memoryIn(folder)
    if (!known || known.written !== hashOf(text)) return undefined
    if (known.mode === null) return null
    const backup = readIfThere(backupIn(folder))
    return backup === null ? undefined : { text: backup, mode: known.mode } // else the backup was removed
  }

  /** As it is but for its text. */
  get mode(): number {
    return modeOf(this.realPath()) ?? 0o600
  }

  /** From what stands there now. */
  restore(current: string, before: Before): void {
    const folder = this.#memoryFolder(current)
    const target = this.realPath()
    if (before === null) {
      rmSync(target, { force: true })
      const known = memoryIn(folder)
      // Where nothing is known of it (another data dir), an empty folder of Claude Code's holds nothing that anybody could miss.
      const isOurs = known === null ? dirname(target) === dirname(this.path) : known.madeFolder
      if (isOurs) removeIfEmpty(dirname(target))
    } else {
      writeWhole(target, before.text, before.mode)
    }
    for (const each of new Set([folder, this.#folder])) forget(each)
  }

  #memoryFolder(text: string): string {
    if (memoryIn(this.#folder)) return this.#folder
    const written = hashOf(text)
    const isOfMoved = (folder: string) => {
      const known = memoryIn(folder)
      return known?.written === written && known.path !== undefined && !existsSync(dirname(dirname(known.path)))
    }
    return neighboursOf(this.#folder).find(isOfMoved) ?? this.#folder
  }
}

const backupIn = (folder: string): string => join(folder, 'claude-settings.backup.json')
const memoryPathIn = (folder: string): string => join(folder, 'claude-settings.connect.json')

/** `null`: nothing was written, or nothing is known of it any more. */
function memoryIn(folder: string): Memory | null {
  try {
    return memory.parse(JSON.parse(readFileSync(memoryPathIn(folder), 'utf8')))
  } catch {
    return null // whoever takes ours out then goes by what it looks like
  }
}

function forget(folder: string): void {
  rmSync(memoryPathIn(folder), { force: true })
  rmSync(backupIn(folder), { force: true })
}

function neighboursOf(folder: string): string[] {
  const parent = dirname(folder)
  try {
    return readdirSync(parent)
      .slice(0, MAX_NEIGHBOURS)
      .map((name) => join(parent, name))
  } catch {
    return [] // nothing was ever kept here
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** `null`: it is none. */
function linkAt(path: string): string | null {
  try {
    return readlinkSync(path)
  } catch {
    return null // not there, or no link
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
