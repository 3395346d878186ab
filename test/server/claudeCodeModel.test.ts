// What records amount to (SPEC.md, K).

import { beforeEach, describe, expect, test } from 'vitest'
import type { Agent, Link, Unnumbered } from '../../protocol/swarm.ts'
import { CONFLICT_WINDOW_MS } from '../../server/sources/claudeCode/conflicts.ts'
import { ClaudeCodeModel } from '../../server/sources/claudeCode/model.ts'
import { ENDED_KEPT_MS, MESSAGE_KEPT_MS, SILENT_KEPT_MS } from '../../server/sources/claudeCode/project.ts'
import type {
  ApiRequestRecord,
  ClaudeCodeRecord,
  HookRecord,
  HookTool,
  LlmSpanRecord,
  UsageMetricRecord,
} from '../../server/sources/claudeCode/records.ts'
import { MAX_REQUESTS } from '../../server/sources/claudeCode/session.ts'
import {
  FIRST,
  recorded,
  recordedHooks,
  recordedTelemetry,
  SECOND,
  SESSION,
  START_MS,
} from '../helpers/claudeCodeRecordings.ts'
import { seededRandom } from '../protocol/samples.ts'

const MAIN_ID = `claude-code/${SESSION}`
const idOf = (agent: string) => `${MAIN_ID}/${agent}`

class Feed {
  readonly model: ClaudeCodeModel
  nowMs = START_MS

  constructor(bounds?: ConstructorParameters<typeof ClaudeCodeModel>[1]) {
    this.model = new ClaudeCodeModel('laptop', bounds)
  }

  take(...records: ClaudeCodeRecord[]): string[] {
    const outcomes = records.map((record) => {
      this.nowMs = Math.max(this.nowMs, Date.parse(record.at))
      return this.model.take(record, this.nowMs)
    })
    Array.from(this.model.updates(this.nowMs))
    return outcomes
  }

  /** A hook of the main agent, or of `agentId`, a second after the last. */
  hook(event: HookRecord['event'], given: Partial<HookRecord> = {}): HookRecord {
    this.nowMs += 1_000
    const record: HookRecord = {
      ...recordedHooks()[1]!,
      event,
      at: new Date(this.nowMs).toISOString(),
      ...given,
    }
    this.take(record)
    return record
  }

  tool(
    event: HookRecord['event'],
    name: string,
    useId: string | null,
    given: Omit<Partial<HookRecord>, 'tool'> & { tool?: Partial<HookTool> } = {},
  ) {
    const tool = { name, useId, detail: null, file: null, description: null, to: null, ...given.tool }
    return this.hook(event, { ...given, tool })
  }

  pass(ms: number): void {
    this.nowMs += ms
    Array.from(this.model.updates(this.nowMs))
  }

  get agents(): Unnumbered<Agent>[] {
    return [...this.model.sessions.keys()].flatMap((id) => [...(this.model.picture(id)?.agents.values() ?? [])])
  }

  agent(id = MAIN_ID): Unnumbered<Agent> {
    const found = this.agents.find((agent) => agent.id === id)
    if (!found) throw new Error(`no agent ${id}`)
    return found
  }

  get links(): Unnumbered<Link>[] {
    const own = [...this.model.sessions.keys()].flatMap((id) => this.model.picture(id)?.links ?? [])
    return [...own, ...this.model.conflicts(this.nowMs).links]
  }

  linksOf(kind: Link['kind']): Unnumbered<Link>[] {
    return this.links.filter((link) => link.kind === kind)
  }
}

let feed: Feed
beforeEach(() => {
  feed = new Feed()
})

describe('the recorded run', () => {
  beforeEach(() => {
    feed.take(...recorded())
  })

  test('[K2] a session is an agent, its subagents are its children, spawned by evidence', () => {
    expect(feed.agents.map(({ id }) => id).sort()).toEqual([MAIN_ID, idOf(SECOND), idOf(FIRST)].sort())
    expect(feed.agent()).toMatchObject({
      nativeId: SESSION,
      sourceId: 'claude-code',
      origin: 'claude-code',
      kind: 'observed',
      type: 'main',
      parentId: null,
      project: 'project',
      host: 'laptop',
      sessionId: SESSION,
      mock: false,
    })
    for (const id of [FIRST, SECOND]) {
      expect(feed.agent(idOf(id))).toMatchObject({
        nativeId: id,
        parentId: MAIN_ID,
        rawType: 'general-purpose',
        sessionId: SESSION,
      })
    }
    expect(feed.linksOf('spawned').map(({ source, target }) => [source, target])).toEqual([
      [MAIN_ID, idOf(FIRST)],
      [MAIN_ID, idOf(SECOND)],
    ])
    expect(feed.linksOf('inferred')).toEqual([])
  })

  test('[K4] each subagent has the task of the very call that it came from, though starts came in swapped order', () => {
    expect(feed.agent(idOf(FIRST)).currentTask).toBe('Do part one')
    expect(feed.agent(idOf(SECOND)).currentTask).toBe('Do part two')
  })

  test('[K9] tokens and cost are those of the log, to the token, by the agent that the spans name', () => {
    const requests = recordedTelemetry().filter((record) => record.type === 'api-request')
    expect(requests).toHaveLength(7)
    expect(feed.agent().tokens).toEqual({
      input: 1201 + 1206 + 1207,
      output: 41 + 46 + 47,
      cacheRead: 900,
      cacheWrite: 0,
    })
    expect(feed.agent(idOf(FIRST)).tokens).toEqual({
      input: 1202 + 1204,
      output: 42 + 44,
      cacheRead: 600,
      cacheWrite: 0,
    })
    expect(feed.agent(idOf(SECOND)).tokens).toEqual({
      input: 1203 + 1205,
      output: 43 + 45,
      cacheRead: 600,
      cacheWrite: 0,
    })
    expect(feed.agent().costUsd).toBeCloseTo(0.02187, 9)
    expect(feed.agent().unattributed).toBeNull()
  })

  test('[K11] the metrics of the whole session stand beside, and agree', () => {
    expect(feed.agent().crossCheck).toEqual({
      tokens: { input: 8428, output: 308, cacheRead: 2100, cacheWrite: 0 },
      costUsd: 0.05089,
      at: '2026-11-23T22:25:09.302Z',
    })
    const sum = feed.agents.reduce((total, { tokens }) => total + (tokens?.input ?? 0), 0)
    expect(sum).toBe(8428)
  })

  test('tools are counted once, whoever tells of them: hooks, log, spans', () => {
    expect(feed.agent().tools).toEqual({ count: 3, errors: 0, durationMs: 192 + 203 + 55 })
    expect(feed.agent(idOf(FIRST)).tools).toEqual({ count: 1, errors: 0, durationMs: 39 })
    expect(feed.agent().lastTool).toMatchObject({ name: 'mcp__claude-flow__agent_spawn', ok: true, durationMs: 55 })
  })

  test('everybody is over, with the reason; the agent that was registered with claude-flow is known', () => {
    expect(feed.agent()).toMatchObject({ status: 'offline', endedReason: 'session ended: other' })
    expect(feed.agent(idOf(FIRST))).toMatchObject({ status: 'offline', endedReason: 'subagent finished' })
    expect(feed.model.registrations()).toMatchObject([
      { by: MAIN_ID, nativeId: 'from-claude', createdAt: '2026-11-23T22:25:09.145Z' },
    ])
  })

  test('[K19] nothing of prompts, commands, answers or paths is anywhere in it', () => {
    const text = JSON.stringify([feed.agents, feed.links])
    for (const word of [
      'SUBTASK',
      'echo hello',
      'Do the work',
      'Subagent done',
      '/home/user',
      '/project',
      'All done',
    ]) {
      expect(text).not.toContain(word)
    }
  })
})

