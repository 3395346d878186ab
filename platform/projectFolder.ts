// The folder whose agents are shown: a slip of the finger in its name must not look like an empty project.

import { statSync } from 'node:fs'
import { SwarmscopeError } from '../protocol/errors.ts'

/** Throws `PROJECT_NOT_FOUND`. Its message is for who typed the path, and names it; its body does not (E4). */
export function assertProjectFolder(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory()) return
  const error = new SwarmscopeError('PROJECT_NOT_FOUND', found ? { detail: 'What was named is no folder' } : {})
  error.message = `there is no project folder ${path}${found ? ', but a file' : ''}: check --project`
  throw error
}
