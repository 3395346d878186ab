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

/**
 * claude-flow's tools that only look, by name: neither generation annotates its tools, and the words in their names lie
 * (`claims_status` updates a claim, `system_metrics` writes a file). Made from the recorded `tools/list` of 2.7.47 and
 * 3.43.0: descriptions and arguments that only ask; and each was called, in an empty project and in a used one, where no
 * file changed but the receipts that every call leaves (2.x counts reads in its database) and, by `session_list`, an
 * empty folder was made. Memory is not among them: the first look at it creates its database. What is not known to be
 * harmless is not.
 */
const READING: ReadonlySet<string> = new Set([
  ...['agent_status', 'agent_list', 'agent_health', 'agent_logs', 'agent_metrics'],
  ...['swarm_status', 'swarm_health', 'swarm_pheromone_status', 'swarm_monitor'],
  ...['task_status', 'task_list', 'task_summary', 'task_results'],
  ...['session_list', 'session_info', 'session_current'],
  ...['workflow_status', 'workflow_list'],
  ...['hive-mind_status'],
  ...['config_get', 'config_list'],
  ...['claims_list', 'claims_board', 'claims_stealable', 'claims_load'],
  ...['policy_status', 'mcp_status', 'system_status', 'system_info'],
  ...['terminal_list', 'terminal_history'],
  ...['autopilot_status', 'autopilot_log', 'autopilot_progress'],
  ...['hooks_list', 'hooks_metrics', 'hooks_model-stats', 'hooks_worker-list', 'hooks_worker-status'],
  ...['progress_check', 'progress_summary'],
  ...['guidance_capabilities', 'guidance_discover', 'guidance_quickref'],
  ...['daa_learning_status', 'daa_performance_metrics', 'coordination_metrics', 'performance_metrics'],
  ...['query_list', 'usage_stats'],
])

/** What a client of a read-only relay may ask of the child besides tools. */
const READING_METHODS = new Set(['tools/list', 'tools/call', 'prompts/list', 'prompts/get', 'completion/complete'])

/** What a read-only relay says to whom it refuses. */
export const LOOKS_ONLY = 'This relay only lets look (--read-only)'
const SOME_ONLY = "Only some of claude-flow's tools pass (--allow-tools, --deny-tools)"

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
    return this.refusalOf(tool) === null
  }

  /** Why it may not be called; `null`: it may. */
  refusalOf(tool: string): string | null {
    if (this.#readOnly && !READING.has(tool)) return LOOKS_ONLY
    const isAllowed = this.#allow.length === 0 || this.#allow.some((pattern) => pattern.test(tool))
    return isAllowed && !this.#deny.some((pattern) => pattern.test(tool)) ? null : SOME_ONLY
  }
}

/** The whole name must fit; everything but `*` stands for itself. */
function patternOf(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's')
}