describe('the recorded run by hooks alone', () => {
  test('[K9] without telemetry no figure is known, but what hooks tell is', () => {
    feed.take(...recordedHooks())
    for (const agent of feed.agents) {
      expect(agent).toMatchObject({ tokens: null, costUsd: null, unattributed: null, crossCheck: null })
      expect(agent.tools?.count).toBeGreaterThan(0)
    }
    expect(feed.linksOf('spawned')).toHaveLength(2)
  })

  test('[K3] until the caller has its result, links are inferred, say why, and no task is claimed', () => {
    feed.take(...recordedHooks().slice(0, 14))
    expect(feed.linksOf('spawned')).toEqual([])
    expect(feed.linksOf('inferred').map(({ source, target, evidence }) => ({ source, target, evidence }))).toEqual([
      {
        source: MAIN_ID,
        target: idOf(FIRST),
        evidence: 'the only one that was calling a subagent when this one began',
      },
      {
        source: MAIN_ID,
        target: idOf(SECOND),
        evidence: 'the only one that was calling a subagent when this one began',
      },
    ])
    expect(feed.agent(idOf(FIRST)).currentTask).toBeNull()
    feed.take(recordedHooks()[14]!)
    expect(feed.linksOf('inferred').map(({ target }) => target)).toEqual([idOf(FIRST)])
    expect(feed.agent(idOf(SECOND)).currentTask).toBe('Do part two')
  })
})

describe('by telemetry alone', () => {
  test('agents are there with their use and their links; whether they work nobody knows', () => {
    feed.take(...recordedTelemetry())
    expect(feed.agent()).toMatchObject({ status: 'unknown', openTools: null, tools: { count: 3 }, project: null })
    expect(feed.agent(idOf(FIRST))).toMatchObject({ status: 'unknown', tokens: { input: 2406 } })
    expect(
      feed
        .linksOf('spawned')
        .map(({ target, evidence }) => [target, evidence])
        .sort(),
    ).toEqual([idOf(FIRST), idOf(SECOND)].sort().map((id) => [id, "its spans hang below its caller's call"]))
  })
})

describe('parents', () => {
  test('[K3] nested: the subagent that called is the parent, by its own hooks', () => {
    feed.tool('PreToolUse', 'Agent', 'outer')
    feed.hook('SubagentStart', { agentId: 'a1', agentType: 'planner' })
    feed.tool('PreToolUse', 'Agent', 'inner', { agentId: 'a1', tool: { description: 'Look it up' } })
    feed.hook('SubagentStart', { agentId: 'a2', agentType: 'reader' })
    // Both the session and the subagent have a call open: who called a2 is not certain.
    expect(feed.agent(idOf('a2')).parentId).toBe(MAIN_ID)
    expect(feed.linksOf('inferred').map(({ evidence }) => evidence)).toContain(
      'began in this session while 2 agents were calling subagents',
    )
    feed.tool('PostToolUse', 'Agent', 'inner', { agentId: 'a1', childId: 'a2', childDone: true })
    expect(feed.agent(idOf('a2'))).toMatchObject({ parentId: idOf('a1'), currentTask: 'Look it up', status: 'offline' })
    expect(feed.linksOf('spawned')).toMatchObject([{ source: idOf('a1'), target: idOf('a2') }])
  })

  test('[K3] a parent that spans name is certain', () => {
    feed.hook('SubagentStart', { agentId: 'a1' })
    feed.hook('SubagentStart', { agentId: 'a2' })
    feed.take(span({ agentId: 'a2', parentAgentId: 'a1', requestId: 'r1' }))
    expect(feed.linksOf('spawned')).toMatchObject([
      { source: idOf('a1'), target: idOf('a2'), evidence: 'its spans name its parent' },
    ])
  })

  test('what leads in a circle is not believed', () => {
    for (const [id, parent] of [
      ['a1', 'a2'],
      ['a2', 'a1'],
    ] as const) {
      feed.hook('SubagentStart', { agentId: id })
      feed.take(span({ agentId: id, parentAgentId: parent, requestId: id }))
    }
    expect(feed.agents.filter(({ parentId }) => parentId !== null).map(({ parentId }) => parentId)).toEqual([
      MAIN_ID,
      MAIN_ID,
    ])
    expect(feed.linksOf('spawned')).toEqual([])
  })
})

