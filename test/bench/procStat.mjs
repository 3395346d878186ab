// What Linux says of a process, in /proc.

import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ: the unit of times in /proc/PID/stat, 100 on every Linux of today. */
const TICK_US = 10_000

/** The fields behind the name, which may hold anything: the third of proc(5) is the first here. */
function fieldsOf(/** @type {number} */ pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** User and system time of this process alone, without its children's. */
export function cpuUs(/** @type {number} */ pid) {
  const fields = fieldsOf(pid)
  return (Number(fields[11]) + Number(fields[12])) * TICK_US
}

/** Resident memory, in MB of 10^6 bytes. */
export function rssMb(/** @type {number} */ pid) {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (Number(kib) * 1_024) / 1_000_000
}

/** How many processes this one has below it. */
export function descendants(/** @type {number} */ pid) {
  const parents = new Map()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      parents.set(Number(name), Number(fieldsOf(Number(name))[1]))
    } catch (error) {
      if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error // else: it just ended
    }
  }
  const isBelow = (/** @type {number} */ one) => {
    for (let up = parents.get(one); up; up = parents.get(up)) if (up === pid) return true
    return false
  }
  return [...parents.keys()].filter(isBelow).length
}
