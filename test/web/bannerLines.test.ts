import { describe, expect, it } from 'vitest'
import type { ConnectionState } from '../../protocol/connection.ts'
import { errorBody } from '../../protocol/errors.ts'
import type { SourceStatus } from '../../protocol/swarm.ts'
import type { Line } from '../../web/store/line.ts'
import { modeShown, staleSourceIds } from '../../web/store/line.ts'
import { serverUnreachable, versionMismatch } from '../../web/stream/lineErrors.ts'
import { bannerLines, commandFor, inWords } from '../../web/ui/bannerLines.ts'
import { chipsFor, type ShownChip } from '../../web/ui/chipRoom.ts'
import { sourceChip } from '../../web/ui/sourceChip.ts'
import { liveSource } from '../helpers/webFakeServer.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const live: ConnectionState = { state: 'live', since: 0, failures: 0 }
const { success: _, ...refusal } = errorBody('CONNECTION_REFUSED', { host: '127.0.0.1', port: 3000 })

const lost = (fields: Partial<SourceStatus> = {}) =>
  liveSource({
    state: 'waiting',
    since: new Date(NOW - 42_000).toISOString(),
    attempt: 2,
    retryAt: new Date(NOW + 4_000).toISOString(),
    lastError: refusal,
    ...fields,
  })

function line(mode: 'live' | 'mock' | 'stale', sources: SourceStatus[], fields: Partial<Line> = {}): Line {
  return {
    connection: live,
    downSinceMs: null,
    status: { type: 'status', mode, degraded: [], sources, viewers: 1, at: new Date(NOW).toISOString() },
    role: 'operator',
    serverVersion: '1',
    commands: {
      connect: 'npm start -- connect --project /srv/shop',
      doctor: 'npm start -- doctor --project /srv/shop',
    },
    doors: null,
    unreadable: 0,
    clockOffsetMs: 0,
    steadyOffsetMs: 0,
    recorded: null,
    signIn: null,
    ...fields,
  }
}

