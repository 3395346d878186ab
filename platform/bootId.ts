// Names the run of the operating system: tells a killed process (its writes are safe with the system) from a system that
// went down (the last ones may be lost).

import { readFileSync } from 'node:fs'

/** `null` where the system does not say it. */
export function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() || null
  } catch {
    return null // not Linux
  }
}
