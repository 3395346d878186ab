// The pointer over the scene: hover and click pick by projection, once a frame at most, without an object per node.

const CLICK_SLOP_PX = 5
const CLICK_MS = 450

export interface PointerEdge {
  /** What is at this place of the element, or `null`. */
  pick(x: number, y: number): string | null
  hover(id: string | null): void
  select(id: string | null): void
  focus(id: string): void
}

/** Listens until the returned function is called. */
export function listenToPointer(element: HTMLElement, edge: PointerEdge): () => void {
  let wanted: { x: number; y: number } | null = null
  let frame = 0
  let down = { x: 0, y: 0, atMs: 0 }

  const place = (event: PointerEvent | MouseEvent) => {
    const box = element.getBoundingClientRect()
    return { x: event.clientX - box.left, y: event.clientY - box.top }
  }
  const hoverNow = () => {
    frame = 0
    if (!wanted) return
    const id = edge.pick(wanted.x, wanted.y)
    element.style.cursor = id === null ? '' : 'pointer'
    edge.hover(id)
  }
  const onMove = (event: PointerEvent) => {
    // Picking while a button turns the camera would only flicker; a finger does not hover.
    if (event.buttons !== 0 || event.pointerType === 'touch') return
    wanted = place(event)
    frame ||= requestAnimationFrame(hoverNow)
  }
  const onLeave = () => {
    wanted = null
    edge.hover(null)
  }
  const onDown = (event: PointerEvent) => {
    down = { x: event.clientX, y: event.clientY, atMs: event.timeStamp }
  }
  const onUp = (event: PointerEvent) => {
    const isClick =
      event.button === 0 &&
      Math.hypot(event.clientX - down.x, event.clientY - down.y) < CLICK_SLOP_PX &&
      event.timeStamp - down.atMs < CLICK_MS
    if (!isClick) return
    const { x, y } = place(event)
    edge.select(edge.pick(x, y))
  }
  const onDoubleClick = (event: MouseEvent) => {
    const { x, y } = place(event)
    const id = edge.pick(x, y)
    if (id !== null) edge.focus(id)
  }
  element.addEventListener('pointermove', onMove)
  element.addEventListener('pointerleave', onLeave)
  element.addEventListener('pointerdown', onDown)
  element.addEventListener('pointerup', onUp)
  element.addEventListener('dblclick', onDoubleClick)
  return () => {
    cancelAnimationFrame(frame)
    element.removeEventListener('pointermove', onMove)
    element.removeEventListener('pointerleave', onLeave)
    element.removeEventListener('pointerdown', onDown)
    element.removeEventListener('pointerup', onUp)
    element.removeEventListener('dblclick', onDoubleClick)
  }
}