describe('the banner', () => {
  it('is not there when all is live', () => expect(bannerLines(line('live', [liveSource()]), NOW)).toEqual([]))

  it('says what is wrong, how old the agents are, what to do and when it is tried again', () => {
    expect(bannerLines(line('stale', [lost()]), NOW)).toMatchObject([
      {
        tone: 'lost',
        sentence: 'Failed to connect to Claude Flow.',
        suggestion: 'Ensure the MCP WebSocket relay is running on 127.0.0.1:3000',
        command: 'npm run relay -- --port 3000',
        retryAtMs: NOW + 4_000,
        asOfMs: NOW - 42_000,
        canRetry: true,
      },
    ])
  })

  it('counts by the server’s clock', () => {
    const [first] = bannerLines(line('stale', [lost()], { steadyOffsetMs: -3_600_000 }), NOW)
    expect(first).toMatchObject({ retryAtMs: NOW + 3_604_000, asOfMs: NOW - 42_000 + 3_600_000 })
  })

  it('says MOCK and why', () => {
    const [mock, reason] = bannerLines(line('mock', [lost()]), NOW)
    expect(mock).toMatchObject({ word: 'MOCK', tone: 'mock' })
    expect(reason).toMatchObject({ tone: 'mock', sentence: 'Failed to connect to Claude Flow.', asOfMs: null })
    expect(bannerLines(line('mock', []), NOW)).toHaveLength(1)
  })

  it('names both ways out of MOCK: claude-flow, and Claude Code by the very command', () => {
    const { success: _, ...missing } = errorBody('CHILD_NOT_FOUND')
    const nobody = liveSource({ state: 'never', lastError: missing })
    const [mock, reason] = bannerLines(line('mock', [nobody]), NOW)
    expect(mock).toMatchObject({
      word: 'MOCK',
      suggestion: 'To see yours, start claude-flow in the project, or have Claude Code report here:',
      command: 'npm start -- connect --project /srv/shop',
    })
    expect(mock && inWords(mock)).toContain('report here: npm start -- connect')
    expect(reason).toMatchObject({ tone: 'mock', command: 'npm install claude-flow', canRetry: false })
    const [demo] = bannerLines(line('mock', [liveSource({ kind: 'mock' })]), NOW)
    expect(demo).toMatchObject({ suggestion: 'Start without --demo to see your own.', command: null })
  })

  it('tells of a claude-flow that never was, beside what is live, in one calm line after all others', () => {
    const { success: _, ...missing } = errorBody('CHILD_NOT_FOUND', { suggestion: 'To do without, --no-claude-flow' })
    const claudeCode = liveSource({ id: 'code', kind: 'claude-code', state: 'receiving', counts: { hooksFailed: 1 } })
    const never = liveSource({ state: 'never', lastError: missing })
    const lines = bannerLines(line('live', [never, claudeCode]), NOW)
    expect(lines.map(({ tone }) => tone)).toEqual(['warning', 'note'])
    expect(lines[1]).toMatchObject({
      sentence: 'claude-flow was not found.',
      suggestion: 'To do without, --no-claude-flow',
      canRetry: false,
      command: null,
    })
    // One that was there stays an alarm.
    const gone = liveSource({ state: 'unavailable', lastError: missing })
    expect(bannerLines(line('live', [gone, claudeCode]), NOW)[0]).toMatchObject({ tone: 'lost' })
  })

  it('tells of one lost source among live ones, without calling all stale', () => {
    expect(bannerLines(line('live', [liveSource(), lost({ id: 'other' })]), NOW)).toMatchObject([
      { key: 'other', asOfMs: null },
    ])
  })

  it('tells of a live source without its claude-flow that its files are shown, and offers no retry', () => {
    const { success: _, ...missing } = errorBody('CHILD_NOT_FOUND')
    expect(bannerLines(line('live', [liveSource({ lastError: missing })]), NOW)).toMatchObject([
      {
        sentence: 'claude-flow is not installed. Its files are shown.',
        command: 'npm install claude-flow',
        canRetry: false,
        asOfMs: null,
      },
    ])
  })

  it('gives no command for a relay that the server starts again by itself', () => {
    const { success: _, ...own } = errorBody('CONNECTION_REFUSED', { host: '127.0.0.1', port: 3000, managed: true })
    expect(bannerLines(line('stale', [lost({ lastError: own })]), NOW)).toMatchObject([
      { suggestion: expect.stringContaining('by itself'), command: null },
    ])
  })

  it('[V7, L11] says that what happens is not kept, and what to do, beside all that is shown', () => {
    const { success: _, ...logError } = errorBody('LOG_UNAVAILABLE', {
      detail: 'Its disk is full',
      fix: 'make room in the data folder',
    })
    const unkept = (mode: 'live' | 'stale', sources: SourceStatus[], fields: Partial<Line> = {}) => {
      const { status, ...rest } = line(mode, sources, fields)
      return { ...rest, status: status && { ...status, logError } }
    }
    expect(bannerLines(unkept('live', [liveSource()]), NOW)).toMatchObject([
      {
        key: 'log',
        sentence: 'The event log cannot be written.',
        suggestion: expect.stringContaining('make room in the data folder, then restart the server'),
        canRetry: false,
        command: null,
      },
    ])
    expect(bannerLines(unkept('stale', [lost()]), NOW).map(({ key }) => key)).toEqual(['test', 'log'])
    // A server that is away tells nothing of its disk.
    const closed: ConnectionState = { state: 'closed', since: NOW, lastError: versionMismatch() }
    const down = bannerLines(unkept('live', [], { connection: closed, downSinceMs: NOW }), NOW)
    expect(down.map(({ key }) => key)).toEqual(['line'])
  })

  it('[H6] says of a recording that is damaged why it goes no further, and offers no retry', () => {
    const { success: _, ...lastError } = errorBody('RECORDING_UNREADABLE', { detail: 'Line 7 is no event' })
    const broken = liveSource({ id: 'replay', kind: 'replay', state: 'closed', url: null, lastError })
    const shown = line('live', [broken])
    const replayed = { ...shown, status: shown.status && { ...shown.status, mode: 'replay' as const } }
    expect(bannerLines(replayed, NOW)).toMatchObject([
      { key: 'past', word: 'REPLAY' },
      {
        key: 'replay',
        sentence: 'The recording cannot be played.',
        suggestion: expect.stringContaining('Line 7'),
        canRetry: false,
      },
    ])
  })

  it('offers no retry to who may only look', () => {
    expect(bannerLines(line('stale', [lost()], { role: 'viewer' }), NOW)).toMatchObject([{ canRetry: false }])
    expect(bannerLines(line('stale', [], { role: 'viewer' }), NOW)).toMatchObject([{ canRetry: false }])
  })

  it('waits a moment before it speaks of the page’s own line, and then speaks of nothing else', () => {
    const waiting: ConnectionState = {
      state: 'waiting',
      since: NOW,
      failures: 1,
      lastError: serverUnreachable(),
      retryAt: NOW + 500,
    }
    const down = line('live', [lost()], { connection: waiting, downSinceMs: NOW })
    expect(bannerLines(down, NOW + 100).map(({ key }) => key)).toEqual(['test'])
    expect(modeShown(down, NOW + 100)).toBe('live')
    expect(bannerLines(down, NOW + 2_000)).toMatchObject([
      { key: 'line', sentence: 'The Swarmscope server cannot be reached.', command: 'npm start', asOfMs: NOW },
    ])
    expect(modeShown(down, NOW + 2_000)).toBe('stale')
  })

  it('keeps MOCK on the page while the server is away', () => {
    const waiting: ConnectionState = {
      state: 'waiting',
      since: NOW,
      failures: 1,
      lastError: serverUnreachable(),
      retryAt: NOW,
    }
    const lines = bannerLines(line('mock', [], { connection: waiting, downSinceMs: NOW - 5_000 }), NOW)
    expect(lines.map(({ key }) => key)).toEqual(['line', 'mock'])
  })

  it('asks for a reload when page and server do not understand each other', () => {
    const closed: ConnectionState = { state: 'closed', since: NOW, lastError: versionMismatch() }
    const [first] = bannerLines(line('live', [], { connection: closed, downSinceMs: NOW, status: null }), NOW)
    expect(first).toMatchObject({ reload: true, canRetry: false })
  })

  it('offers only commands that are right on this machine', () => {
    expect(commandFor(refusal, 'ws://powerdev:3000/ws')).toBeNull()
    expect(commandFor(refusal, 'ws://[::1]:3100/ws')).toBe('npm run relay -- --port 3100')
    expect(commandFor(errorBody('CHILD_NOT_FOUND'), null)).toBe('npm install claude-flow')
    expect(commandFor(errorBody('RELAY_UNAUTHORIZED'), 'ws://127.0.0.1:3000/ws')).toBeNull()
  })

  it('names as stale the sources that are not live, each by itself', () => {
    const { status } = line('live', [liveSource(), lost({ id: 'gone' }), liveSource({ id: 'once', state: 'limited' })])
    expect([...staleSourceIds(status)]).toEqual(['gone'])
  })

  it('asks for a reload when the server is of another version than the page', () => {
    const other = line('live', [liveSource()], { serverVersion: '2.0.0' })
    expect(bannerLines(other, NOW, '1.9.0')).toMatchObject([
      { key: 'version', reload: true, suggestion: 'It is 2.0.0, this page 1.9.0: reload to have the same.' },
    ])
    expect(bannerLines(other, NOW, '2.0.0')).toEqual([])
    expect(bannerLines(other, NOW, '2.0.0', true)).toMatchObject([{ key: 'part', reload: true }])
  })

  it('tells how much of what the server says cannot be shown, once with the versions where they differ', () => {
    const some = line('live', [liveSource()], { serverVersion: '2.0.0', unreadable: 3 })
    const figure = '3 left out so far.'
    expect(bannerLines(some, NOW, '1.9.0')).toMatchObject([{ key: 'version', reload: true, figure }])
    expect(bannerLines(some, NOW, '2.0.0')).toMatchObject([{ key: 'unreadable', reload: true, figure }])
  })

  it('has a chip and a line for a source whose kind and state are of another version, in its own words', () => {
    const foreign = { kind: 'codex', state: 'dreaming' } as unknown as Partial<SourceStatus>
    const source = lost({ ...foreign, counts: { hooksFailed: 2 } })
    expect(sourceChip(source, NOW, true)).toMatchObject({ name: 'codex', state: 'dreaming', tone: 'trying' })
    expect(bannerLines(line('live', [liveSource(), source]), NOW).map(({ sentence }) => sentence)).toEqual([
      'Failed to connect to Claude Flow.',
      'Some of what codex sent is missing here.',
    ])
  })
})

