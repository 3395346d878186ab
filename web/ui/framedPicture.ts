// A picture of the scene alone does not say whether it was live: a line below it does.

import type { Mode } from '../../protocol/swarm.ts'

const WORDS: Readonly<Record<Mode, string>> = {
  connecting: 'connecting',
  mock: 'MOCK: these agents are invented',
  replay: 'REPLAY: a recording, not the present',
  live: 'live',
  stale: 'STALE: the connection is lost, this is the last that was known',
}
const FOOT_PX = 28

/** `atMs`: the moment that is shown. */
export async function framedPicture(picture: Blob, mode: Mode, atMs: number): Promise<Blob> {
  const bitmap = await createImageBitmap(picture)
  const scale = devicePixelRatio
  const canvas = document.createElement('canvas')
  canvas.width = bitmap.width
  canvas.height = bitmap.height + FOOT_PX * scale
  const context = canvas.getContext('2d')
  if (!context) throw new Error('no 2d context')
  const style = getComputedStyle(document.documentElement)
  const token = (name: string) => style.getPropertyValue(name).trim()
  context.fillStyle = token('--panel')
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(bitmap, 0, 0)
  bitmap.close()
  context.font = `500 ${12 * scale}px ${token('--font')}`
  context.textBaseline = 'middle'
  context.fillStyle = mode === 'live' ? token('--ink-2') : mode === 'mock' ? token('--mock') : token('--lost')
  const time = new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')
  context.fillText(`Swarmscope · ${WORDS[mode]} · ${time} UTC`, 12 * scale, canvas.height - (FOOT_PX / 2) * scale)
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))))
  })
}
