/** Gives the user a file. Its address is let go of when the browser has surely taken it. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** `swarmscope-agents-2026-11-24-12-00-00.json` */
export const fileName = (what: string, nowMs: number, extension: string): string =>
  `swarmscope-${what}-${new Date(nowMs).toISOString().slice(0, 19).replace(/[:T]/g, '-')}.${extension}`
