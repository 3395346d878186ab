// Text that others wrote may carry secrets; what looks like one never enters the model, a log or an answer.

// What was taken out already stays as it is, for the next one who looks: with the bracket that others put around it.
// No upper bounds where a pattern is linear anyway: the tail of a long secret is a secret too.
const PATTERNS: readonly RegExp[] = [
  /\bsk-[A-Za-z0-9_-]{8,}/g,
  /\b(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{10,}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{8,}/g,
  /\b(?:npm_|glpat-|AIza)[A-Za-z0-9_-]{10,}/g,
  /\b(?:AKIA|ASIA)[0-9A-Z]{12,}/g,
  /\b(?:hf_|dop_v1_|pypi-|ya29\.|[sr]k_(?:live|test)_)[A-Za-z0-9_-]{10,}/g,
  // A key's own text, to its end or to that of the text.
  /(?<=-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)[^-]*(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g,
  /\beyJ[A-Za-z0-9_-]{8,400}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]*/g,
  /(?<=\b(?:Bearer|Basic) )[A-Za-z0-9._~+/=-]{8,}/gi,
  // Also at the end of a longer name: `GITHUB_TOKEN=`, `clientSecret:`.
  /(?<=(?:password|passwd|secret|token|(?:api|access|private)[_-]?key)["']?[ ]{0,3}[=:][ ]{0,3}["']?)(?!\[redacted\](?![A-Za-z0-9]))[^\s"',;]{4,}/gi,
  // On a command line: `--password x`, `curl -u name:x`.
  /(?<=\s--?(?:password|passwd|pass|secret|token|(?:api|access|private)[_-]?key)[ ]{1,3}["']?)(?!\[redacted\](?![A-Za-z0-9]))[^\s"'-][^\s"']{3,}/gi,
  /(?<=\s(?:-u|--user)[ ]{1,3}["']?[^\s:"']{1,100}:)(?!\[redacted\](?![A-Za-z0-9]))[^\s"']+/g,
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

/** Simple on purpose, and linear: an address too many is no harm. */
const EMAILS = /[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g
/** A person's own folder: its name is the person's. */
const HOMES = /(?:\/(?:home|Users)\/[^\s/\\"'`,;:]{1,64}|\/root(?=\/|\b)|[A-Za-z]:\\Users\\[^\s/\\"'`,;:]{1,64})/g

/** What a person or an agent wrote, as it may be shown to those who may see it: no secrets, nobody's address, nobody's home. */
export const contentWords = (text: string, maxLength: number): string => {
  const wide = redact(text, maxLength + LOOK_AHEAD)
    .replace(EMAILS, REDACTED)
    .replace(HOMES, '~')
  return wide.length > maxLength ? `${wide.slice(0, maxLength - 1)}…` : wide
}
