// Parts of the page that come later. A part that does not come (the server is just being restarted, or has another version's
// files) must not take the page with it: it is asked for again once the line is live, and the banner offers a reload meanwhile.

import { type ComponentType, type LazyExoticComponent, lazy } from 'react'
import { useLine } from '../store/line.ts'
import { partCame, partIsMissing } from '../store/missingParts.ts'

const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000

export const lazyPart = <P>(
  load: () => Promise<{ default: ComponentType<P> }>,
): LazyExoticComponent<ComponentType<P>> => lazy(() => untilItComes(load, pauseUntilLive))

/** Never rejects. `pause`: resolves when it is worth asking again. */
export async function untilItComes<T>(load: () => Promise<T>, pause: (pauseMs: number) => Promise<void>): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    try {
      const part = await load()
      partCame(load)
      return part
    } catch {
      partIsMissing(load)
      await pause(pauseMs)
    }
  }
}

async function pauseUntilLive(pauseMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, pauseMs))
  if (useLine.getState().connection.state === 'live') return
  await new Promise<void>((resolve) => {
    const stop = useLine.subscribe(({ connection }) => {
      if (connection.state !== 'live') return
      stop()
      resolve()
    })
  })
}
