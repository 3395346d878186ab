// All state of claude-flow's in one project folder: which files there are, who reads them, and when to look.

import { join } from 'node:path'
import type { Logger } from '../../platform/log.ts'
import { type FoundRecord, readAgents3, readHive3, readSwarms3, readTasks3 } from '../../protocol/claudeFlow.ts'
import { FolderWatch, type WatchFolder } from './folders.ts'
import { JsonStore } from './jsonStore.ts'
import { MemoryDb, WAL_SUFFIX } from './memoryDb.ts'
import { StateFile, type StateFileEvents, type StateReader } from './stateFile.ts'

const STORES_3: Readonly<Record<string, (store: unknown) => FoundRecord[]>> = {
  '.claude-flow/agents/store.json': readAgents3,
  '.claude-flow/tasks/store.json': readTasks3,
  '.claude-flow/swarm/swarm-state.json': readSwarms3,
  '.claude-flow/hive-mind/state.json': readHive3,
}
const DATABASE_2 = '.swarm/memory.db'

export interface ProjectWatchOptions {
  root: string
  intervalMs: number
  /** A file that cannot be read for this long is told of. */
  badAfterMs: number
  log: Logger
  /** The file holds exactly these records now. */
  onRecords: (file: string, records: readonly FoundRecord[], at: string) => void
  /** Whether any state was found, or whether 2.x keeps its state in a database, changed. */
  onPresence: () => void
  watchFolder?: WatchFolder
}

export class ProjectWatch {
  /** Everything that is there was read once. */
  readonly ready: Promise<void>
  readonly #options: ProjectWatchOptions
  readonly #files = new Map<string, StateFile>()
  readonly #folders: FolderWatch
  #hasDatabase2 = false
  #presence = ''

  constructor(options: ProjectWatchOptions) {
    this.#options = options
    const { root, intervalMs, watchFolder } = options
    for (const [file, parse] of Object.entries(STORES_3)) this.#add(file, new JsonStore(join(root, file), parse))
    const database = new MemoryDb(join(root, DATABASE_2), (isOf2) => {
      this.#hasDatabase2 = isOf2
    })
    this.#add(DATABASE_2, database)
    this.#folders = new FolderWatch({
      root,
      files: [...this.#files.keys(), DATABASE_2 + WAL_SUFFIX],
      intervalMs,
      onTouched: (file) => this.#touched(file),
      ...(watchFolder ? { watchFolder } : {}),
    })
    this.ready = this.#lookAtAll()
  }

  /** Files that were found and read, relative to the root. */
  get found(): string[] {
    return [...this.#files].filter(([, file]) => file.counts).map(([name]) => name)
  }

  /** 3.x keeps its state here: no process is needed to see it. */
  get hasFiles3(): boolean {
    return this.found.some((file) => Object.hasOwn(STORES_3, file))
  }

  /** 2.x keeps its state in a database here: what its process says of its memory is not needed. */
  get hasDatabase2(): boolean {
    return this.#hasDatabase2
  }

  async close(): Promise<void> {
    this.#folders.close()
    await Promise.all([...this.#files.values()].map((file) => file.close()))
  }

  #add(name: string, reader: StateReader): void {
    const { log, onRecords, badAfterMs } = this.#options
    const events: StateFileEvents = {
      onRecords: (records, at) => {
        if (name === DATABASE_2 && !file.isPresent) this.#hasDatabase2 = false
        onRecords(name, records, at)
        this.#tellPresence()
      },
      onBad: (error) =>
        log.warn({ file: name, reason: messageOf(error) }, 'a state file cannot be read; its last good state stays'),
      onGood: () => log.info({ file: name }, 'the state file can be read again'),
    }
    const file = new StateFile(reader, events, badAfterMs)
    this.#files.set(name, file)
  }

  #touched(name: string | null): void {
    if (name === null) void this.#lookAtAll()
    else void this.#files.get(name.endsWith(WAL_SUFFIX) ? DATABASE_2 : name)?.look()
  }

  async #lookAtAll(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.look()))
  }

  #tellPresence(): void {
    const presence = JSON.stringify([this.found, this.#hasDatabase2])
    if (presence === this.#presence) return
    this.#presence = presence
    this.#options.onPresence()
  }
}

/** Without the path: the log names the file as the project knows it. */
function messageOf(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException
  return code ?? name
}
