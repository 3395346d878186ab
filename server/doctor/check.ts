// One link of the road from an agent to the page, and how it is.

export type CheckState =
  | 'ok'
  /** It works, but not all of it, or it was never used. */
  | 'warning'
  | 'broken'
  /** What it hangs on is broken, or it is not asked for. */
  | 'skipped'

export interface Check {
  name: string
  state: CheckState
  /** What was found, in a few words. */
  found: string
  /** What to do about it. */
  fix: string | null
}

export const ok = (name: string, found: string): Check => ({ name, state: 'ok', found, fix: null })
export const skipped = (name: string, found: string): Check => ({ name, state: 'skipped', found, fix: null })
export const warning = (name: string, found: string, fix: string): Check => ({ name, state: 'warning', found, fix })
export const broken = (name: string, found: string, fix: string): Check => ({ name, state: 'broken', found, fix })
