// Text that others wrote may carry secrets; what looks like one never enters the model, a log or an answer.

// No upper bounds where a pattern is linear anyway: the tail of a long secret is a secret too.
const PATTERNS: readonly RegExp[] = [
  /\bsk-[A-Za-z0-9_-]{8,}/g,
  /\b(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{10,}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{8,}/g,
  /\b(?:npm_|glpat-|AIza)[A-Za-z0-9_-]{10,}/g,
  /\bAKIA[0-9A-Z]{12,}/g,
  /\beyJ[A-Za-z0-9_-]{8,400}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]*/g,
  /(?<=\b(?:Bearer|Basic) )[A-Za-z0-9._~+/=-]{8,}/gi,
  // Also at the end of a longer name: `GITHUB_TOKEN=`, `clientSecret:`.
  /(?<=(?:password|passwd|secret|token|(?:api|access|private)[_-]?key)["']?[ ]{0,3}[=:][ ]{0,3}["']?)[^\s"',;]{4,}/gi,
  // The password in a URL.
  /(?<=:\/\/[^\s/:@]{1,100}:)[^\s/@]{1,200}(?=@)/g,
]

export const REDACTED = '[redacted]'

/** A secret that begins before the cut must be seen whole, or it would not be known as one. Also bounds the work. */
const LOOK_AHEAD = 5_000

/** Takes out what looks like a secret, then cuts to `maxLength` UTF-16 units. */
export function redact(text: string, maxLength: number): string {
  let clean = text.slice(0, maxLength + LOOK_AHEAD)
  for (const pattern of PATTERNS) clean = clean.replace(pattern, REDACTED)
  return clean.length > maxLength ? `${clean.slice(0, maxLength - 1)}…` : clean
}

/** A folder of some machine, with what is in it: not a part of a URL, not our own routes. */
const FOLDERS =
  /(?<![\w:/.@<-])(?:file:\/\/)?(?:~|[A-Za-z]:(?=\\))?[/\\](?!api\/|ws\b|mcp\b)(?:[^\s/\\"'`,;:()<>]+[/\\])+/g
/** The lines of a stack. */
const STACK_LINES = /\s*\n?\s+at (?:async )?[^\n]*?(?:\([^)\n]*\)|:\d+:\d+)/g

/**
 * What another program wrote, fit to leave this machine: no secrets, no stack, and of a path its last part only, so that
 * it says which file and not where.
 */
export const publicWords = (text: string, maxLength: number): string =>
  redact(text, maxLength).replace(STACK_LINES, '').replace(FOLDERS, '…/')