describe('[K5] status', () => {
  const status = () => feed.agent().status

  test('a start is idle, a prompt active, a tool busy, its end active, a stop idle', () => {
    feed.hook('SessionStart')
    expect(status()).toBe('idle')
    feed.hook('UserPromptSubmit')
    expect(status()).toBe('active')
    const { at } = feed.tool('PreToolUse', 'Bash', 't1', { tool: { detail: null } })
    expect(feed.agent()).toMatchObject({
      status: 'busy',
      statusSince: at,
      activity: 'Bash',
      openTools: [{ id: 't1', name: 'Bash', detail: null, since: at }],
    })
    feed.tool('PostToolUse', 'Bash', 't1', { durationMs: 7 })
    expect(feed.agent()).toMatchObject({ status: 'active', activity: null, openTools: [] })
    feed.hook('Stop')
    expect(status()).toBe('idle')
  })

  test('an end that is seen before its beginning leaves a mark: the call is never open', () => {
    feed.hook('UserPromptSubmit')
    feed.tool('PostToolUse', 'Bash', 't1')
    feed.tool('PreToolUse', 'Bash', 't1')
    expect(feed.agent()).toMatchObject({ status: 'active', openTools: [], tools: { count: 1 } })
  })

  test('a batch that is over ends its calls, a log event or a span does too', () => {
    feed.hook('UserPromptSubmit')
    for (const id of ['t1', 't2', 't3']) feed.tool('PreToolUse', 'Bash', id)
    feed.hook('PostToolBatch', { endedUseIds: ['t1'] })
    expect(feed.agent().openTools?.map(({ id }) => id)).toEqual(['t2', 't3'])
    const at = new Date(feed.nowMs + 500).toISOString()
    feed.take({
      type: 'tool-result',
      sessionId: SESSION,
      host: null,
      isHere: true,
      at,
      toolUseId: 't2',
      toolName: 'Bash',
      success: true,
      durationMs: 5,
    })
    expect(feed.agent().openTools?.map(({ id }) => id)).toEqual(['t3'])
  })

  test('a stop, or a new prompt after an interrupt that told nothing, closes what is open', () => {
    for (const closer of ['Stop', 'UserPromptSubmit'] as const) {
      feed = new Feed()
      feed.hook('UserPromptSubmit')
      feed.tool('PreToolUse', 'Bash', 't1')
      feed.hook(closer)
      expect(feed.agent()).toMatchObject({ status: closer === 'Stop' ? 'idle' : 'active', openTools: [] })
    }
  })

  test('work that goes on after a stop that was refused is work', () => {
    feed.hook('UserPromptSubmit')
    feed.hook('Stop')
    feed.tool('PreToolUse', 'Bash', 't1')
    expect(status()).toBe('busy')
    feed.tool('PostToolUse', 'Bash', 't1')
    expect(status()).toBe('active')
  })

  test('how long its calls took is not reported, rather than 0, where nobody told of any', () => {
    feed.hook('UserPromptSubmit')
    expect(feed.agent().tools).toEqual({ count: 0, errors: 0, durationMs: 0 })
    feed.tool('PreToolUse', 'Edit', 't1')
    feed.tool('PostToolUse', 'Edit', 't1')
    expect(feed.agent().tools).toEqual({ count: 1, errors: 0, durationMs: null })
    feed.tool('PreToolUse', 'Edit', 't2')
    feed.tool('PostToolUse', 'Edit', 't2', { durationMs: 12 })
    expect(feed.agent().tools).toEqual({ count: 2, errors: 0, durationMs: 12 })
  })

  test('a failed stop is an error, with its reason; the next prompt ends it', () => {
    feed.hook('UserPromptSubmit')
    const { at } = feed.hook('StopFailure', { reason: 'rate_limit' })
    expect(feed.agent()).toMatchObject({ status: 'error', lastFailure: { what: 'stop failed: rate_limit', at } })
    feed.hook('UserPromptSubmit')
    expect(feed.agent()).toMatchObject({ status: 'active', lastFailure: null })
  })

  test('a failed tool leaves a mark until the next prompt, also on a subagent', () => {
    feed.hook('UserPromptSubmit')
    feed.tool('PreToolUse', 'Edit', 't1', { agentId: 'a1' })
    const { at } = feed.tool('PostToolUseFailure', 'Edit', 't1', { agentId: 'a1' })
    expect(feed.agent(idOf('a1'))).toMatchObject({
      status: 'active',
      lastFailure: { what: 'Edit failed', at },
      tools: { count: 1, errors: 1 },
      lastTool: { id: 't1', ok: false },
    })
    feed.hook('UserPromptSubmit')
    expect(feed.agent(idOf('a1')).lastFailure).toBeNull()
  })

  test('a subagent that stops is offline, one that is called again is back', () => {
    feed.hook('SubagentStart', { agentId: 'a1' })
    expect(feed.agent(idOf('a1')).status).toBe('active')
    feed.hook('SubagentStop', { agentId: 'a1' })
    expect(feed.agent(idOf('a1'))).toMatchObject({ status: 'offline', endedReason: 'subagent finished' })
    feed.hook('SubagentStart', { agentId: 'a1' })
    expect(feed.agent(idOf('a1'))).toMatchObject({ status: 'active', endedReason: null })
  })

  test('a session that ends takes its subagents along; one that is resumed is back', () => {
    feed.hook('SubagentStart', { agentId: 'a1' })
    feed.hook('SessionEnd', { reason: 'logout' })
    expect(feed.agent()).toMatchObject({ status: 'offline', endedReason: 'session ended: logout' })
    expect(feed.agent(idOf('a1'))).toMatchObject({ status: 'offline', endedReason: 'session ended: logout' })
    feed.hook('SessionStart', { reason: 'resume' })
    expect(feed.agent()).toMatchObject({ status: 'idle', endedReason: null })
  })

  test('[K6] a process that is gone ends its session, unless another one runs it by now', () => {
    feed.hook('SessionStart', { parentPid: 77, parentStart: 'then' })
    feed.hook('UserPromptSubmit')
    const gone = () => ({
      type: 'process-gone' as const,
      sessionId: SESSION,
      host: null,
      isHere: true,
      at: new Date(feed.nowMs + 1).toISOString(),
      pid: 77,
    })
    feed.take(gone())
    expect(feed.agent()).toMatchObject({ status: 'offline', endedReason: 'process gone' })
    feed.hook('SessionStart', { parentPid: 78, parentStart: 'later', reason: 'resume' })
    feed.take(gone())
    expect(feed.agent()).toMatchObject({ status: 'idle', endedReason: null })
  })

  describe('[K5] Esc ends a subagent, and no hook tells of it', () => {
    const offline = (id: string) => feed.agent(idOf(id)).status === 'offline'
    const stop = (running: string[] | null) => feed.hook('Stop', { running })
    beforeEach(() => {
      feed.hook('UserPromptSubmit')
      feed.tool('PreToolUse', 'Agent', 'A')
      feed.hook('SubagentStart', { agentId: 'a1' })
    })

    test('one that the next stop does not list is over, since it was heard last', () => {
      const { at } = feed.tool('PreToolUse', 'Bash', 'B', { agentId: 'a1' })
      feed.pass(60_000)
      feed.hook('UserPromptSubmit')
      expect(feed.agent(idOf('a1'))).toMatchObject({ status: 'busy', activity: 'Bash' })
      stop([])
      const over = { status: 'offline', endedReason: "not running any more at its session's stop", statusSince: at }
      expect(feed.agent(idOf('a1'))).toMatchObject({ ...over, activity: null, openTools: [], attention: null })
      feed.hook('UserPromptSubmit')
      stop([])
      expect(feed.agent(idOf('a1'))).toMatchObject(over)
      // Called again it is back.
      feed.hook('SubagentStart', { agentId: 'a1' })
      expect(feed.agent(idOf('a1'))).toMatchObject({ status: 'active', endedReason: null })
    })

    test('one that runs in the background is listed, and goes on', () => {
      feed.tool('PostToolUse', 'Agent', 'A', { childId: 'a1', childDone: false })
      feed.tool('PreToolUse', 'Bash', 'B', { agentId: 'a1' })
      stop(['a1'])
      expect(feed.agent(idOf('a1')).status).toBe('busy')
      feed.hook('UserPromptSubmit')
      stop([])
      expect(offline('a1')).toBe(true)
    })

    test('what it calls itself is not listed, and goes on with it', () => {
      feed.tool('PostToolUse', 'Agent', 'A', { childId: 'a1', childDone: false })
      feed.tool('PreToolUse', 'Agent', 'inner', { agentId: 'a1' })
      feed.hook('SubagentStart', { agentId: 'a2' })
      feed.tool('PreToolUse', 'Bash', 'B', { agentId: 'a2' })
      feed.pass(5_000)
      stop(['a1'])
      expect([offline('a1'), offline('a2')]).toEqual([false, false])
      stop([])
      expect([offline('a1'), offline('a2')]).toEqual([true, true])
    })

    test('one that may be the child of one that runs goes on with it', () => {
      feed.tool('PreToolUse', 'Agent', 'inner', { agentId: 'a1' })
      // Two were calling: who called this one is not certain.
      feed.hook('SubagentStart', { agentId: 'a2' })
      feed.tool('PostToolUse', 'Agent', 'A', { childId: 'a1', childDone: false })
      feed.pass(5_000)
      stop(['a1'])
      expect(offline('a2')).toBe(false)
    })

    test('a stop that does not tell ends nobody, nor one of which the subagent is heard afterwards', () => {
      feed.pass(5_000)
      stop(null)
      expect(offline('a1')).toBe(false)
      stop([])
      expect(offline('a1')).toBe(true)
      feed.tool('PreToolUse', 'Bash', 'B', { agentId: 'a1' })
      expect(feed.agent(idOf('a1')).status).toBe('busy')
    })

    test('one whose own call is told to have failed is over with it', () => {
      feed.take(span({ agentId: 'a1', requestId: 'r1', parentSpanId: 'exec' }))
      expect(feed.agent(idOf('a1')).status).toBe('active')
      const at = new Date(feed.nowMs + 10).toISOString()
      feed.take({
        type: 'tool-span',
        span: 'execution',
        sessionId: SESSION,
        host: null,
        isHere: true,
        at,
        startAt: new Date(START_MS).toISOString(),
        spanId: 'exec',
        parentSpanId: null,
        toolUseId: 'A',
        toolName: null,
        agentId: null,
        parentAgentId: null,
        success: false,
      })
      expect(feed.agent(idOf('a1'))).toMatchObject({
        status: 'offline',
        endedReason: 'its call was broken off',
        statusSince: at,
      })
    })
  })

  describe('[K21] what comes in late', () => {
    const late = (event: HookRecord['event'], name: string, useId: string, agentId: string | null = null) => {
      feed.nowMs -= 900
      feed.tool(event, name, useId, { agentId })
    }

    test('a call’s beginning behind its end, or behind its agent’s, revives nobody', () => {
      feed.hook('UserPromptSubmit')
      feed.hook('SubagentStart', { agentId: 'a1' })
      feed.tool('PostToolUse', 'Read', 'r', { agentId: 'a1' })
      feed.hook('SubagentStop', { agentId: 'a1' })
      feed.tool('PreToolUse', 'Read', 'r', { agentId: 'a1' })
      expect(feed.agent(idOf('a1'))).toMatchObject({ status: 'offline', openTools: [] })
      feed.hook('SubagentStop', { agentId: 'a1' })
      late('PreToolUse', 'Read', 'r2', 'a1')
      expect(feed.agent(idOf('a1'))).toMatchObject({ status: 'offline', openTools: [] })
      late('PostToolUse', 'Read', 'r2', 'a1')
      expect(feed.agent(idOf('a1')).status).toBe('offline')
      // What goes on was work.
      feed.tool('PreToolUse', 'Read', 'r3', { agentId: 'a1' })
      expect(feed.agent(idOf('a1')).status).toBe('busy')
    })

    test('the same of the main agent and its stop', () => {
      feed.hook('UserPromptSubmit')
      feed.hook('Stop')
      late('PreToolUse', 'Read', 'r')
      expect(feed.agent()).toMatchObject({ status: 'idle', openTools: [] })
    })

    test('a prompt behind its own call does not close it, one behind its own stop is over', () => {
      const p1 = { promptId: 'p1' }
      feed.tool('PreToolUse', 'Bash', 'b', p1)
      feed.nowMs -= 900
      feed.hook('UserPromptSubmit', p1)
      expect(feed.agent()).toMatchObject({ status: 'busy', openTools: [{ id: 'b' }] })
      feed.hook('Stop', { promptId: 'p2' })
      feed.nowMs -= 900
      feed.hook('UserPromptSubmit', { promptId: 'p2' })
      expect(feed.agent().status).toBe('idle')
    })

    test('a prompt is at work at once though the stop of the one before comes in behind it', () => {
      feed.hook('UserPromptSubmit', { promptId: 'p1' })
      feed.hook('UserPromptSubmit', { promptId: 'p2' })
      feed.hook('Stop', { promptId: 'p1' })
      expect(feed.agent().status).toBe('active')
      feed.hook('Stop', { promptId: 'p2' })
      expect(feed.agent().status).toBe('idle')
    })
  })

  test('silence alone changes nothing', () => {
    feed.hook('UserPromptSubmit')
    const before = feed.agent()
    feed.pass(SILENT_KEPT_MS / 2)
    expect(feed.agent()).toEqual(before)
  })
})

