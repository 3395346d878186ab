// Whether the process that runs a session is still there. A killed terminal fires no hook, and nothing tells of another
// program's end, so this asks, seldom, and only while there is somebody to ask for.

import { existsSync, readFileSync } from 'node:fs'

export interface Processes {
  /**
   * When it began, in the system's own words, to tell it from a later one with its number; `null`: there is none that
   * could run Claude Code. A system that cannot tell has one word for all.
   */
  startOf(pid: number): string | null
  isAlive(pid: number): boolean
}

/** Claude Code names itself; as a package it is run by one of these. */
const PROGRAMS = /^(claude|node|bun)/i

export const localProcesses: Processes = {
  startOf(pid) {
    const stat = statOf(pid)
    if (stat === null) return existsSync('/proc/self/stat') || !this.isAlive(pid) ? null : 'unknown'
    // In brackets its name, which may hold anything; of what follows the 20th is the start, in ticks since boot.
    const end = stat.lastIndexOf(')')
    const name = stat.slice(stat.indexOf('(') + 1, end)
    // Another namespace's number would be somebody else here.
    return PROGRAMS.test(name) ? (stat.slice(end + 2).split(' ')[19] ?? null) : null
  },
  isAlive(pid) {
    try {
      process.kill(pid, 0)
      return true
    } catch (error) {
      // Another user's is alive all the same.
      return (error as NodeJS.ErrnoException).code === 'EPERM'
    }
  },
}

function statOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return null // no such process, or no such file system
  }
}

export const isGone = (pid: number, start: string, processes: Processes): boolean =>
  !processes.isAlive(pid) || processes.startOf(pid) !== start