describe('a source in the top bar', () => {
  const chip = (fields: Partial<SourceStatus>, wasLive = true) => {
    const { tone, name, state } = sourceChip(
      liveSource({ since: new Date(NOW - 42_000).toISOString(), ...fields }),
      NOW,
      wasLive,
    )
    return `${name}: ${state} (${tone})`
  }

  it.each([
    [{}, 'claude-flow: live (live)'],
    [{ lastError: refusal }, 'claude-flow: files only (trying)'],
    [{ state: 'limited' }, 'claude-flow: read once (live)'],
    [{ state: 'waiting', lastError: refusal }, 'claude-flow: lost 42 s ago (lost)'],
    [{ state: 'connecting', lastError: null }, 'claude-flow: connecting (trying)'],
    [{ state: 'closed', lastError: refusal }, 'claude-flow: refused (lost)'],
    [{ state: 'unavailable' }, 'claude-flow: nothing there (lost)'],
    [{ kind: 'claude-code', state: 'receiving' }, 'Claude Code: receiving (live)'],
    [{ kind: 'claude-code', state: 'quiet' }, 'Claude Code: quiet for 42 s (quiet)'],
    [{ kind: 'otlp', state: 'never' }, 'OTLP: nothing sent yet (trying)'],
    [{ state: 'never', lastError: refusal }, 'claude-flow: not found (trying)'],
    [{ kind: 'mock' }, 'demo: invented (mock)'],
  ] as const)('%j is %s', (fields, words) => expect(chip(fields)).toBe(words))

  it('was not lost if it was never there', () =>
    expect(chip({ state: 'waiting', lastError: refusal }, false)).toBe('claude-flow: not reached (lost)'))

  it('tells what of that which it sent was not taken', () => {
    const { title } = sourceChip(liveSource({ url: null, counts: { taken: 1_200, dropped: 3 } }), NOW, true)
    expect(title).toBe('records taken 1,200 · dropped 3')
  })
})

