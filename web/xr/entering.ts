// One way in for whoever presses: what it takes is loaded when somebody comes near, for a browser lets in only who has just
// pressed, and would not wait for it.

import { setHeadset, useHeadset } from '../store/headset.ts'
import { partCame, partIsMissing } from '../store/missingParts.ts'
import { refusalOf, type XrMode, type XrRefusal } from './availability.ts'

const importPart = () => import('./enterXr.ts')
type Part = Awaited<ReturnType<typeof importPart>>

/** `null`: it did not come. Browsers do not ask again for what failed: then the banner offers a reload. */
async function loadPart(): Promise<Part | null> {
  try {
    const part = await importPart()
    partCame(importPart)
    return part
  } catch {
    partIsMissing(importPart)
    return null
  }
}

/** Somebody comes near. */
export const prepareXr = (): void => void loadPart()

/** Says what stood in the way; `null`: one is in, or was on the way already. */
export async function stepInside(mode: XrMode): Promise<XrRefusal | null> {
  if (useHeadset.getState().state !== 'out') return null
  setHeadset({ state: 'entering' })
  try {
    const part = await loadPart()
    return part ? await part.enterXr(mode) : 'part-missing'
  } catch (error) {
    return refusalOf(error)
  } finally {
    if (useHeadset.getState().state === 'entering') setHeadset({ state: 'out' })
  }
}
