// The last lines of a text file, and then each new one: across rotation (the file is moved away and another takes its
// place), truncation, and a file that is not there yet.

import { type FSWatcher, watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { StringDecoder } from 'node:string_decoder'

const CHUNK_BYTES = 64 * 1024
/** A longer line goes out in pieces. */
const MAX_LINE_LENGTH = 1024 * 1024
/** Some mounts tell nothing of changes; looking costs next to nothing. */
const LOOK_INTERVAL_MS = 1_000

export interface FollowOptions {
  /** How many lines of what stands there already. */
  lines: number
  onLine: (line: string) => void
  /** It can be read no more; nothing follows. */
  onError: (error: Error) => void
}

/** Follows until the function that is returned is called. */
export function followFile(path: string, options: FollowOptions): () => void {
  const follower = new Follower(path, options)
  follower.start()
  return () => follower.stop()
}

/** The last `count` lines; `end`: where the file ended then. Rejects with `ENOENT`. */
export async function lastLines(path: string, count: number): Promise<string[]> {
  const file = await open(path, 'r')
  try {
    return (await linesBefore(file, (await file.stat()).size, count)).lines
  } finally {
    await file.close()
  }
}

/** Backwards from `end`, in pieces, until there are enough; `from`: behind the last line break. */
async function linesBefore(file: FileHandle, end: number, count: number): Promise<{ lines: string[]; from: number }> {
  let bytes = Buffer.alloc(0)
  let at = end
  // One break more than lines: the first one ends the line before.
  while (at > 0 && breaksIn(bytes) <= count) {
    const size = Math.min(CHUNK_BYTES, at)
    const chunk = Buffer.alloc(size)
    const { bytesRead } = await file.read(chunk, 0, size, at - size)
    at -= size
    bytes = Buffer.concat([chunk.subarray(0, bytesRead), bytes])
  }
  const lastBreak = bytes.lastIndexOf(0x0a)
  // What stands behind the last break is a line that is being written.
  const whole = bytes.subarray(0, lastBreak + 1).toString()
  const lines = whole.split('\n').slice(0, -1)
  return { lines: count === 0 ? [] : lines.slice(-count), from: at + lastBreak + 1 }
}

function breaksIn(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) count++
  return count
}

class Follower {
  readonly #path: string
  readonly #options: FollowOptions
  #file: FileHandle | null = null
  #inode = 0
  #position = 0
  #decoder = new StringDecoder('utf8')
  #rest = ''
  #isFirst = true
  #looking = false
  #lookAgain = false
  #stopped = false
  #watcher: FSWatcher | null = null
  #timer: NodeJS.Timeout | undefined

  constructor(path: string, options: FollowOptions) {
    this.#path = path
    this.#options = options
  }

  start(): void {
    try {
      // The folder, not the file: a watch on a file follows it to where it is moved.
      this.#watcher = watch(dirname(this.#path), (_event, name) => {
        if (name === null || name === basename(this.#path)) this.#look()
      })
      this.#watcher.on('error', () => this.#watcher?.close()) // the timer goes on
    } catch {
      // No such folder yet, or no watches left: the timer alone will do.
    }
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS)
    this.#look()
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    this.#watcher?.close()
    // In the middle of a look, that one closes it.
    if (!this.#looking) this.#close().catch(() => undefined)
  }

  #look(): void {
    this.#lookAgain = true
    if (this.#looking || this.#stopped) return
    this.#looking = true
    this.#run().then(
      () => {
        this.#looking = false
      },
      (error: Error) => {
        this.#looking = false
        this.stop()
        this.#options.onError(error)
      },
    )
  }

  async #run(): Promise<void> {
    while (this.#lookAgain && !this.#stopped) {
      this.#lookAgain = false
      await this.#readOn()
      const inode = await inodeOf(this.#path)
      if (inode === null || (this.#file && inode === this.#inode)) continue
      // Moved away and another in its place: the last words of the old one first.
      await this.#readOn()
      await this.#open()
      this.#lookAgain = true
    }
    if (this.#stopped) await this.#close()
  }

  async #open(): Promise<void> {
    await this.#close()
    let file: FileHandle
    try {
      file = await open(this.#path, 'r')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return // moved away this very moment
      throw error
    }
    this.#file = file
    const { ino, size } = await file.stat()
    this.#inode = ino
    this.#position = 0
    // What comes after the one that we began with is new as a whole.
    if (this.#isFirst) {
      const { lines, from } = await linesBefore(file, size, this.#options.lines)
      this.#position = from
      for (const line of lines) this.#options.onLine(line)
    }
    this.#isFirst = false
  }

  async #readOn(): Promise<void> {
    const file = this.#file
    if (!file) return
    const { size } = await file.stat()
    if (size < this.#position) this.#rewind() // cut short by somebody else
    const chunk = Buffer.alloc(CHUNK_BYTES)
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, this.#position)
      if (bytesRead === 0 || this.#stopped) return
      this.#position += bytesRead
      this.#take(this.#decoder.write(chunk.subarray(0, bytesRead)))
    }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#options.onLine(line)
    if (this.#rest.length > MAX_LINE_LENGTH) {
      this.#options.onLine(this.#rest)
      this.#rest = ''
    }
  }

  #rewind(): void {
    this.#position = 0
    this.#rest = ''
    this.#decoder = new StringDecoder('utf8')
  }

  async #close(): Promise<void> {
    const file = this.#file
    this.#file = null
    if (this.#rest) this.#options.onLine(this.#rest)
    this.#rewind()
    await file?.close()
  }
}

async function inodeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).ino
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
