// All state of claude-flow's in one project folder: which files there are, who reads them, and when to look.

import type { Logger } from '../../platform/log.ts'
import { DatabaseFileReader, JsonFileReader } from './fileReaders.ts'
import { FolderWatch, type WatchFolder } from './folders.ts'
import { WAL_SUFFIX } from './memoryDb.ts'
import { Reader } from './reader.ts'
import type { StartReaderThread } from './readerThread.ts'
import type { Change, StateReader } from './reading.ts'
import { StateFile, type StateFileEvents } from './stateFile.ts'
import { DATABASE, JSON_FILES } from './stores.ts'

export interface ProjectWatchOptions {
  root: string
  intervalMs: number
  /** A file that cannot be read for this long is told of. */
  badAfterMs: number
  log: Logger
  /** What the file holds now, or how that differs from what was told of it last. */
  onChange: (file: string, change: Change, at: string) => void
  /** Whether any state was found, or whether 2.x keeps its state in a database, changed. */
  onPresence: () => void
  watchFolder?: WatchFolder
  startThread?: StartReaderThread
}

export class ProjectWatch {
  /** Everything that is there was read once. */
  readonly ready: Promise<void>
  readonly #options: ProjectWatchOptions
  readonly #files = new Map<string, StateFile>()
  readonly #folders: FolderWatch
  readonly #reader: Reader
  #hasDatabase2 = false
  #presence = ''

  constructor(options: ProjectWatchOptions) {
    this.#options = options
    const { root, intervalMs, log, watchFolder, startThread } = options
    this.#reader = new Reader({ root, log, ...(startThread ? { startThread } : {}) })
    for (const [file, format] of JSON_FILES) this.#add(file, new JsonFileReader(root, file, format, this.#reader))
    const database = new DatabaseFileReader(root, this.#reader, (isOf2) => {
      this.#hasDatabase2 = isOf2
    })
    this.#add(DATABASE, database)
    this.#folders = new FolderWatch({
      root,
      files: [...this.#files.keys(), DATABASE + WAL_SUFFIX],
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
    return this.found.some((file) => JSON_FILES.has(file))
  }

  /** 2.x keeps its state in a database here: what its process says of its memory is not needed. */
  get hasDatabase2(): boolean {
    return this.#hasDatabase2
  }

  async close(): Promise<void> {
    this.#folders.close()
    // First the files: what ends with the thread is no bad reading then.
    const files = [...this.#files.values()].map((file) => file.close())
    await Promise.all([this.#reader.close(), ...files])
  }

  #add(name: string, reader: StateReader): void {
    const { log, onChange, badAfterMs } = this.#options
    const events: StateFileEvents = {
      onChange: (change, at) => {
        if (name === DATABASE && !file.isPresent) this.#hasDatabase2 = false
        onChange(name, change, at)
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
    else void this.#files.get(name.endsWith(WAL_SUFFIX) ? DATABASE : name)?.look()
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
