// Times a piece of work: warmed up, repeated, the median of the runs, so that one pause of the machine does not count.

const WARM_UP_MS = 200
const MEASURE_MS = 1_000
const MIN_RUNS = 5

/**
 * @template T
 * @param {(prepared: T) => unknown} work
 * @param {() => T} [prepare] not timed; made anew for each run
 * @returns {number} ms of one run
 */
export function medianMs(work, prepare = () => /** @type {T} */ (undefined)) {
  const times = []
  const began = performance.now()
  for (;;) {
    const prepared = prepare()
    const before = performance.now()
    keep = work(prepared)
    const after = performance.now()
    if (after - began > WARM_UP_MS) times.push(after - before)
    if (after - began > WARM_UP_MS + MEASURE_MS && times.length >= MIN_RUNS) break
  }
  times.sort((a, b) => a - b)
  return times[Math.floor(times.length / 2)] ?? Number.NaN
}

/** Results go here, so that the compiler may not leave the work out. */
export let keep