describe('[K7] attention', () => {
  const attention = (id?: string) => feed.agent(id).attention
  /** As the log tells it, so many ms later. */
  const decide = (toolUseId: string, accepted: boolean, laterMs = 0) => {
    const at = new Date(feed.nowMs + laterMs).toISOString()
    feed.take({ type: 'tool-decision', sessionId: SESSION, host: null, isHere: true, at, toolUseId, accepted })
  }
  beforeEach(() => {
    feed.hook('UserPromptSubmit')
  })

  test('a permission that is asked for is shown on the agent that asks, until its call ends', () => {
    feed.tool('PreToolUse', 'Bash', 't1', { agentId: 'a1' })
    const { at } = feed.tool('PermissionRequest', 'Bash', null, { agentId: 'a1' })
    expect(attention(idOf('a1'))).toEqual({ reason: 'permission: Bash', since: at })
    expect(attention()).toBeNull()
    feed.hook('Notification', { reason: 'permission_prompt' })
    expect(attention()).toBeNull()
    // Others of its calls, of another tool, answer nothing.
    feed.tool('PreToolUse', 'Read', 't2', { agentId: 'a1' })
    feed.tool('PostToolUse', 'Read', 't2', { agentId: 'a1' })
    expect(attention(idOf('a1'))).not.toBeNull()
    feed.tool('PostToolUse', 'Bash', 't1', { agentId: 'a1' })
    expect(attention(idOf('a1'))).toBeNull()
    // The next call of the same tool is another matter.
    feed.tool('PreToolUse', 'Bash', 't3', { agentId: 'a1' })
    expect(attention(idOf('a1'))).toBeNull()
  })

  test('the decision in the log answers it while the tool still runs', () => {
    feed.tool('PreToolUse', 'Bash', 't1')
    feed.tool('PermissionRequest', 'Bash', null)
    decide('t1', true, 800)
    expect(feed.agent()).toMatchObject({ attention: null, status: 'busy' })
  })

  test('a call that runs beside it, and was allowed before, does not ask for it', () => {
    feed.tool('PreToolUse', 'Bash', 't1')
    decide('t1', true)
    feed.tool('PreToolUse', 'Bash', 't2')
    feed.tool('PermissionRequest', 'Bash', null)
    expect(attention()?.reason).toBe('permission: Bash')
    decide('t2', true)
    expect(feed.agent()).toMatchObject({ attention: null, openTools: [{ id: 't1' }, { id: 't2' }] })
  })

  test('a refusal in the log ends the call: nothing else tells of it', () => {
    feed.tool('PreToolUse', 'Bash', 't1')
    feed.tool('PermissionRequest', 'Bash', null)
    decide('t1', false, 800)
    expect(feed.agent()).toMatchObject({ attention: null, status: 'active', openTools: [], lastTool: { ok: false } })
  })

  test.each(['PermissionDenied', 'UserPromptSubmit', 'Stop', 'SessionEnd'] as const)('%s answers it', (event) => {
    feed.tool('PreToolUse', 'Bash', 't1')
    feed.tool('PermissionRequest', 'Bash', null)
    expect(attention()).not.toBeNull()
    feed.tool(event, 'Bash', event === 'PermissionDenied' ? 't1' : null)
    expect(attention()).toBeNull()
  })

  test('a permission whose call was not seen is answered by the next call', () => {
    feed.tool('PermissionRequest', 'Bash', null)
    expect(attention()?.reason).toBe('permission: Bash')
    feed.tool('PostToolUse', 'Bash', 't1')
    expect(attention()).toBeNull()
  })

  test.each([
    ['permission_prompt', 'permission'],
    ['idle_prompt', 'waiting for input'],
    ['agent_needs_input', 'needs input'],
    ['elicitation_dialog', 'question'],
  ])('the notification %s says %s, and work answers it', (notified, reason) => {
    const { at } = feed.hook('Notification', { reason: notified })
    expect(attention()).toEqual({ reason, since: at })
    feed.tool('PreToolUse', 'Bash', 't1')
    expect(attention()).toBeNull()
  })

  test('a call that an interrupt left open asks for nothing any more', () => {
    feed.tool('PreToolUse', 'Bash', 'old')
    feed.hook('UserPromptSubmit')
    feed.tool('PreToolUse', 'Bash', 'new')
    feed.tool('PermissionRequest', 'Bash', null)
    expect(attention()?.reason).toBe('permission: Bash')
    feed.tool('PostToolUse', 'Bash', 'new')
    expect(attention()).toBeNull()
  })

  test('a refusal answers what was asked for the same tool, and nothing else', () => {
    feed.tool('PreToolUse', 'Write', 'w')
    feed.tool('PreToolUse', 'Bash', 'b')
    feed.tool('PermissionRequest', 'Write', null)
    feed.tool('PermissionDenied', 'Bash', 'b')
    expect(attention()?.reason).toBe('permission: Write')
    // One that does not say which call it means.
    feed.tool('PermissionDenied', 'Bash', null)
    expect(attention()?.reason).toBe('permission: Write')
    feed.tool('PermissionDenied', 'Write', null)
    expect(attention()).toBeNull()
  })

  test('a server’s question stays while it waits, whatever else goes on, until its answer or the end of what asked', () => {
    const ask = () => {
      feed.tool('PreToolUse', 'mcp__forms__fill', `m${feed.nowMs}`)
      feed.hook('Elicitation')
      feed.hook('Notification', { reason: 'elicitation_dialog' })
      feed.tool('PreToolUse', 'Bash', `b${feed.nowMs}`)
      feed.tool('PostToolUse', 'Bash', `b${feed.nowMs - 1_000}`)
      expect(attention()?.reason).toBe('question')
    }
    ask()
    feed.hook('ElicitationResult')
    expect(attention()).toBeNull()
    for (const call of feed.agent().openTools ?? []) feed.tool('PostToolUse', call.name, call.id)
    feed.pass(5_000)
    ask()
    feed.tool('PostToolUse', 'mcp__forms__fill', feed.agent().openTools?.find(({ name }) => name !== 'Bash')?.id ?? '')
    expect(attention()).toBeNull()
  })

  test('a question is answered by its result', () => {
    feed.hook('Elicitation')
    expect(attention()?.reason).toBe('question')
    feed.hook('ElicitationResult')
    expect(attention()).toBeNull()
  })

  test('a tool that is a question itself asks for as long as it runs', () => {
    const { at } = feed.tool('PreToolUse', 'AskUserQuestion', 'q1')
    feed.tool('PermissionRequest', 'AskUserQuestion', null)
    expect(attention()).toEqual({ reason: 'question', since: at })
    feed.tool('PostToolUse', 'AskUserQuestion', 'q1')
    expect(attention()).toBeNull()
  })
})

