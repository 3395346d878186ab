// The real Claude Code, with the real claude-flow over MCP, as `connect` has it report: what it did is what is shown, to the token.

import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Agent, Link, TokenCounts } from '../../protocol/swarm.ts'
import { until } from '../helpers/until.ts'
import { ConnectedProject } from './connectedProject.ts'
import type { Block, FakeModel, Script } from './fakeModel.ts'
import { Gate } from './gate.ts'

let place: ConnectedProject
beforeEach(() => {
  place = new ConnectedProject()
})
afterEach(() => place.close())

const call = (name: string, input: object): Block => ({ type: 'tool_use', name, input })
const callAgent = (description: string, prompt: string): Block =>
  call('Agent', { description, prompt, subagent_type: 'general-purpose' })
const say = (text: string): Block => ({ type: 'text', text })

/** Whose conversation it is, by what it began with. */
const SPEAKERS = ['NESTED', 'PART one', 'PART two', 'Do the work'] as const
type Speaker = (typeof SPEAKERS)[number]
const speakerOf = (prompt: string): Speaker => {
  const found = SPEAKERS.find((words) => prompt.includes(words))
  if (!found) throw new Error(`nobody's prompt: ${prompt}`)
  return found
}

/** What the model answers to each speaker, by how many results it brings. */
const scripted =
  (turns: Record<Speaker, Record<number, () => Block[] | Promise<Block[]>>>): Script =>
  async ({ prompt, results }) => {
    const speaker = speakerOf(prompt)
    const turn = turns[speaker][results.length]
    return turn ? await turn() : [say(`${speaker}: done`)]
  }

function tokensOf({ handedOut }: FakeModel, speakers: readonly Speaker[]): TokenCounts {
  const sum = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
  for (const { prompt, usage } of handedOut) {
    if (!speakers.includes(speakerOf(prompt))) continue
    for (const field of ['input', 'output', 'cacheRead', 'cacheWrite'] as const) sum[field] += usage[field] ?? 0
  }
  return sum
}

/** `kind from → to`, sorted; agents by what they were called for. */
function linesOf(links: readonly Link[], agents: readonly Agent[]): string[] {
  const names = new Map(agents.map(({ id, parentId, currentTask }) => [id, parentId === null ? 'main' : currentTask]))
  const nameOf = (id: string) => names.get(id) ?? id
  return links
    .filter(({ sourceId }) => sourceId === 'claude-code')
    .map(({ kind, source, target }) => `${kind}: ${nameOf(source)} → ${nameOf(target)}`)
    .sort()
}

