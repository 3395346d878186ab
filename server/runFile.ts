// run.json (of a demo or a replay: run-demo.json, run-replay.json) in a project's folder of the data dir: where the server
// of that project is, for the commands that look for it.

import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { allRunning, runFileOf } from './config.ts'

const runFile = z.object({
  pid: z.number().int().positive(),
  /** Where programs on this machine reach it, by plain HTTP. */
  url: z.url(),
  /** Of the page, where it comes by TLS. */
  tlsUrl: z.url().optional(),
})
export type RunFile = z.infer<typeof runFile>

/** Written whole or not at all: others read it to find us. */
export function writeRunFile(file: string, urls: Pick<RunFile, 'url' | 'tlsUrl'>): void {
  writeFileSync(`${file}.new`, `${JSON.stringify({ pid: process.pid, ...urls } satisfies RunFile)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** `null`: there is none, or nothing that we wrote. */
export function readRunFile(file: string): RunFile | null {
  try {
    return runFile.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null // nobody can use it
  }
}

/** Another server of the same project may have written its own meanwhile. */
export function removeRunFile(file: string): void {
  const found = readRunFile(file)
  if (found && found.pid !== process.pid) return
  rmSync(file, { force: true })
}

/** The server whose file this is, if it still runs. */
export function runningAt(file: string): RunFile | null {
  const found = readRunFile(file)
  return found && isRunning(found.pid) ? found : null
}

/** The servers with the same data dir that still run: of other projects, and demos and replays. */
export function runningServers(dataDir: string): RunFile[] {
  const folder = join(dataDir, 'projects')
  let projects: string[]
  try {
    projects = readdirSync(folder)
  } catch {
    return [] // nothing was ever started here
  }
  return projects
    .flatMap((project) => allRunning({ projectDir: join(folder, project) }))
    .flatMap((running) => runningAt(runFileOf(running)) ?? [])
}

/** Whether there is such a process at all; it may be another program that got its number. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
