// Figures in words that never jump in width.

/** `42 s`, `5 min`, `3 h`, `2 d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h`
  return `${Math.floor(hours / 24)} d`
}

/** `940`, `61 k`, `1.24 M`. */
export function formatCount(value: number): string {
  if (value < 1_000) return String(Math.round(value))
  if (value < 999_500) return `${shorten(value / 1_000)} k`
  if (value < 999_500_000) return `${shorten(value / 1_000_000)} M`
  return `${shorten(value / 1_000_000_000)} G`
}

/** Three digits at most. */
const shorten = (value: number): string =>
  value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0)

export const formatWhole = (value: number): string => Math.round(value).toLocaleString('en-US')

export function formatCost(usd: number): string {
  if (usd > 0 && usd < 0.01) return '<$0.01'
  return usd >= 1_000 ? `$${formatWhole(usd)}` : `$${usd.toFixed(2)}`
}

export const formatShare = (share: number): string => `${Math.round(share * 100)} %`

export function formatBytes(bytes: number): string {
  if (bytes < 1_024 * 1_024) return `${Math.round(bytes / 1_024)} KiB`
  if (bytes < 1_024 ** 3) return `${Math.round(bytes / 1_024 ** 2)} MiB`
  return `${(bytes / 1_024 ** 3).toFixed(1)} GiB`
}

export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : formatAge(ms)
}

/** In the reader's zone. */
export function formatTime(iso: string): string {
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return iso
  const time = date.toLocaleTimeString('en-GB')
  const isToday = date.toDateString() === new Date().toDateString()
  return isToday
    ? time
    : `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })}, ${time}`
}
