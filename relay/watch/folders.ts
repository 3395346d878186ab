// When to look at the state files: inotify on the folders on the way to them (those that exist; the parents tell when
// the others appear), and a look each second for mounts where nothing tells.

import { type FSWatcher, watch } from 'node:fs'
import { basename, join, normalize, resolve, sep } from 'node:path'

export interface FolderWatchOptions {
  /** The project's folder; that it appears later is only seen by the look each interval. */
  root: string
  /** Files to tell of, relative to the root. */
  files: readonly string[]
  /** The file may have changed; `null`: any of them may have. */
  onTouched: (file: string | null) => void
  intervalMs: number
  /** `fs.watch`, or what stands for it. */
  watchFolder?: WatchFolder
}

export type WatchFolder = (
  folder: string,
  options: { persistent: false },
  listener: (event: string, name: string | null) => void,
) => FSWatcher

export class FolderWatch {
  readonly #options: FolderWatchOptions
  /** Absolute folder → the names in it that matter. */
  readonly #folders = new Map<string, Set<string>>()
  readonly #watchers = new Map<string, FSWatcher>()
  /** Absolute path → as it was asked for. */
  readonly #files = new Map<string, string>()
  readonly #timer: NodeJS.Timeout

  constructor(options: FolderWatchOptions) {
    this.#options = options
    const root = resolve(options.root)
    for (const file of options.files) {
      this.#files.set(join(root, file), file)
      this.#addPath(root, file)
    }
    this.#watchAll()
    this.#timer = setInterval(() => {
      this.#watchAll()
      options.onTouched(null)
    }, options.intervalMs)
    this.#timer.unref()
  }

  /** Whether changes are told at once, or only seen each interval. */
  get isTold(): boolean {
    return this.#watchers.size > 0
  }

  close(): void {
    clearInterval(this.#timer)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  /** Each folder from the root down to the file, with the next name on the way. */
  #addPath(root: string, file: string): void {
    let folder = root
    for (const name of normalize(file).split(sep)) {
      const names = this.#folders.get(folder)
      if (names) names.add(name)
      else this.#folders.set(folder, new Set([name]))
      folder = join(folder, name)
    }
  }

  #watchAll(): void {
    for (const folder of this.#folders.keys()) if (!this.#watchers.has(folder)) this.#watch(folder)
  }

  #watch(folder: string): void {
    try {
      const { watchFolder = watch } = this.#options
      const watcher = watchFolder(folder, { persistent: false }, (_event, name) => this.#told(folder, name))
      this.#watchers.set(folder, watcher)
      watcher.on('error', () => this.#unwatch(folder)) // the next look watches it again, if it is there
    } catch {
      // It does not exist (yet), or cannot be watched here: the look each second remains.
    }
  }

  #unwatch(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }

  #told(folder: string, name: string | null): void {
    if (name === null) {
      this.#options.onTouched(null)
      return
    }
    if (!this.#folders.get(folder)?.has(name)) {
      // A folder that is deleted or moved says so by its own name: its watcher is dead from now on.
      if (name === basename(folder)) this.#unwatch(folder)
      return
    }
    const path = join(folder, name)
    const file = this.#files.get(path)
    if (file !== undefined) {
      this.#options.onTouched(file)
      return
    }
    // A folder on the way appeared, went, or was replaced: what was watched in the old one is stale.
    for (const below of this.#folders.keys()) {
      if (below === path || below.startsWith(path + sep)) this.#unwatch(below)
    }
    this.#watchAll()
    this.#options.onTouched(null)
  }
}