describe('[K9] the ledger', () => {
  const total = () => {
    const parts = feed.agents.flatMap(({ tokens, costUsd, unattributed }) => [
      { tokens, costUsd },
      unattributed ?? { tokens: null, costUsd: null },
    ])
    return {
      input: parts.reduce((sum, { tokens }) => sum + (tokens?.input ?? 0), 0),
      costUsd: Math.round(parts.reduce((sum, part) => sum + (part.costUsd ?? 0), 0) * 1e9) / 1e9,
    }
  }

  test('until its span comes an amount is the session, not an agent; then it moves, whole', () => {
    feed.take(request({ requestId: 'r1', input: 100, costUsd: 0.5 }))
    expect(feed.agent()).toMatchObject({
      tokens: null,
      costUsd: null,
      unattributed: { tokens: { input: 100, output: 1, cacheRead: 0, cacheWrite: 0 }, costUsd: 0.5 },
    })
    feed.take(span({ requestId: 'r1', agentId: 'a1' }))
    expect(feed.agent(idOf('a1'))).toMatchObject({ tokens: { input: 100 }, costUsd: 0.5 })
    expect(feed.agent().unattributed).toBeNull()
  })

  test('said again without a figure it keeps the one that was told, in any order; of two that are told the greater', () => {
    const told = request({ requestId: 'r1', input: 100, costUsd: 0.5 })
    const tokens = { input: null, output: 2, cacheRead: null, cacheWrite: 0 }
    const untold = { ...told, tokens, costUsd: null }
    for (const order of [
      [told, untold],
      [untold, told],
      [untold, told, untold],
    ]) {
      feed = new Feed()
      feed.take(...order)
      expect(feed.agent().unattributed).toEqual({
        tokens: { input: 100, output: 2, cacheRead: 0, cacheWrite: 0 },
        costUsd: 0.5,
      })
    }
    feed = new Feed()
    feed.take(request({ requestId: 'r1', costUsd: 9 }), request({ requestId: 'r1', costUsd: 10 }))
    expect(feed.agent().unattributed?.costUsd).toBe(10)
  })

  test('an amount without a request id counts once', () => {
    const record = request({ requestId: null, sequence: 25, input: 7 })
    feed.take(record, record, { ...record }, { ...record, sequence: 26 })
    expect(total().input).toBe(14)
  })

  test('agents and what is unattributed are the session, at every moment (seeds 1–30)', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = seededRandom(seed)
      feed = new Feed()
      const expected = new Map<string, { input: number; costUsd: number }>()
      for (let n = 0; n < 200; n++) {
        const requestId = `r${Math.floor(random() * 60)}`
        if (random() < 0.4)
          feed.take(span({ requestId, agentId: random() < 0.3 ? null : `a${Math.floor(random() * 4)}` }))
        else {
          const amount = {
            input: requestId.length * 10 + Number(requestId.slice(1)),
            costUsd: Number(requestId.slice(1)) / 1e4,
          }
          expected.set(requestId, amount)
          feed.take(request({ requestId, ...amount }))
        }
        const sum = [...expected.values()]
        expect(total(), `seed ${seed}`).toEqual({
          input: sum.reduce((so, { input }) => so + input, 0),
          costUsd: Math.round(sum.reduce((so, { costUsd }) => so + costUsd, 0) * 1e9) / 1e9,
        })
      }
    }
  })

  test('[K10] the ledger is bounded, and what left it never counts twice', () => {
    const records = Array.from({ length: 2 * MAX_REQUESTS }, (_, n) =>
      request({ requestId: `r${n}`, input: 1, at: new Date(START_MS + n).toISOString() }),
    )
    feed.take(...records)
    expect(total().input).toBe(records.length)
    expect(feed.model.sessions.get(SESSION)?.requests.size).toBeLessThanOrEqual(MAX_REQUESTS * 1.25)
    expect(feed.take(...records.slice(0, 500))).toEqual(Array(500).fill('late'))
    feed.take(...records.slice(-500))
    expect(total().input).toBe(records.length)
  })

  test('[K9] what an agent used that left the picture stays its session’s', () => {
    feed.hook('SubagentStart', { agentId: 'a1' })
    feed.take(request({ requestId: 'r1', input: 100 }), span({ requestId: 'r1', agentId: 'a1' }))
    feed.hook('SubagentStop', { agentId: 'a1' })
    feed.pass(ENDED_KEPT_MS + 1)
    expect(feed.agents.map(({ id }) => id)).toEqual([MAIN_ID])
    expect(feed.agent().unattributed?.tokens?.input).toBe(100)
    // Late telemetry does not bring it back, nor count anew.
    feed.take(span({ requestId: 'r1', agentId: 'a1', at: new Date(START_MS).toISOString() }))
    expect(feed.agents).toHaveLength(1)
    expect(total().input).toBe(100)
  })

  test('[K11] metrics are never added to anything; steps and growing sums, resets and repeats are understood', () => {
    const metric = (given: Partial<UsageMetricRecord>): UsageMetricRecord => ({
      type: 'usage-metric',
      sessionId: SESSION,
      host: null,
      isHere: true,
      at: new Date(START_MS + 1_000).toISOString(),
      series: 'model=x',
      field: 'input',
      value: 10,
      temporality: 'delta',
      startAt: new Date(START_MS).toISOString(),
      ...given,
    })
    const second = { at: new Date(START_MS + 2_000).toISOString(), startAt: new Date(START_MS + 1_000).toISOString() }
    feed.take(metric({}), metric({}), metric({ ...second, value: 5 }), metric({ series: 'model=y', value: 1 }))
    expect(feed.agent().crossCheck?.tokens?.input).toBe(16)
    expect(feed.agent()).toMatchObject({ tokens: null, unattributed: null })
    feed = new Feed()
    const growing = { temporality: 'cumulative' as const }
    feed.take(
      metric({ ...growing, value: 10 }),
      metric({ ...growing, at: second.at, value: 25 }),
      metric({ ...growing, value: 10 }),
    )
    expect(feed.agent().crossCheck?.tokens?.input).toBe(25)
    feed.take(metric({ ...growing, ...second, value: 3 }))
    expect(feed.agent().crossCheck?.tokens?.input).toBe(28)
  })
})

