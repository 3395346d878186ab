// A text as a QR code of half blocks, two modules a character high.

/** The bright ones are drawn, so it has to be bright on dark whatever the terminal's theme. */
const BRIGHT_ON_DARK = '\u001b[38;5;231;48;5;16m'
const RESET = '\u001b[0m'
/** Modules around it; the standard's 4 are not needed by any scanner that we know of, and cost two lines. */
const QUIET_ZONE = 2

export async function qrCode(text: string, { isTerminal }: { isTerminal: boolean }): Promise<string> {
  // Loaded by those starts alone that show one.
  const { renderUnicodeCompact } = await import('uqr')
  const lines = renderUnicodeCompact(text, { ecc: 'L', border: QUIET_ZONE }).split('\n')
  return lines.map((line) => (isTerminal ? `${BRIGHT_ON_DARK}${line}${RESET}` : line)).join('\n')
}
