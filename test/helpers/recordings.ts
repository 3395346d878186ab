// What the real claude-flows left behind, as records: their state files, database and answers.

import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'libsql'
import {
  type FoundRecord,
  readAgents3,
  readHive3,
  readRow2,
  readSwarms3,
  readTasks3,
  toolAnswer,
} from '../../protocol/claudeFlow.ts'

const FIXTURES = fileURLToPath(new URL('../fixtures/', import.meta.url))
const FILES_3 = join(FIXTURES, 'claude-flow-3.43.0-files')

export const readFixture = (path: string): unknown => JSON.parse(readFileSync(join(FIXTURES, path), 'utf8'))

/** Stores of 3.43.0, to be changed before they are read. */
export interface Stores3 {
  agents: { agents: Record<string, Record<string, unknown>> }
  tasks: { tasks: Record<string, Record<string, unknown>> }
  swarms: { swarms: Record<string, Record<string, unknown>> }
  hive: Record<string, unknown>
}

const readJson = (path: string) => JSON.parse(readFileSync(join(FILES_3, path), 'utf8'))

/** As they were at the end: the swarm shut down, its agents still listed. */
export const stores3 = (): Stores3 => ({
  agents: readJson('agents/store.json'),
  tasks: readJson('tasks/store.json'),
  swarms: readJson('swarm/swarm-state.json'),
  hive: readJson('hive-mind/state.json'),
})

/** The same with the swarm running. */
export function runningStores3(): Stores3 {
  const stores = stores3()
  for (const swarm of Object.values(stores.swarms.swarms)) swarm.status = 'running'
  return stores
}

export const records3 = ({ agents, tasks, swarms, hive }: Stores3): FoundRecord[] => [
  ...readAgents3(agents),
  ...readTasks3(tasks),
  ...readSwarms3(swarms),
  ...readHive3(hive),
]

/** The rows of 2.7.47's database, read from a copy: opening it leaves files beside it. */
export function rows2(): { namespace: string; value: string }[] {
  const folder = mkdtempSync(join(tmpdir(), 'swarmscope-recording-'))
  try {
    const copy = join(folder, 'memory.db')
    copyFileSync(join(FIXTURES, 'claude-flow-2.7.47-files/memory.db'), copy)
    const database = new Database(`file:${copy}?mode=ro`)
    const rows = database.prepare('SELECT namespace, value FROM memory_entries').all()
    database.close()
    return rows as { namespace: string; value: string }[]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Every agent, task and swarm of 2.7.47's database. */
export const records2 = (): FoundRecord[] =>
  rows2()
    .map(({ namespace, value }) => readRow2(namespace, value))
    .filter((record) => record !== null)

interface Line {
  dir: 'in' | 'out' | 'exit'
  msg: { id?: number; method?: string; params?: { name?: string }; result?: unknown }
}

/** The answers to every call of a tool, in the order of the recording. */
export function recordedAnswers(generation: 2 | 3, tool: string): unknown[] {
  const file = generation === 2 ? 'claude-flow-2.7.47.jsonl' : 'claude-flow-3.43.0.jsonl'
  const lines = readFileSync(join(FIXTURES, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  const asked = new Set(
    lines.filter(({ dir, msg }) => dir === 'in' && msg.params?.name === tool).map(({ msg }) => msg.id),
  )
  return lines
    .filter(({ dir, msg }) => dir === 'out' && msg.id !== undefined && asked.has(msg.id))
    .map(({ msg }) => toolAnswer(msg.result))
}
