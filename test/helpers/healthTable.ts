// The table of docs/health.md, as it stands there.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './swarmscope.ts'

/** Its rows, without the head: the cells as text. */
export const healthTable = (): string[][] =>
  readFileSync(join(ROOT, 'docs/health.md'), 'utf8')
    .split('\n')
    .filter((line) => /^\| (up|down|hung) \|/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
