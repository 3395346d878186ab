// Where pictures of the page go (git-ignored, for people to look at), and README's, which are some of them.

import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './swarmscope.ts'

export const SHOTS = join(ROOT, 'test/browser/shots')
const IMAGES = join(ROOT, 'docs/images')

/** Only when they are to be made anew (`npm run shots`): no run of the tests changes what is committed. */
export function updateImage(shot: string, image: string): void {
  if (!process.env.SWARMSCOPE_UPDATE_IMAGES) return
  mkdirSync(IMAGES, { recursive: true })
  copyFileSync(join(SHOTS, `${shot}.png`), join(IMAGES, `${image}.png`))
}
