// Records in any order, and said more than once, end in the same picture (SPEC.md, K1).

import { describe, expect, test } from 'vitest'
import type { Entity, Unnumbered } from '../../protocol/swarm.ts'
import { ClaudeCodeModel } from '../../server/sources/claudeCode/model.ts'
import type { ClaudeCodeRecord, HookRecord } from '../../server/sources/claudeCode/records.ts'
import {
  FIRST,
  recorded,
  recordedHooks,
  recordedTelemetry,
  SESSION,
  START_MS,
} from '../helpers/claudeCodeRecordings.ts'
import { canonicalHash, seededRandom } from '../protocol/samples.ts'

const NOW = START_MS + 30_000
const OTHER = { sessionId: '5a5a5a5a-0000-4000-8000-000000000002', suffix: 'x', afterMs: 211 }

/** `isStepwise`: what changes is put into the picture after each record. */
function pictureOf(records: readonly ClaudeCodeRecord[], isStepwise = false): Unnumbered<Entity>[] {
  const nowMs = NOW
  const model = new ClaudeCodeModel('laptop')
  for (const record of records) {
    model.take(record, nowMs)
    if (isStepwise) Array.from(model.updates(nowMs))
  }
  Array.from(model.updates(nowMs))
  const entities = [...model.sessions.keys()].flatMap((id) => {
    const picture = model.picture(id)
    return [...(picture?.agents.values() ?? []), ...(picture?.links ?? [])]
  })
  return [...entities, ...model.conflicts(nowMs).links]
}
const hashOf = (records: readonly ClaudeCodeRecord[], isStepwise = false) =>
  canonicalHash(pictureOf(records, isStepwise))

/** In another order, some of it several times. */
function disturbed(records: readonly ClaudeCodeRecord[], random: () => number): ClaudeCodeRecord[] {
  const all = [...records]
  const repeats = Math.floor(random() * records.length)
  for (let n = 0; n < repeats; n++) all.push(records[Math.floor(random() * records.length)]!)
  for (let at = all.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    ;[all[at], all[other]] = [all[other]!, all[at]!]
  }
  return all
}

/** Each in its own order, one beside the other. */
function interleaved(lists: readonly (readonly ClaudeCodeRecord[])[], random: () => number): ClaudeCodeRecord[] {
  const rest = lists.map((list) => [...list])
  const all: ClaudeCodeRecord[] = []
  for (;;) {
    const left = rest.filter((list) => list.length > 0)
    const next = left[Math.floor(random() * left.length)]?.shift()
    if (!next) return all
    all.push(next)
  }
}

const base = { sessionId: SESSION, host: null, isHere: true, type: 'hook' as const }
/** What the recording has nothing of: asks, failures, writes, messages, an interrupted turn, a lost end. */
function more(): ClaudeCodeRecord[] {
  const hook = (atMs: number, event: string, given: object = {}): ClaudeCodeRecord =>
    ({
      ...recordedHooks()[1],
      ...base,
      event,
      at: new Date(START_MS + 2_000 + atMs).toISOString(),
      ...given,
    }) as ClaudeCodeRecord
  const tool = (name: string, useId: string | null, given: object = {}) => ({
    tool: { name, useId, detail: null, file: null, description: null, to: null, ...given },
  })
  const file = { name: 'form.tsx', hash: 'abc' }
  return [
    hook(0, 'SessionStart', { reason: 'resume' }),
    hook(10, 'UserPromptSubmit'),
    hook(20, 'PreToolUse', tool('Write', 'w1', { file, detail: 'form.tsx' })),
    hook(21, 'PermissionRequest', tool('Write', null)),
    hook(30, 'PostToolUseFailure', tool('Write', 'w1', { file, detail: 'form.tsx' })),
    hook(40, 'PreToolUse', { agentId: FIRST, ...tool('Edit', 'e1', { file }) }),
    hook(50, 'PostToolUse', { agentId: FIRST, ...tool('Edit', 'e1', { file }), durationMs: 10 }),
    hook(55, 'PreToolUse', tool('Edit', 'e2', { file })),
    hook(56, 'PostToolUse', tool('Edit', 'e2', { file })),
    hook(58, 'PreToolUse', { agentId: FIRST, ...tool('Read', 'r1') }),
    hook(60, 'PreToolUse', tool('SendMessage', 's1', { to: FIRST })),
    hook(70, 'PreToolUse', tool('Bash', 'b1')),
    hook(71, 'PermissionRequest', tool('Bash', null)),
    hook(72, 'PermissionDenied', tool('Write', null)),
    hook(73, 'Elicitation'),
    hook(80, 'Notification', { reason: 'idle_prompt' }),
    hook(82, 'PreToolUse', { agentId: 'a7', ...tool('Bash', 'b7') }),
    hook(85, 'StopFailure', { reason: 'rate_limit' }),
    hook(90, 'UserPromptSubmit', { promptId: 'another' }),
    hook(95, 'PreToolUse', tool('Bash', 'b2')),
    hook(96, 'PermissionRequest', tool('Bash', null)),
    hook(1_500, 'UserPromptSubmit', { promptId: 'third' }),
    hook(1_600, 'Stop', { promptId: 'third', running: [] }),
    hook(1_601, 'PreToolUse', { promptId: 'fourth', ...tool('Bash', 'b3') }),
    hook(1_602, 'UserPromptSubmit', { promptId: 'fourth' }),
    hook(1_603, 'PermissionRequest', { promptId: 'fourth', ...tool('Bash', null) }),
  ]
}

