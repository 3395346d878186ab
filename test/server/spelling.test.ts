import { describe, expect, test } from 'vitest'
import { agentStatusOf, roleOf, swarmStatusOf, taskStatusOf } from '../../server/sources/claudeFlow/spelling.ts'

describe('states of agents', () => {
  test.each([
    ['registered', 'idle'],
    ['idle', 'idle'],
    ['active', 'active'],
    ['ACTIVE', 'active'],
    ['busy', 'busy'],
    ['spawning', 'initializing'],
    ['terminating', 'terminating'],
    ['terminated', 'offline'],
    ['stopped', 'offline'],
    ['failed', 'error'],
  ])('%s is %s', (raw, status) => expect(agentStatusOf(raw)).toBe(status))
})

describe('states of tasks and swarms', () => {
  test.each([
    ['in_progress', 'in_progress'],
    ['in-progress', 'in_progress'],
    ['queued', 'pending'],
    ['done', 'completed'],
    ['canceled', 'cancelled'],
  ])('a task that is %s is %s', (raw, status) => expect(taskStatusOf(raw)).toBe(status))
  test.each([
    ['initialized', 'running'],
    ['running', 'running'],
    ['terminated', 'terminated'],
    ['destroyed', 'terminated'],
  ])('a swarm that is %s is %s', (raw, status) => expect(swarmStatusOf(raw)).toBe(status))
})

describe('roles', () => {
  test.each([
    ['hierarchical-coordinator', 'coordinator'],
    ['task-orchestrator', 'coordinator'],
    ['code-analyzer', 'analyst'],
    ['perf-analyzer', 'optimizer'],
    ['api-docs', 'documenter'],
    ['system-architect', 'architect'],
    ['researcher', 'researcher'],
    ['Coder', 'coder'],
  ])('%s is %s', (raw, role) => expect(roleOf(raw)).toBe(role))

  test('a role that is in no table keeps its own name', () => {
    expect(roleOf('Basket-Weaver')).toBe('basket-weaver')
    expect(roleOf(null)).toBe('unknown')
    expect(roleOf('')).toBe('unknown')
  })
})

test.each([['__proto__'], ['constructor'], ['toString'], ['hasOwnProperty'], ['valueOf'], ['zzz'], [''], [null]])(
  'the word %s is an unknown state, whatever JavaScript objects inherit',
  (word) => {
    expect(agentStatusOf(word)).toBe('unknown')
    expect(taskStatusOf(word)).toBe('unknown')
    expect(swarmStatusOf(word)).toBe('unknown')
    expect(typeof roleOf(word)).toBe('string')
  },
)