describe('what is no fault of a connection', () => {
  const budget = (level: 'ok' | 'warning' | 'exceeded', spentUsd: number) => ({ limitUsd: 5, spentUsd, level })

  it('the budget is told from 80 % on, louder beyond it, and its figure is not announced anew', () => {
    const lines = (level: 'ok' | 'warning' | 'exceeded', spent: number) =>
      bannerLines(line('live', [liveSource()]), NOW, null, false, budget(level, spent))
    expect(lines('ok', 3.9)).toEqual([])
    expect(lines('warning', 4.1)).toMatchObject([
      { tone: 'warning', sentence: 'The budget of $5.00 is nearly spent.', figure: '82 %: $4.10 reported so far.' },
    ])
    expect(lines('warning', 4.2)[0]?.sentence).toBe(lines('warning', 4.1)[0]?.sentence)
    expect(lines('exceeded', 5.2)).toMatchObject([{ tone: 'lost', sentence: 'The budget of $5.00 is exceeded.' }])
  })

  it('what a source sent and is missing here is told with its number; what says nothing is no loss', () => {
    const source = (counts: Record<string, number>) => liveSource({ kind: 'claude-code', state: 'receiving', counts })
    const lines = (counts: Record<string, number>) => bannerLines(line('live', [source(counts)]), NOW)
    expect(lines({ hooks: 900, hooksIgnored: 12, telemetryForeign: 4 })).toEqual([])
    expect(lines({ hooks: 900, hooksDroppedActivity: 1_200, refused: 1 })).toMatchObject([
      { tone: 'warning', figure: '1,200 tool calls dropped, 1 requests refused.' },
    ])
    expect(lines({ taken: 9, busy: 3 })).toMatchObject([{ figure: '3 records turned away while too much waited.' }])
    expect(lines({ spans: 90, spansRepeated: 4 })).toEqual([])
    expect(lines({ spans: 90, spansLate: 2, spansDropped: 1 })).toMatchObject([
      { figure: '2 spans that came too late, 1 spans beyond the room for their trace.' },
    ])
  })
})