it('shows a session, its subagents and the claude-flow agent that it registered as they are, to the token', async () => {
  const gates = { begun: new Gate(), calling: new Gate(), nested: new Gate(), ending: new Gate() }
  const shared = join(place.project, 'shared.txt')
  const model = await place.startModel(
    scripted({
      'Do the work': {
        0: () => [callAgent('Do part one', 'PART one: go'), callAgent('Do part two', 'PART two: go')],
        2: () => [call('mcp__claude-flow__agent_spawn', { agentType: 'coder', agentId: 'from-claude' })],
        3: () => gates.ending.passed([say('All done.')]),
      },
      'PART one': {
        0: () => gates.begun.passed([call('Bash', { command: 'echo a-secret-word; false', description: 'Fails' })]),
        1: () => gates.calling.passed([callAgent('Go deeper', 'NESTED: go')]),
        2: () => [call('Read', { file_path: shared })],
        3: () => [call('Write', { file_path: shared, content: 'one' })],
      },
      'PART two': { 0: () => gates.begun.passed([call('Write', { file_path: shared, content: 'two' })]) },
      NESTED: {
        0: () => [call('Bash', { command: 'echo a-secret-word', description: 'Works' })],
        1: () => gates.nested.passed([say('Deep enough.')]),
      },
    }),
  )
  await place.startServer()
  expect(await place.command('connect', '--mcp')).toMatchObject({ code: 0 })
  const { sessionId, ended } = place.claude(model, '--allowedTools', 'Agent,Bash,Read,Write,mcp__claude-flow')
  const mainId = `claude-code/${sessionId}`
  const childrenOf = (agents: readonly Agent[], parentId: string) =>
    agents.filter((agent) => agent.parentId === parentId)

  // Both were called at once, and nothing tells yet which of them is which.
  const atFirst = await place.untilAgents((agents) => agents.length === 3)
  expect(atFirst.find(({ id }) => id === mainId)).toMatchObject({
    type: 'main',
    status: 'busy',
    activity: 'Agent',
    openTools: [{ name: 'Agent' }, { name: 'Agent' }],
    project: 'my-app',
  })
  for (const child of childrenOf(atFirst, mainId)) {
    expect(child).toMatchObject({ rawType: 'general-purpose', status: 'active', currentTask: null, sessionId })
  }
  expect(childrenOf(atFirst, mainId)).toHaveLength(2)
  expect((await place.links()).map(({ kind, source }) => [kind, source])).toEqual([
    ['inferred', mainId],
    ['inferred', mainId],
  ])

  // Its caller's result tells of the one that is over; the other one failed at something, and goes on.
  gates.begun.open()
  const afterOne = await place.untilAgents((agents) => {
    const [two] = agents.filter(({ currentTask }) => currentTask === 'Do part two')
    return two?.status === 'offline' && agents.some(({ lastFailure }) => lastFailure?.what === 'Bash failed')
  })
  expect(linesOf(await place.links(), afterOne)).toContain('spawned: main → Do part two')
  const one = afterOne.find(({ lastFailure }) => lastFailure !== null)
  expect(one).toMatchObject({ status: 'active', currentTask: null, tools: { count: 1, errors: 1 } })

  // While it still runs, its spans tell of a nested one whose it is.
  gates.calling.open()
  await place.untilAgents((agents) => agents.some(({ parentId }) => parentId === one?.id))
  await until(
    async () => (await place.links()).some(({ kind, source }) => kind === 'spawned' && source === one?.id),
    20_000,
  )

  gates.nested.open()
  await until(async () => (await place.links()).some(({ kind }) => kind === 'registered-by'), 20_000)
  const registered = (await place.allAgents()).find(({ nativeId }) => nativeId === 'from-claude')
  gates.ending.open()
  const { code, stdout, stderr } = await ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { total_cost_usd: number }

  // What it counts itself comes last, as metrics.
  const agents = await place.untilAgents(
    (found) =>
      found.every(({ status }) => status === 'offline') &&
      found.some(({ crossCheck }) => crossCheck?.costUsd === result.total_cost_usd),
  )
  const speakers: [string | null, Speaker][] = [
    [null, 'Do the work'],
    ['Do part one', 'PART one'],
    ['Do part two', 'PART two'],
    ['Go deeper', 'NESTED'],
  ]
  expect(Object.fromEntries(agents.map(({ currentTask, tokens }) => [currentTask, tokens]))).toEqual(
    Object.fromEntries(speakers.map(([task, speaker]) => [task, tokensOf(model, [speaker])])),
  )
  const main = agents.find(({ id }) => id === mainId)
  expect(main).toMatchObject({
    unattributed: null,
    crossCheck: { tokens: tokensOf(model, SPEAKERS) },
    // At its end it does not always wait for its own SessionEnd hook: then its process is missed.
    endedReason: expect.stringMatching(/^(session ended: other|process gone)$/),
    attention: null,
    openTools: [],
  })
  expect(agents.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0)).toBeCloseTo(result.total_cost_usd, 9)
  expect(
    Object.fromEntries(
      agents.map(({ currentTask, tools, lastTool }) => [currentTask, [tools?.count, tools?.errors, lastTool?.name]]),
    ),
  ).toEqual({
    null: [3, 0, 'mcp__claude-flow__agent_spawn'],
    'Do part one': [4, 1, 'Write'],
    'Do part two': [1, 0, 'Write'],
    'Go deeper': [1, 0, 'Bash'],
  })
  expect(agents.filter(({ id }) => id !== mainId).map(({ endedReason }) => endedReason)).toEqual(
    Array(3).fill('subagent finished'),
  )

  const links = await place.links()
  expect(linesOf(links, agents).filter((line) => !line.startsWith('conflict'))).toEqual([
    'message: Do part one → Go deeper',
    'message: main → Do part one',
    'message: main → Do part two',
    `registered-by: main → ${registered?.id}`,
    'spawned: Do part one → Go deeper',
    'spawned: main → Do part one',
    'spawned: main → Do part two',
  ])
  expect(links.filter(({ kind }) => kind === 'conflict')).toMatchObject([{ evidence: 'both wrote shared.txt' }])
  expect(registered).toMatchObject({ origin: 'claude-flow', kind: 'registered', type: 'coder', name: 'from-claude' })
  expect(links.find(({ kind }) => kind === 'registered-by')?.evidence).toBe(
    'its agent_spawn call was answered with this id',
  )

  for (const told of ['data', 'activity?limit=500', 'status', 'health']) {
    expect(JSON.stringify(await place.get(told))).not.toMatch(/a-secret-word|PART one|All done|Deep enough/)
  }
  expect((await place.doctor()).checks.filter(({ state }) => state !== 'ok')).toEqual([])
})
