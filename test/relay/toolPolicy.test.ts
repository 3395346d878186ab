import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ALL_TOOLS, ToolPolicy } from '../../relay/toolPolicy.ts'

interface Line {
  dir: string
  msg?: { result?: { tools?: { name: string }[] } }
}

/** The names in the recorded answer to `tools/list`. */
function recordedTools(generation: 2 | 3): string[] {
  const file = generation === 2 ? 'claude-flow-2.7.47.jsonl' : 'claude-flow-3.43.0.jsonl'
  const lines = readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
  for (const line of lines) {
    const { dir, msg } = JSON.parse(line) as Line
    if (dir === 'out' && msg?.result?.tools) return msg.result.tools.map(({ name }) => name)
  }
  throw new Error(`${file} has no answer to tools/list`)
}

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort()
const words = (text: string): string[] => sorted(text.trim().split(/\s+/))

const LOOKS_2 = words(`
    agent_list agent_metrics
    query_list
    swarm_monitor swarm_status
    task_results task_status
    usage_stats
`)
const LOOKS_3 = words(`
    agent_health agent_list agent_logs agent_status
    autopilot_log autopilot_progress autopilot_status
    claims_board claims_list claims_load claims_stealable
    config_get config_list
    coordination_metrics
    daa_learning_status daa_performance_metrics
    guidance_capabilities guidance_discover guidance_quickref
    hive-mind_status
    hooks_list hooks_metrics hooks_model-stats hooks_worker-list hooks_worker-status
    mcp_status
    performance_metrics
    policy_status
    progress_check progress_summary
    session_current session_info session_list
    swarm_health swarm_pheromone_status swarm_status
    system_info system_status
    task_list task_status task_summary
    terminal_history terminal_list
    workflow_list workflow_status
`)

describe('a read-only relay', () => {
  const policy = new ToolPolicy({ ...ALL_TOOLS, readOnly: true })
  const passing = (names: readonly string[]): string[] => sorted(names.filter((name) => policy.allowsTool(name)))

  test.each([
    ['2.7.47', 2, 90, LOOKS_2],
    ['3.43.0', 3, 353, LOOKS_3],
  ] as const)(
    '[X18] passes, of the tools of %s, exactly those that are known to look',
    (_, generation, count, looks) => {
      const names = recordedTools(generation)
      expect(names).toHaveLength(count)
      expect(passing(names)).toEqual(looks)
    },
  )

  test('[X18] passes nothing whose name only sounds harmless', () => {
    const traps = ['claims_status', 'system_health', 'system_metrics', 'hooks_intelligence_stats', 'aidefence_stats']
    for (const name of traps) expect(recordedTools(3)).toContain(name)
    expect(passing([...traps, 'memory_search', 'new_list', 'agent_list ', 'AGENT_LIST', '', 'constructor'])).toEqual([])
  })

  test('[X18] says why it refuses; its patterns may narrow it, and cannot widen it', () => {
    expect(policy.refusalOf('agent_spawn')).toBe('This relay only lets look (--read-only)')
    expect(policy.refusalOf('agent_list')).toBeNull()
    const narrowed = new ToolPolicy({ allow: ['agent_*'], deny: ['agent_logs'], readOnly: true })
    expect(narrowed.refusalOf('agent_spawn')).toMatch('(--read-only)')
    for (const tool of ['agent_logs', 'task_list']) expect(narrowed.refusalOf(tool)).toMatch('--allow-tools')
    expect(narrowed.allowsTool('agent_list')).toBe(true)
  })
})

test('[X18] a relay with patterns says that only some tools pass', () => {
  const policy = new ToolPolicy({ ...ALL_TOOLS, deny: ['*_execute'] })
  expect(policy.refusalOf('terminal_execute')).toBe(
    "Only some of claude-flow's tools pass (--allow-tools, --deny-tools)",
  )
  expect(policy.refusalOf('claims_status')).toBeNull()
})
