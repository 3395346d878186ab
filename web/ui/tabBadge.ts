// The tab's icon with the number of those who wait for somebody: seen among twenty tabs, where a title is not.

import { model } from '../store/session.ts'
import { badgeText } from './badgeText.ts'

const SIZE = 64
const INTERVAL_MS = 1_000
const PLAIN = '/favicon.svg'

function countWaiting(): number {
  let count = 0
  for (const agent of model.live.all('agent').values()) if (agent.attention) count++
  return count
}

/** Keeps the tab's icon; returns its end. */
export function watchTabBadge(): () => void {
  const plain = new Image()
  let shown = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const tell = () => {
    timer = undefined
    const count = countWaiting()
    if (count === shown || !plain.complete) return
    shown = count
    setIcon(count === 0 ? PLAIN : draw(plain, badgeText(count)))
  }
  plain.onload = tell
  plain.src = PLAIN
  const stop = model.onLiveChange(() => {
    timer ??= setTimeout(tell, INTERVAL_MS)
  })
  return () => {
    stop()
    clearTimeout(timer)
    setIcon(PLAIN)
  }
}

function setIcon(href: string): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel=icon]')
  if (!link || link.getAttribute('href') === href) return
  link.type = href === PLAIN ? 'image/svg+xml' : 'image/png'
  link.href = href
}

function draw(plain: HTMLImageElement, text: string): string {
  const canvas = document.createElement('canvas')
  canvas.width = SIZE
  canvas.height = SIZE
  const context = canvas.getContext('2d')
  if (!context) return PLAIN
  context.drawImage(plain, 0, 0, SIZE, SIZE)
  const radius = SIZE * 0.31
  const width = Math.max(2 * radius, (text.length + 0.6) * SIZE * 0.27)
  const style = getComputedStyle(document.documentElement)
  context.fillStyle = '#0a0d13'
  pill(context, SIZE - width - 4, SIZE - 2 * radius - 4, width + 4, 2 * radius + 4)
  context.fillStyle = style.getPropertyValue('--look-needs-you').trim() || '#ff7bd5'
  pill(context, SIZE - width, SIZE - 2 * radius, width, 2 * radius)
  context.fillStyle = style.getPropertyValue('--theme').trim() === 'light' ? '#ffffff' : '#0a0d13'
  context.font = `700 ${SIZE * 0.46}px ${style.getPropertyValue('--font')}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillText(text, SIZE - width / 2, SIZE - radius + 1)
  return canvas.toDataURL('image/png')
}

function pill(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  context.beginPath()
  context.roundRect(x, y, width, height, height / 2)
  context.fill()
}
