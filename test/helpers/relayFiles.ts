// What the relay's tests share on disk: the fake child, temporary folders, a 2.x database that is being written.

import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'libsql'
import pino from 'pino'
import { afterEach } from 'vitest'
import type { ChildCommand } from '../../relay/childProcess.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export const FILES_3 = here('../fixtures/claude-flow-3.43.0-files')
export const FILES_2 = here('../fixtures/claude-flow-2.7.47-files')

export const SILENT = pino({ level: 'silent' })

export const fakeChild = (...args: string[]): ChildCommand => ({
  file: process.execPath,
  args: [here('./fakeMcpChild.mjs'), ...args],
})

const cleanups: (() => unknown)[] = []
/** Runs after the test, last first. */
export const cleanup = (undo: () => unknown): void => {
  cleanups.push(undo)
}
afterEach(async () => {
  for (const undo of cleanups.splice(0).reverse()) await undo()
})

export function temporaryFolder(name = 'relay'): string {
  const folder = mkdtempSync(join(tmpdir(), `swarmscope-${name}-`))
  cleanup(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes a file of the project, with the folders on the way. */
export function put(root: string, file: string, content: string | object): void {
  const path = join(root, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2))
}

export const AGENTS = '.claude-flow/agents/store.json'

export const agentsStore = (...ids: string[]) => ({
  agents: Object.fromEntries(
    ids.map((id) => [id, { agentId: id, agentType: 'coder', status: 'idle', health: 1, taskCount: 0 }]),
  ),
})

export function putRecorded3(root: string): { hiveToken: string } {
  cpSync(FILES_3, join(root, '.claude-flow'), { recursive: true })
  const hive = join(root, '.claude-flow/hive-mind/state.json')
  const hiveToken = 'c0ffee00-5ec2-e700-0000-hive-secret'
  writeFileSync(hive, readFileSync(hive, 'utf8').replace('REDACTED', hiveToken))
  return { hiveToken }
}

/** The recorded database, open for writing as claude-flow has it (WAL). */
export function recorded2(root: string) {
  const path = join(root, '.swarm/memory.db')
  mkdirSync(dirname(path), { recursive: true })
  if (!existsSync(path)) copyFileSync(join(FILES_2, 'memory.db'), path)
  const database = new Database(path)
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = OFF') // a test need not survive a power cut
  let isOpen = true
  const close = () => {
    if (isOpen) database.close()
    isOpen = false
  }
  cleanup(close)
  return {
    database,
    close,
    spawn(id: string, status = 'active') {
      const value = { id, swarmId: 'swarm_1', name: id, type: 'coder', status, capabilities: '[]', metadata: '{}' }
      database
        .prepare('INSERT OR REPLACE INTO memory_entries (key, value, namespace) VALUES (?, ?, ?)')
        .run(`agent:swarm_1:${id}`, JSON.stringify(value), 'agents')
    },
  }
}

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // A zombie answers signals, but is gone.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
