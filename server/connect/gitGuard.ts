// A token must not get into anybody's repository: asks git whether it would.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { shellWord } from '../../platform/shellWord.ts'

const run = promisify(execFile)
const TIMEOUT_MS = 5_000

/** `null`: git does not keep this file. Else why not, and what to do. */
export async function whyGitWouldKeep(file: string, folder: string): Promise<string | null> {
  const inside = await git(folder, 'rev-parse', '--is-inside-work-tree')
  if (inside.type === 'missing') return null // nobody here can commit it
  if (inside.type === 'failed') {
    if (inside.message.includes('not a git repository')) return null
    return `git cannot say whether it keeps ${file}: ${inside.message.trim().split('\n')[0]}`
  }
  const tracked = await git(folder, 'ls-files', '--error-unmatch', '--', file)
  if (tracked.type === 'done') {
    return `git keeps ${file}, and a token does not belong there. Take it out of git first: git -C ${shellWord(folder)} rm --cached ${shellWord(relative(folder, file))}`
  }
  const ignored = await git(folder, 'check-ignore', '-q', '--', file)
  if (ignored.type === 'done') return null
  return `git does not ignore ${file}, and a token does not belong in a repository. Ignore it first: echo ${shellWord(relative(folder, file))} >> ${shellWord(join(folder, '.gitignore'))}`
}

type Answer = { type: 'done' } | { type: 'failed'; message: string } | { type: 'missing' }

async function git(folder: string, ...args: string[]): Promise<Answer> {
  try {
    await run('git', ['-C', folder, ...args], { timeout: TIMEOUT_MS, env: { ...process.env, LC_ALL: 'C' } })
    return { type: 'done' }
  } catch (error) {
    const { code, stderr = '', message } = error as NodeJS.ErrnoException & { stderr?: string }
    return code === 'ENOENT' ? { type: 'missing' } : { type: 'failed', message: stderr || message }
  }
}

/** Where git is asked: the nearest folder that is there. */
export function folderOf(file: string): string {
  let folder = dirname(dirname(file))
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder)
  return folder
}