describe('[K13] conflicts', () => {
  const write = (given: Partial<HookRecord>, hash = 'h1', name = 'form.tsx') => called('PostToolUse', given, hash, name)
  /** An `Edit`, from its beginning on. */
  const called = (end: HookRecord['event'], given: Partial<HookRecord>, hash = 'h1', name = 'form.tsx') => {
    const useId = `${hash}-${feed.nowMs}`
    feed.tool('PreToolUse', 'Edit', useId, { ...given, tool: { file: { name, hash } } })
    return feed.tool(end, 'Edit', useId, { ...given, tool: { file: { name, hash } } })
  }

  test('two agents that write one file are linked, by the name of the file; it is over after a while', () => {
    write({ agentId: 'a1' })
    expect(feed.linksOf('conflict')).toEqual([])
    const { at } = write({ agentId: 'a2' })
    expect(feed.linksOf('conflict')).toMatchObject([
      { source: idOf('a1'), target: idOf('a2'), evidence: 'both wrote form.tsx', since: at },
    ])
    feed.pass(CONFLICT_WINDOW_MS - 1)
    expect(feed.linksOf('conflict')).toHaveLength(1)
    feed.pass(1)
    expect(feed.linksOf('conflict')).toEqual([])
  })

  test('across sessions of one machine too; not across machines, not for other files, not for one agent', () => {
    write({})
    write({})
    write({ sessionId: 'other' }, 'h2')
    write({ sessionId: 'elsewhere', host: 'server' })
    expect(feed.linksOf('conflict')).toEqual([])
    write({ sessionId: 'other' })
    expect(feed.linksOf('conflict')).toMatchObject([{ source: MAIN_ID, target: 'claude-code/other' }])
  })

  test.each(['PostToolUseFailure', 'PermissionDenied'] as const)('a call that ends by %s wrote nothing', (end) => {
    called(end, { agentId: 'a1' })
    write({ agentId: 'a2' })
    called(end, { agentId: 'a3' })
    expect(feed.linksOf('conflict')).toEqual([])
  })

  test('a call that waits for a permission, or runs, has written nothing yet', () => {
    write({ agentId: 'a1' })
    feed.tool('PreToolUse', 'Write', 'w', { agentId: 'a2', tool: { file: { name: 'form.tsx', hash: 'h1' } } })
    feed.tool('PermissionRequest', 'Write', null, { agentId: 'a2' })
    expect(feed.linksOf('conflict')).toEqual([])
  })

  test('a write that lies too far apart, or was handed over, is none', () => {
    write({ agentId: 'a2' })
    feed.pass(CONFLICT_WINDOW_MS + 1)
    write({ agentId: 'a3' })
    expect(feed.linksOf('conflict')).toEqual([])
    feed.hook('SubagentStop', { agentId: 'a3' })
    write({})
    expect(feed.linksOf('conflict')).toEqual([])
  })
})