/** A turn that ends, one that is queued behind it and is broken off (Esc tells nothing), and the next. */
function turns(): HookRecord[] {
  let atMs = START_MS
  const hook = (afterMs: number, promptId: string, event: HookRecord['event'], given: Partial<HookRecord> = {}) => {
    atMs += afterMs
    const at = new Date(atMs).toISOString()
    return { ...recordedHooks()[1]!, event, promptId, at, ...given }
  }
  const tool = (name: string, useId: string) => ({
    tool: { name, useId, detail: null, file: null, description: null, to: null },
  })
  const sub = { agentId: 'a9' }
  return [
    hook(0, 'p1', 'UserPromptSubmit'),
    hook(300, 'p1', 'PreToolUse', tool('Bash', 'b1')),
    hook(60, 'p1', 'PostToolUse', tool('Bash', 'b1')),
    hook(300, 'p1', 'Stop', { running: [] }),
    hook(4, 'p2', 'UserPromptSubmit'),
    hook(300, 'p2', 'PreToolUse', tool('Agent', 'A')),
    hook(20, 'p2', 'SubagentStart', sub),
    hook(90, 'p2', 'PreToolUse', { ...sub, ...tool('Bash', 'b2') }),
    hook(60, 'p2', 'PostToolUse', { ...sub, ...tool('Bash', 'b2') }),
    hook(200, 'p2', 'PreToolUse', { ...sub, ...tool('Bash', 'b3') }),
    hook(3_000, 'p3', 'UserPromptSubmit'),
    hook(300, 'p3', 'Stop', { running: [] }),
    hook(100, 'p3', 'SessionEnd', { reason: 'other' }),
  ]
}

/** Each comes in late by its own while, and its time is when it came in. */
function late(hooks: readonly HookRecord[], maxLateMs: number, random: () => number): HookRecord[] {
  return hooks
    .map((hook) => {
      // Claude Code waits for this one.
      const lateMs = hook.event === 'SessionStart' ? 0 : Math.floor(random() * maxLateMs)
      return { ...hook, at: new Date(Date.parse(hook.at) + lateMs).toISOString() }
    })
    .sort((a, b) => (a.at < b.at ? -1 : 1))
}

/** What stands in a picture beside when it happened, and by what it is inferred. */
const stateOf = (records: readonly ClaudeCodeRecord[]) =>
  pictureOf(records)
    .map((entity) => {
      if (entity.entity !== 'agent') return { id: entity.id }
      const { id, status, parentId, currentTask, attention, endedReason, tools, openTools, lastFailure } = entity
      const open = openTools?.map((call) => call.id).sort()
      return { id, status, parentId, currentTask, asked: attention?.reason, endedReason, tools, open, lastFailure }
    })
    .filter(({ id }) => !id.includes('/inferred/'))
    .sort((a, b) => (a.id < b.id ? -1 : 1))

