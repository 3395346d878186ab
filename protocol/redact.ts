// Text that others wrote may carry secrets; what looks like one never enters the model, a log or an answer.

/** Ends of names that a secret is given by. */
const KEYS = '(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|key|credentials?)'
const UNSEEN = '(?!\\[redacted\\](?![A-Za-z0-9]))'

interface Secrets {
  /** Without it none of the patterns is there: most words have no mark, and cost next to nothing. */
  mark: RegExp
  patterns: readonly RegExp[]
}
// What was taken out already stays as it is, for the next one who looks: with the bracket that others put around it.
// No upper bounds where a pattern is linear anyway: the tail of a long secret is a secret too.
const SECRETS: readonly Secrets[] = [
  {
    mark: /sk-|gh[pousr]_|github_pat_|xox|glpat-|AIza|npm_|AKIA|ASIA|hf_|dop_v1_|pypi-|ya29\.|k_live_|k_test_|eyJ/,
    patterns: [
      /\bsk-[A-Za-z0-9_-]{8,}/g,
      /\b(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{10,}/g,
      /\bxox[abeoprs]-[A-Za-z0-9-]{8,}/g,
      /\b(?:glpat-|AIza)[A-Za-z0-9_-]{10,}/g,
      // Longer than any tool's name, of which some begin alike.
      /\bnpm_[A-Za-z0-9]{20,}/g,
      /\b(?:AKIA|ASIA)[0-9A-Z]{12,}/g,
      /\b(?:hf_|dop_v1_|pypi-|ya29\.|[sr]k_(?:live|test)_)[A-Za-z0-9_-]{10,}/g,
      /\beyJ[A-Za-z0-9_-]{8,400}\.[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]*/g,
    ],
  },
  {
    mark: /-----BEGIN /,
    // A key's own text, to its end or to that of the text.
    patterns: [/(?<=-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)[^-]*(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g],
  },
  { mark: /bearer |basic /i, patterns: [/(?<=\b(?:Bearer|Basic) )[A-Za-z0-9._~+/=-]{8,}/gi] },
  {
    mark: /[=:]/,
    patterns: [
      // In quotes to their end.
      new RegExp(`(?<=${KEYS}=")${UNSEEN}[^"]+`, 'gi'),
      new RegExp(`(?<=${KEYS}=')${UNSEEN}[^']+`, 'gi'),
      // Also at the end of a longer name: `GITHUB_TOKEN=`, `clientSecret:`.
      /(?<=(?:password|passwd|secret|token|(?:api|access|private)[_-]?key)["']?[ ]{0,3}[=:][ ]{0,3}["']?)(?!\[redacted\](?![A-Za-z0-9]))[^\s"',;]{4,}/gi,
      // With `=` shorter names and values, too: `DB_PASS=x`, `OPENAI_KEY=x`, `passphrase=x`, `?key=x`.
      new RegExp(`(?<=${KEYS}=)${UNSEEN}[^\\s"',;&]+`, 'gi'),
      // The password in a URL.
      /(?<=:\/\/[^\s/:@]{1,100}:)[^\s/@]{1,200}(?=@)/g,
    ],
  },
  {
    // On a command line: `--password x`, `curl -u name:x`, `-uname:x`.
    mark: /\s-/,
    patterns: [
      /(?<=\s--?(?:password|passwd|pass|secret|token|(?:api|access|private)[_-]?key)[ ]{1,3}["']?)(?!\[redacted\](?![A-Za-z0-9]))[^\s"'-][^\s"']{3,}/gi,
      /(?<=\s(?:-u[ ]{0,3}|--user[ =]{1,3})["']?[^\s:"']{1,100}:)(?!\[redacted\](?![A-Za-z0-9]))[^\s"']+/g,
      // `-p` is a port or a path for most programs, and a password for these.
      /(?<=\b(?:mysql|mysqldump|mysqladmin|mariadb|sshpass)\s(?:[^\n|;&]{0,200}\s)?-p["']?)(?!\[redacted\](?![A-Za-z0-9]))[^\s"'-][^\s"']*/g,
      /(?<=\b(?:sshpass|login)\s(?:[^\n|;&]{0,200}\s)?-p[ ]{1,3}["']?)(?!\[redacted\](?![A-Za-z0-9]))[^\s"'-][^\s"']*/g,
      /(?<=\bredis-cli\s(?:[^\n|;&]{0,200}\s)?-a[ ]{0,3}["']?)(?!\[redacted\](?![A-Za-z0-9]))[^\s"'-][^\s"']*/g,
    ],
  },
]

export const REDACTED = '[redacted]'

/** A secret that begins before the cut must be seen whole, or it would not be known as one. Also bounds the work. */
const LOOK_AHEAD = 5_000

/** Takes out what looks like a secret, then cuts to `maxLength` UTF-16 units. */
export function redact(text: string, maxLength: number): string {
  let clean = text.slice(0, maxLength + LOOK_AHEAD)
  for (const { mark, patterns } of SECRETS) {
    if (mark.test(clean)) for (const pattern of patterns) clean = clean.replace(pattern, REDACTED)
  }
  return cut(clean, maxLength)
}

/** A folder of some machine, with what is in it: not a part of a URL, not our own routes. */
const FOLDERS =
  /(?<![\w:/.@<-])(?:file:\/\/)?(?:~|[A-Za-z]:(?=\\))?[/\\](?!api\/|ws\b|mcp\b)(?:[^\s/\\"'`,;:()<>]+[/\\])+/g
/** The lines of a stack. */
const STACK_LINES = /\s*\n?\s+at (?:async )?[^\n]*?(?:\([^)\n]*\)|:\d+:\d+)/g

/** Simple on purpose, and linear: an address too many is no harm. A version (`name@1.2.3`) ends in a number. */
const EMAILS = /[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z][\w-]{1,62}/g

/**
 * What another program wrote, fit to leave this machine: no secrets, nobody's address, no stack, and of a path its last part
 * only, so that it says which file and not where.
 */
export const publicWords = (text: string, maxLength: number): string =>
  cut(seenWhole(text, maxLength).replace(STACK_LINES, '').replace(FOLDERS, '…/'), maxLength)

/** A person's own folder: its name is the person's. */
const HOMES = /(?:\/(?:home|Users)\/[^\s/\\"'`,;:]{1,64}|\/root(?=\/|\b)|[A-Za-z]:\\Users\\[^\s/\\"'`,;:]{1,64})/g

/** What a person or an agent wrote, as it may be shown to those who may see it: no secrets, nobody's address, nobody's home. */
export const contentWords = (text: string, maxLength: number): string =>
  cut(withoutHome(seenWhole(text, maxLength)), maxLength)

/** The same of what is to stand in one line: a name, a title. `null` if nothing is left. */
export const shownLine = (text: string, maxLength: number): string | null =>
  contentWords(text.replace(/\s+/g, ' ').trim(), maxLength) || null

/** A path that does not say whose it is. */
export const withoutHome = (path: string): string => path.replace(HOMES, '~')

const seenWhole = (text: string, maxLength: number): string => withoutEmails(redact(text, maxLength + LOOK_AHEAD))

const withoutEmails = (text: string): string => (text.includes('@') ? text.replace(EMAILS, REDACTED) : text)

const cut = (text: string, maxLength: number): string =>
  text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text
