// npm run bench [-- NAME…]: measures, and prints each figure as one line of JSON on stdout:
// {"name", "value", "unit", "peer"?, "ratio"?, "bar"?, "limit"?}. Names choose the files of test/bench/ whose name contains one.
// `peer`: the same figure of a peer in the same run; `ratio`: ours by theirs; `bar`: what that may be, at most. A bar
// that is missed is told on stderr, and the exit code is 1. `limit`: the same for the figure itself.

import { readdirSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt } from './lib/ensureBuilt.mjs'
import { ROOT } from './lib/targets.mjs'

const FOLDER = join(ROOT, 'test/bench')
const filters = process.argv.slice(2)
const files = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.bench.mjs'))
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
  .sort()

if (files.length === 0) {
  process.stderr.write(`nothing in test/bench/ is called ${filters.join(' or ')}\n`)
  process.exitCode = 1
} else if (await ensureBuilt(['node'])) {
  process.stderr.write(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}\n`)
  for (const file of files) {
    const { bench } = await import(pathToFileURL(join(FOLDER, file)).href)
    for await (const figure of bench()) tell(figure)
  }
} else {
  process.exitCode = 1
}

/** @param {{ name: string, value: number, unit: string, peer?: number, ratio?: number, bar?: number, limit?: number }} figure */
function tell(figure) {
  const entries = Object.entries(figure).map(([key, value]) => [
    key,
    typeof value === 'number' ? rounded(value) : value,
  ])
  console.log(JSON.stringify(Object.fromEntries(entries)))
  const { name, value, unit, ratio, bar, limit } = figure
  if (limit !== undefined && value > limit) {
    process.stderr.write(`bar missed: ${name} is ${rounded(value)} ${unit}, and may be ${limit}\n`)
    process.exitCode = 1
  }
  if (ratio === undefined || bar === undefined || ratio <= bar) return
  process.stderr.write(`bar missed: ${name} is ${rounded(ratio)} of the peer's, and may be ${bar}\n`)
  process.exitCode = 1
}

/** Three digits that count: more would claim what no run repeats. */
function rounded(/** @type {number} */ value) {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3))
}
