/** The clipboard's API is there only in secure contexts, and a page over plain http on a LAN is none. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const focused = document.activeElement
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'sr-only'
  // Within a dialog, which would take the focus back from what is outside of it.
  const place = focused?.closest('[role$="dialog"]') ?? document.body
  place.append(area)
  area.select()
  const isDone = document.execCommand('copy')
  area.remove()
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
  if (!isDone) throw new Error('the browser did not copy')
}