describe('[K14] messages', () => {
  test('a call of an agent is a message to it, and a SendMessage is; for a while', () => {
    feed.hook('SubagentStart', { agentId: 'a1' })
    feed.hook('SubagentStart', { agentId: 'a2' })
    feed.tool('PreToolUse', 'SendMessage', 's1', { agentId: 'a1', tool: { to: 'a2' } })
    feed.tool('PreToolUse', 'SendMessage', 's2', { tool: { to: 'nobody' } })
    expect(feed.linksOf('message')).toMatchObject([
      { source: idOf('a1'), target: idOf('a2'), evidence: 'called it by SendMessage' },
    ])
    feed.pass(MESSAGE_KEPT_MS)
    expect(feed.linksOf('message')).toEqual([])
  })
})

describe('[K15] machines', () => {
  test('a session of another machine has a source of its own, also if that is told late', () => {
    feed.take(...recordedTelemetry())
    expect(feed.agent().sourceId).toBe('claude-code')
    feed.take(...recordedHooks({ host: 'server' }))
    expect(feed.agents.map(({ sourceId, host }) => `${sourceId} ${host}`)).toEqual(
      Array(3).fill('claude-code:server server'),
    )
    expect(feed.agents.map(({ id }) => id)).toContain(`claude-code:server/${SESSION}/${FIRST}`)
    feed = new Feed()
    feed.take(...recordedHooks({ host: 'laptop' }))
    expect(feed.agent().sourceId).toBe('claude-code')
  })

  test.each([
    ['192.168.1.7', 'server'],
    ['fe80--1', 'server'],
    ['2001-db8--7', 'Server-2'],
  ])('its name is believed more than the address that it comes from: %s, %s', (address, name) => {
    for (const hosts of [
      [address, name],
      [name, address],
    ]) {
      feed = new Feed()
      for (const host of hosts) feed.take(...recordedHooks({ host }))
      expect(new Set(feed.agents.map(({ host }) => host))).toEqual(new Set([name]))
    }
  })

  test('one of which only telemetry from elsewhere was heard, that names none, is on no machine that is known', () => {
    const elsewhere = recordedTelemetry().map((record) => ({ ...record, isHere: false }))
    feed.take(...elsewhere)
    expect(feed.agent()).toMatchObject({ sourceId: 'claude-code', host: null })
    for (const [machine, expected] of [
      [{ host: null, isHere: true }, 'laptop'],
      [{ host: '192.168.1.7', isHere: false }, '192.168.1.7'],
      [{ host: 'server', isHere: false }, 'server'],
    ] as const) {
      const hooks = recordedHooks().map((record) => ({ ...record, ...machine }))
      for (const records of [
        [...elsewhere, ...hooks],
        [...hooks, ...elsewhere],
      ]) {
        feed = new Feed()
        feed.take(...records)
        expect(new Set(feed.agents.map(({ host }) => host))).toEqual(new Set([expected]))
      }
    }
  })

  test('that something of it came from here tells more than an address, and less than a name', () => {
    const [hook] = recordedHooks()
    const from = [
      { ...hook!, host: '192.168.1.7', isHere: false },
      { ...hook!, host: null, isHere: true },
      { ...hook!, host: 'server', isHere: false },
    ]
    for (const records of [from, from.toReversed()]) {
      feed = new Feed()
      feed.take(...records.filter(({ host }) => host !== 'server'))
      expect(feed.agents.map(({ host }) => host)).toEqual(['laptop'])
      feed.take(...records)
      expect(feed.agents.map(({ host }) => host)).toEqual(['server'])
    }
  })
})

