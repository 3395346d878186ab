// The page's next frame. In a headset the page itself has none: its work is done between the headset's frames instead.

type Callback = () => void

const waiting = new Map<number, Callback>()
let isImmersive = false
let lastId = 0

export function onNextFrame(callback: Callback): void {
  if (isImmersive) {
    setTimeout(callback, 0)
    return
  }
  // Each is kept by name: going into a headset, the browser may never come back to it.
  const key = ++lastId
  waiting.set(key, callback)
  requestAnimationFrame(() => {
    if (waiting.delete(key)) callback()
  })
}

export function setImmersive(next: boolean): void {
  isImmersive = next
  if (!next) return
  for (const callback of waiting.values()) setTimeout(callback, 0)
  waiting.clear()
}
