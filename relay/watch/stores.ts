// The files of claude-flow's state, relative to the project's folder, and who can read each.

import { join } from 'node:path'
import { readAgents3, readHive3, readSwarms3, readTasks3 } from '../../protocol/claudeFlow.ts'
import { type JsonFormat, JsonStore } from './jsonStore.ts'
import { MemoryDb } from './memoryDb.ts'
import type { Reading } from './reading.ts'

/** Of 3.x. */
export const JSON_FILES: ReadonlyMap<string, JsonFormat> = new Map([
  ['.claude-flow/agents/store.json', { kind: 'agent', list: 'agents', parse: readAgents3 }],
  ['.claude-flow/tasks/store.json', { kind: 'task', list: 'tasks', parse: readTasks3 }],
  ['.claude-flow/swarm/swarm-state.json', { kind: 'swarm', list: 'swarms', parse: readSwarms3 }],
  ['.claude-flow/hive-mind/state.json', { kind: 'hive', list: null, parse: readHive3 }],
])
/** Of 2.x. */
export const DATABASE = '.swarm/memory.db'

export interface Store {
  read(since: string | null): Promise<Reading>
  forget(): void
}

/** For a thread that may be held up by reading. */
export function openStores(root: string): ReadonlyMap<string, Store> {
  const stores = new Map<string, Store>([[DATABASE, new MemoryDb(join(root, DATABASE))]])
  for (const [file, format] of JSON_FILES) stores.set(file, new JsonStore(join(root, file), format))
  return stores
}