describe('[K16] bounds', () => {
  const bounds = { agents: 40, agentsPerProject: 20, agentsPerSession: 5, rows: 100 }
  const session = (id: string, project: string, event: HookRecord['event'] = 'UserPromptSubmit') =>
    feed.hook(event, { sessionId: id, project })
  const ids = () => new Set([...feed.model.sessions.keys()])

  test('100,000 ids of a hostile sender change nothing for others, and end soon', () => {
    feed = new Feed()
    session('mine', 'shop')
    feed.tool('PreToolUse', 'Bash', 't1', { sessionId: 'mine', project: 'shop' })
    const before = feed.agent('claude-code/mine')
    const hostile = recordedHooks()[1]!
    const startedMs = performance.now()
    let refused = 0
    for (let n = 0; n < 100_000; n++) {
      const record = {
        ...hostile,
        sessionId: `h${n}`,
        project: `p${n % 50_000}`,
        at: new Date(feed.nowMs).toISOString(),
      }
      if (feed.model.take(record, feed.nowMs) === 'tooMany') refused++
    }
    Array.from(feed.model.updates(feed.nowMs))
    expect(performance.now() - startedMs).toBeLessThan(20_000)
    expect(feed.model.agentCount).toBeLessThanOrEqual(20_000)
    expect(refused).toBeGreaterThanOrEqual(80_000)
    expect(feed.agent('claude-code/mine')).toEqual(before)
  })

  test('a noisy project puts out its own that are over, oldest first, and nobody else’s', () => {
    feed = new Feed(bounds)
    session('quiet', 'other')
    session('quiet', 'other', 'SessionEnd')
    for (let n = 0; n < 20; n++) session(`n${n}`, 'noisy')
    for (let n = 0; n < 20; n++) session(`n${n}`, 'noisy', 'SessionEnd')
    session('n20', 'noisy')
    expect(ids().has('quiet')).toBe(true)
    expect(ids().has('n0')).toBe(false)
    expect(ids().has('n20')).toBe(true)
  })

  test('what is in use is never put out: the newcomer is refused', () => {
    feed = new Feed(bounds)
    for (let n = 0; n < 25; n++) session(`n${n}`, 'noisy')
    expect(ids().size).toBe(20)
    session('mine', 'shop')
    expect(ids().has('mine')).toBe(true)
  })

  test('all sessions together remember so much one by one; sums stay right', () => {
    feed = new Feed(bounds)
    for (let n = 0; n < 400; n++) {
      const at = new Date(START_MS + n).toISOString()
      feed.take({ ...request({ requestId: `r${n}`, input: 1, at }), sessionId: `s${n % 4}` })
    }
    expect(feed.model.rowCount).toBeLessThanOrEqual(bounds.rows + 4 * 20)
    expect(feed.agents.map(({ unattributed }) => unattributed?.tokens?.input)).toEqual([100, 100, 100, 100])
  })

  test('of a session’s subagents the one that ended first leaves', () => {
    feed = new Feed(bounds)
    feed.hook('UserPromptSubmit')
    for (const agentId of ['a1', 'a2', 'a3', 'a4']) feed.hook('SubagentStart', { agentId })
    expect(feed.take(feed.hook('SubagentStart', { agentId: 'a5' }))).toEqual(['tooMany'])
    feed.hook('SubagentStop', { agentId: 'a2' })
    feed.hook('SubagentStop', { agentId: 'a1' })
    feed.hook('SubagentStart', { agentId: 'a5' })
    expect(feed.agents.map(({ nativeId }) => nativeId).sort()).toEqual([SESSION, 'a1', 'a3', 'a4', 'a5'].sort())
  })

  test('[K17] what ended leaves after a while, late telemetry does not bring it back, a resume does', () => {
    feed.take(...recordedHooks())
    feed.pass(ENDED_KEPT_MS + 1)
    expect(feed.agents).toEqual([])
    expect(feed.take(...recordedTelemetry())).toEqual(recordedTelemetry().map(() => 'late'))
    expect(feed.agents).toEqual([])
    feed.hook('SessionStart', { reason: 'resume' })
    expect(feed.agents).toHaveLength(1)
  })

  test('[K17] a session whose end nobody saw leaves after half a day of silence', () => {
    feed.hook('UserPromptSubmit')
    feed.pass(SILENT_KEPT_MS - 1)
    expect(feed.agents).toHaveLength(1)
    feed.pass(1)
    expect(feed.agents).toEqual([])
  })
})

function request(given: {
  requestId: string | null
  input?: number
  costUsd?: number
  sequence?: number
  at?: string
}): ApiRequestRecord {
  const { requestId, input = 1, costUsd = 0, sequence = 1, at = new Date(START_MS).toISOString() } = given
  return {
    type: 'api-request',
    sessionId: SESSION,
    host: null,
    isHere: true,
    at,
    requestId,
    sequence,
    promptId: null,
    model: 'opus',
    tokens: { input, output: 1, cacheRead: 0, cacheWrite: 0 },
    costUsd,
    durationMs: 1,
    querySource: 'main',
  }
}

function span(given: Partial<LlmSpanRecord> & { requestId: string }): LlmSpanRecord {
  const at = new Date(START_MS + 5_000).toISOString()
  return {
    type: 'llm-span',
    sessionId: SESSION,
    host: null,
    isHere: true,
    at,
    startAt: new Date(START_MS).toISOString(),
    spanId: `s${given.requestId}`,
    parentSpanId: null,
    agentId: null,
    parentAgentId: null,
    model: 'opus',
    tokens: null,
    ...given,
  }
}
