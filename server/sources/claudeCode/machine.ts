// On which machine a session runs, by what was said of it: the same in any order.

/** The machine that a record is of, as far as it is shown. */
export interface Machine {
  /** Its name, as it says it itself; of a hook else the address that it came from. `null`: not told. */
  host: string | null
  /** It came from this very machine, and names none. */
  isHere: boolean
}

/** `null`: nobody shows it. */
export const nameOf = ({ host, isHere }: Machine, ownHost: string): string | null =>
  isHere && (host === null || ADDRESS.test(host)) ? ownHost : host

/** Of two that were told: a name tells more than the address that a door saw. */
export function betterHost(a: string | null, b: string | null): string | null {
  if (a === b) return a
  if (a === null || b === null) return a ?? b
  const [isAddressA, isAddressB] = [ADDRESS.test(a), ADDRESS.test(b)]
  if (isAddressA !== isAddressB) return isAddressA ? b : a
  return a <= b ? a : b
}
/** IPv6 is written with `-`. */
const ADDRESS = /^(?:[\d.]+|[\da-f]*-[\da-f]*-[\da-f.-]*)$/
