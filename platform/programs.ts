// Programs as a shell finds them, without one.

import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Where programs of this name may stand: in the absolute folders of `path`. */
export const onPath = (name: string, path: string): string[] =>
  path
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, name))

/** The project's own claude-flow, else one on PATH (its newer name is ruflo); `null`: there is none. */
export function findClaudeFlow(project: string, path: string): string | null {
  const candidates = [
    join(project, 'node_modules', '.bin', 'claude-flow'),
    ...['claude-flow', 'ruflo'].flatMap((name) => onPath(name, path)),
  ]
  return candidates.find(isProgram) ?? null
}

/** Whether `file` would be found if it were started in `cwd`. Windows has rules of its own: there only starting it tells. */
export function canBeStarted(file: string, cwd: string, path: string): boolean {
  if (process.platform === 'win32') return true
  return file.includes('/') ? isProgram(resolve(cwd, file)) : onPath(file, path).some(isProgram)
}
