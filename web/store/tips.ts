// Words for what is shown as an icon, cut off or in short (`data-tip`): whoever points at it, tabs to it or holds a finger on
// it reads them. One for the whole page, so that ten thousand rows have theirs for nothing; Tooltip.tsx shows it.

import { create } from 'zustand'

export interface Tip {
  target: HTMLElement
  text: string
}

export const useTip = create<{ tip: Tip | null }>(() => ({ tip: null }))

const SHOW_AFTER_MS = 400
/** On the way to what is read, or from one to the next. */
const HIDE_AFTER_MS = 150
/** Shorter than the system's own long press, longer than a tap. */
const HOLD_MS = 450
const HELD_SHOWN_MS = 2_500

let timer: ReturnType<typeof setTimeout> | undefined
/** Whose finger is held, and then must not press. */
let held: HTMLElement | null = null

const tipOf = (target: EventTarget | null): HTMLElement | null =>
  target instanceof Element ? target.closest<HTMLElement>('[data-tip]') : null

function later(act: () => void, afterMs: number): void {
  clearTimeout(timer)
  timer = setTimeout(act, afterMs)
}

function show(target: HTMLElement): void {
  clearTimeout(timer)
  const text = target.dataset.tip ?? ''
  useTip.setState({ tip: target.isConnected && text !== '' ? { target, text } : null })
}

export function hideTip(): void {
  clearTimeout(timer)
  if (useTip.getState().tip) useTip.setState({ tip: null })
}

function onPointerOver({ target, pointerType }: PointerEvent): void {
  if (pointerType === 'touch') return
  const shown = useTip.getState().tip
  // It may itself be pointed at, to be read or copied.
  const isRead = target instanceof Element && target.closest('.tip') !== null
  const wanted = tipOf(target)
  if (isRead || (wanted !== null && wanted === shown?.target)) clearTimeout(timer)
  else if (wanted === null) later(hideTip, HIDE_AFTER_MS)
  else later(() => show(wanted), shown ? HIDE_AFTER_MS : SHOW_AFTER_MS)
}

function onPointerDown({ target, pointerType }: PointerEvent): void {
  hideTip()
  held = null
  const wanted = tipOf(target)
  if (pointerType !== 'touch' || wanted === null) return
  later(() => {
    held = wanted
    show(wanted)
  }, HOLD_MS)
}

function onPointerUp({ pointerType }: PointerEvent): void {
  if (pointerType === 'touch') later(hideTip, held ? HELD_SHOWN_MS : 0)
}

function onClick(event: MouseEvent): void {
  const wanted = tipOf(event.target)
  if (held !== null && held === wanted) {
    // It was asked what the button does, not that it does it.
    event.preventDefault()
    event.stopPropagation()
  } else if (wanted?.dataset.tipPressed !== undefined) show(wanted)
  held = null
}

function onFocusIn({ target }: FocusEvent): void {
  const wanted = tipOf(target)
  if (wanted !== null && wanted === target && wanted.matches(':focus-visible')) show(wanted)
  else hideTip()
}

/** Who came by Tab may have been scrolled to: it is told where it is now. */
function onScroll(): void {
  const { tip } = useTip.getState()
  if (tip && tip.target === document.activeElement) useTip.setState({ tip: { ...tip } })
  else hideTip()
}

export function openTips(): void {
  addEventListener('pointerover', onPointerOver)
  addEventListener('pointerdown', onPointerDown, true)
  addEventListener('pointerup', onPointerUp)
  addEventListener('pointercancel', () => later(hideTip, HIDE_AFTER_MS))
  addEventListener('click', onClick, true)
  addEventListener('contextmenu', (event) => held !== null && event.preventDefault(), true)
  document.addEventListener('focusin', onFocusIn)
  document.addEventListener('focusout', hideTip)
  document.addEventListener('mouseleave', hideTip)
  // Before anybody else hears of the key, so that what it does beside is done too: no dialog needs it twice.
  addEventListener('keydown', ({ key }) => key === 'Escape' && hideTip(), true)
  addEventListener('scroll', onScroll, true)
  addEventListener('resize', hideTip)
  addEventListener('blur', hideTip)
}
