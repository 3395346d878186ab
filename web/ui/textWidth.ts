// How wide words are as the browser draws them, without having the page laid out for it.

/** What is said of ages is another text each second. */
const MAX_KEPT = 500

const kept = new Map<string, number>()
let context: CanvasRenderingContext2D | null = null

/** In CSS pixels, rounded up; `font`: as in CSS. */
export function textWidthPx(text: string, font: string): number {
  const key = `${font} ${text}`
  const known = kept.get(key)
  if (known !== undefined) return known
  context ??= document.createElement('canvas').getContext('2d')
  if (context === null) return Number.POSITIVE_INFINITY
  context.font = font
  const widthPx = Math.ceil(context.measureText(text).width)
  if (kept.size >= MAX_KEPT) kept.clear()
  kept.set(key, widthPx)
  return widthPx
}

/** Fonts come after the page: what was measured in another one does not hold. Returns its end. */
export function onFontsLoaded(listener: () => void): () => void {
  const tell = () => {
    kept.clear()
    listener()
  }
  document.fonts.addEventListener('loadingdone', tell)
  return () => document.fonts.removeEventListener('loadingdone', tell)
}
