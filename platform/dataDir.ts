// Where Swarmscope keeps what must outlive it: secrets at the root, one folder for each project or remote relay.

import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import envPaths from 'env-paths'

/** `--data-dir`, else the platform's folder for user data. */
export const dataDirPath = (override: string | undefined): string =>
  override ? resolve(override) : envPaths('swarmscope', { suffix: '' }).data

/** The folder, made if it is not there, closed to others. */
export function openDataDir(override: string | undefined): string {
  const folder = dataDirPath(override)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}

/** `projects/<hash>/` of the data dir; `key` is the project's root folder or the relay's URL. */
export function projectDirPath(dataDir: string, key: string): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16)
  return join(dataDir, 'projects', hash)
}

export function openProjectDir(dataDir: string, key: string): string {
  const folder = projectDirPath(dataDir, key)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return folder
}
