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

/** Also `C:\\…`, `file:///…` and `~/…`; a lone `/` or a URL's path is none. */
const PATHS = /(?<![\w:/.~])(?:file:\/\/|[A-Za-z]:|~)?[/\\](?:[^\s/\\:'"()<>|,;]+[/\\])+(?=[^\s/\\])/g

/** Paths of this machine cut to their last part: what stands before it is nobody else's business. */
export const withoutPaths = (text: string): string => text.replace(PATHS, '…/')
