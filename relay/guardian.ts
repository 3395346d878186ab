// Sees to it that a child's process group ends when this process is killed outright: the child's stdin closes then, but
// a child that hangs, or one that ignores it, would live on. A shell waits on a pipe that only we hold; it costs 1 MB.

import { type ChildProcess, spawn } from 'node:child_process'

/** claude-flow ends by itself when its stdin does, and may be writing its state: it gets a moment. */
const SCRIPT = `read -r word && exit 0; sleep 1; kill -s TERM -- "-$1"; sleep 1; kill -s KILL -- "-$1"`

export class Guardian {
  /** Resolves when its shell has ended. */
  readonly ended: Promise<void>
  readonly #shell: ChildProcess

  /** `group`: its id is the pid of the child that leads it. POSIX only. */
  constructor(group: number) {
    // A group of its own: neither the child's end nor a Ctrl-C in our terminal shall take it along. It gets the number
    // as an argument, and nothing that a client ever sends.
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, 'swarmscope-guardian', String(group)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
    })
    this.#shell.on('error', () => undefined) // no shell here: then the child's closed stdin must do
    this.#shell.stdin?.on('error', () => this.#shell.stdin?.destroy()) // it ended first
    this.ended = new Promise((resolve) => this.#shell.once('close', () => resolve()))
    this.#shell.unref()
  }

  /** The group has ended: nothing is left to see to, and its id may soon be another's. */
  dismiss(): void {
    this.#shell.stdin?.end('done\n')
  }
}
