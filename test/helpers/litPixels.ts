// What of a picture of the page is blue: how many bodies of working agents are seen, and how large they are drawn.

import type { Page } from 'playwright-core'

export interface Clip {
  x: number
  y: number
  width: number
  height: number
}

export interface Lit {
  pixels: number
  /** Patches that touch nowhere, specks left out. */
  bodies: number
}

/** Clearly blue (`active`'s colour, lit or in the shade), in that part of the window. */
export async function blueIn(page: Page, clip: Clip): Promise<Lit> {
  const picture = await page.screenshot({ clip })
  return page.evaluate(async (source) => {
    const bytes = Uint8Array.from(atob(source), (character) => character.charCodeAt(0))
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const { width, height } = bitmap
    const context = new OffscreenCanvas(width, height).getContext('2d')
    if (!context) throw new Error('no 2d canvas')
    context.drawImage(bitmap, 0, 0)
    const { data } = context.getImageData(0, 0, width, height)
    const isBlue = Array.from({ length: width * height }, (_, at) => (data[4 * at + 2] ?? 0) - (data[4 * at] ?? 0) > 50)
    let pixels = 0
    let bodies = 0
    for (let start = 0; start < isBlue.length; start++) {
      let size = 0
      const next = [start]
      for (let at = next.pop(); at !== undefined; at = next.pop()) {
        if (!isBlue[at]) continue
        isBlue[at] = false
        size++
        const column = at % width
        if (column > 0) next.push(at - 1)
        if (column < width - 1) next.push(at + 1)
        next.push(at - width, at + width)
      }
      pixels += size
      if (size > 20) bodies++
    }
    return { pixels, bodies }
  }, picture.toString('base64'))
}
