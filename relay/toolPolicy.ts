// Which of the child's tools may be called through this relay (`--allow-tools`, `--deny-tools`, `--read-only`).

export interface ToolPolicyOptions {
  /** Patterns with `*`; empty: all. */
  allow: readonly string[]
  /** They win over `allow`. */
  deny: readonly string[]
  /** Only what is known to change nothing. */
  readOnly: boolean
}

export const ALL_TOOLS: ToolPolicyOptions = { allow: [], deny: [], readOnly: false }

/** The last word of the names of claude-flow's tools that only look; neither generation annotates its tools. */
const READING = new Set(
  ['list', 'status', 'get', 'info', 'stats', 'metrics', 'health', 'history', 'search', 'retrieve'].concat([
    'logs',
    'summary',
    'monitor',
    'result',
    'results',
    'current',
    'query',
  ]),
)

/** By its name; what is not known to be harmless is not. */
export const onlyReads = (tool: string): boolean => READING.has(tool.split(/[_-]/).at(-1) ?? '')

/** What a client of a read-only relay may ask of the child besides tools. */
const READING_METHODS = new Set(['tools/list', 'tools/call', 'prompts/list', 'prompts/get', 'completion/complete'])

export class ToolPolicy {
  readonly #allow: readonly RegExp[]
  readonly #deny: readonly RegExp[]
  readonly #readOnly: boolean

  constructor({ allow, deny, readOnly }: ToolPolicyOptions) {
    this.#allow = allow.map(patternOf)
    this.#deny = deny.map(patternOf)
    this.#readOnly = readOnly
  }

  /** Nothing is refused, so nothing need be looked at. */
  get isOpen(): boolean {
    return this.#allow.length === 0 && this.#deny.length === 0 && !this.#readOnly
  }

  allowsMethod(method: string): boolean {
    return !this.#readOnly || READING_METHODS.has(method)
  }

  allowsTool(tool: string): boolean {
    if (this.#deny.some((pattern) => pattern.test(tool))) return false
    if (this.#readOnly && !onlyReads(tool)) return false
    return this.#allow.length === 0 || this.#allow.some((pattern) => pattern.test(tool))
  }
}

/** The whole name must fit; everything but `*` stands for itself. */
function patternOf(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's')
}