describe('the chips of the sources', () => {
  const chip = (name: string, state: string, more: Partial<ShownChip> = {}): ShownChip => ({
    key: name,
    name,
    state,
    tone: 'live',
    ...more,
  })
  const flow = chip('claude-flow', 'live')
  const code = chip('Claude Code', 'receiving')
  const unheard = chip('OTLP', 'nothing sent yet', { tone: 'trying', isUnheard: true })
  const lost = chip('claude-flow', 'lost 12 s ago', { tone: 'lost' })
  /** Ten pixels a letter of a name, five of how it is. */
  const widthOf = (words: string, part: 'name' | 'state') => words.length * (part === 'name' ? 10 : 5)
  const said = (chips: readonly ShownChip[], widthPx: number) =>
    chipsFor(chips, widthPx, widthOf).map(({ name, state }) => `${name} ${state}`.trim())

  it('say less where there is less room: first who never sent anything, then that all is well, then how many', () => {
    const all = [flow, code, unheard]
    expect(said(all, 1_000)).toEqual(['claude-flow live', 'Claude Code receiving', 'OTLP nothing sent yet'])
    expect(said(all, 420)).toEqual(['claude-flow live', 'Claude Code receiving'])
    expect(said(all, 310)).toEqual(['claude-flow', 'Claude Code'])
    expect(said(all, 140)).toEqual(['2 sources'])
    expect(said(all, 60)).toEqual(['2'])
    expect(chipsFor(all, 140, widthOf)[0]?.title).toBe('claude-flow: live, Claude Code: receiving')
  })

  it('say all up to the very pixel', () => {
    // Border, edges and dot 39, the name's 11 letters, a gap of 8, how it is: 4 letters.
    const widthPx = 39 + 110 + 8 + 20
    expect(said([flow], widthPx)).toEqual(['claude-flow live'])
    expect(said([flow], widthPx - 1)).toEqual(['claude-flow'])
    expect(said([flow, code], widthPx + 8 + 39 + 110 + 8 + 45)).toEqual(['claude-flow live', 'Claude Code receiving'])
  })

  it('are one while nobody ever sent anything and there is no room for all', () => {
    const nobody = [unheard, { ...unheard, key: 'code', name: 'Claude Code' }]
    expect(said(nobody, 1_000)).toHaveLength(2)
    expect(said(nobody, 260)).toEqual(['2 sources nothing yet'])
    expect(chipsFor(nobody, 260, widthOf)[0]?.title).toBe('OTLP: nothing sent yet, Claude Code: nothing sent yet')
  })

  it('always say what is lost', () => {
    for (const widthPx of [1_000, 300, 200, 0])
      expect(said([lost, code, unheard], widthPx)).toContain('claude-flow lost 12 s ago')
  })

  it('tell of the only one, and of who never sent anything where there is nobody else', () => {
    expect(said([flow, unheard], 10)).toEqual(['claude-flow'])
    expect(said([unheard], 1_000)).toEqual(['OTLP nothing sent yet'])
    expect(said([unheard], 10)).toEqual(['OTLP nothing sent yet'])
  })
})