describe('[K21] hooks that come in late, with no time of their own, end in the same state', () => {
  const runs = { 'the recorded run': recordedHooks(), 'turns and an interrupt': turns() }
  for (const [name, hooks] of Object.entries(runs)) {
    for (const others of name === 'the recorded run' ? [[], recordedTelemetry()] : [[]]) {
      test(`${name}${others.length > 0 ? ', with telemetry' : ''}: after each of its hooks (seeds 1–40)`, () => {
        for (let end = 1; end <= hooks.length; end++) {
          const expected = stateOf([...hooks.slice(0, end), ...others])
          for (let seed = 1; seed <= 40; seed++) {
            const records = [...late(hooks.slice(0, end), 400, seededRandom(seed)), ...others]
            expect(stateOf(records), `after ${end}, seed ${seed}`).toEqual(expected)
          }
        }
      })
    }
  }

  // Hooks that a user wrote by hand beside ours: by http at once, by curl a little later and with the process that sends.
  for (const [name, hooks] of Object.entries(runs)) {
    test(`${name}, each hook posted twice: the state after each is that of once (seeds 1–40)`, () => {
      for (let end = 1; end <= hooks.length; end++) {
        const once = hooks.slice(0, end)
        const expected = stateOf(once)
        for (let seed = 1; seed <= 40; seed++) {
          const random = seededRandom(seed)
          const again = late(once, 400, random).map((hook) => ({ ...hook, parentPid: 4_711, parentStart: '1' }))
          const both = [...once, ...again].sort((a, b) => (a.at < b.at ? -1 : 1))
          expect(stateOf(both), `after ${end}, seed ${seed}`).toEqual(expected)
        }
      }
    })
  }

  test('the states are not all one: a property that cannot fail proves nothing', () => {
    const statuses = turns().map((_, index) =>
      stateOf(turns().slice(0, index + 1)).map((state) => ('status' in state ? state.status : '')),
    )
    expect(statuses.map((of) => of.join(' '))).toEqual([
      'active',
      'busy',
      'active',
      'idle',
      'active',
      'busy',
      'busy active',
      'busy busy',
      'busy active',
      'busy busy',
      'active busy',
      'idle offline',
      'offline offline',
    ])
  })
})

describe('[K1] any order and any repetition of the records end in the same picture', () => {
  const runs: Record<string, readonly ClaudeCodeRecord[]> = {
    hooks: recordedHooks(),
    telemetry: recordedTelemetry(),
    'hooks and telemetry': recorded(),
    'two sessions': [...recorded(), ...recorded(OTHER)],
    'what the recording has not': [...recorded(), ...more()],
  }
  for (const [name, records] of Object.entries(runs)) {
    test(`${name} (seeds 1–60)`, () => {
      const expected = hashOf(records)
      for (let seed = 1; seed <= 60; seed++) {
        const hash = hashOf(disturbed(records, seededRandom(seed)))
        if (hash !== expected) {
          // Says which entity differs.
          expect(sorted(pictureOf(disturbed(records, seededRandom(seed)))), `seed ${seed}`).toEqual(
            sorted(pictureOf(records)),
          )
        }
        expect(hash, `seed ${seed}`).toBe(expected)
      }
    })
  }

  for (const [name, records] of Object.entries(runs)) {
    test(`${name}: put together step by step it is the same as at once (seeds 1–25)`, () => {
      const expected = hashOf(records)
      for (let seed = 1; seed <= 25; seed++) {
        const order = disturbed(records, seededRandom(seed))
        const hash = hashOf(order, true)
        if (hash !== expected)
          expect(sorted(pictureOf(order, true)), `seed ${seed}`).toEqual(sorted(pictureOf(records)))
        expect(hash, `seed ${seed}`).toBe(expected)
      }
    })
  }

  test('two sessions, each in its own order, one beside the other (seeds 1–60)', () => {
    const lists = [recordedHooks(), recordedTelemetry(), recordedHooks(OTHER), recordedTelemetry(OTHER)]
    const expected = hashOf(lists.flat())
    for (let seed = 1; seed <= 60; seed++) {
      expect(hashOf(interleaved(lists, seededRandom(seed))), `seed ${seed}`).toBe(expected)
    }
  })

  test('the picture is not empty: a property that cannot fail proves nothing', () => {
    const picture = pictureOf([...recorded(), ...more()])
    expect(picture.filter(({ entity }) => entity === 'agent')).toHaveLength(4)
    expect(new Set(picture.map((entity) => ('kind' in entity ? entity.kind : '')))).toEqual(
      new Set(['observed', 'spawned', 'inferred', 'message', 'conflict']),
    )
    expect(hashOf(recorded().slice(1))).not.toBe(hashOf(recorded()))
  })
})

const sorted = (entities: Unnumbered<Entity>[]) =>
  [...entities].sort((a, b) => (a.entity + a.id < b.entity + b.id ? -1 : 1))
