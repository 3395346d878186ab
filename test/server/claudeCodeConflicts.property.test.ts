// Conflicts are kept up by what changes: whatever happened, they are what they would be if all were looked at anew.

import { describe, expect, test } from 'vitest'
import { CONFLICT_WINDOW_MS, Conflicts, type Writer } from '../../server/sources/claudeCode/conflicts.ts'
import { seededRandom } from '../protocol/samples.ts'

const BEGIN_MS = Date.parse('2026-11-23T22:00:00.000Z')
const isoOf = (ms: number) => new Date(ms).toISOString()
const writer = (id: string, writes: Writer['writes'], given: Partial<Writer> = {}): Writer => ({
  id,
  sourceId: 'claude-code',
  parentId: null,
  endedAt: null,
  host: 'laptop',
  writes,
  ...given,
})
const byId = (conflicts: Conflicts, nowMs: number) =>
  [...conflicts.links(nowMs).links].sort((a, b) => (a.id < b.id ? -1 : 1))

describe('[K13] two agents on one file', () => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))('step by step is the same as anew (seed %i)', (seed) => {
    const random = seededRandom(seed)
    const pick = (count: number) => Math.floor(random() * count)
    const kept = new Conflicts()
    const writers = new Map<string, Writer>()
    let nowMs = BEGIN_MS
    for (let step = 0; step < 200; step++) {
      const id = `a${pick(6)}`
      const known = writers.get(id)
      nowMs += random() < 0.1 ? pick(CONFLICT_WINDOW_MS) : pick(1_000)
      if (random() < 0.1) {
        kept.delete(id)
        writers.delete(id)
      } else {
        const hash = `h${pick(4)}`
        const writes = { ...known?.writes }
        if (random() < 0.7) writes[hash] = { at: isoOf(nowMs), value: `${hash}.ts` }
        else if (random() < 0.3) delete writes[hash]
        const host = known?.host ?? 'laptop'
        const next = writer(id, random() < 0.2 && known ? known.writes : writes, {
          parentId: random() < 0.1 ? `a${pick(6)}` : (known?.parentId ?? null),
          endedAt: random() < 0.1 ? isoOf(nowMs) : (known?.endedAt ?? null),
          host: random() < 0.05 ? 'server' : host,
        })
        kept.put(next)
        writers.set(id, next)
      }
      const anew = new Conflicts()
      for (const each of writers.values()) anew.put(each)
      expect(byId(kept, nowMs)).toEqual(byId(anew, nowMs))
      const { links, dueMs } = kept.links(nowMs)
      expect(kept.links(nowMs).links).toBe(links)
      // Never told too late.
      if (Number.isFinite(dueMs)) expect(byId(kept, dueMs - 1)).toEqual(byId(kept, nowMs))
      else expect(links).toEqual([])
    }
  })

  test('[K16] 4,000 agents that write 40,000 files are looked at a few files at a time, and 2,000 links are told', () => {
    const conflicts = new Conflicts()
    for (let n = 0; n < 4_000; n++) {
      const files = Array.from({ length: 20 }, (_, file) => [
        `${n >> 1}-${file}`,
        { at: isoOf(BEGIN_MS), value: 'x.ts' },
      ])
      conflicts.put(writer(`a${String(n).padStart(4, '0')}`, Object.fromEntries(files)))
    }
    const seen: number[] = []
    for (let due = BEGIN_MS; due <= BEGIN_MS; ) {
      const told = conflicts.links(BEGIN_MS)
      seen.push(told.links.length)
      due = told.dueMs
    }
    expect(seen.length).toBeGreaterThan(100)
    expect(seen.at(-1)).toBe(2_000)
    expect(Math.max(...seen)).toBe(2_000)
    // Those that found no room come when there is some.
    for (let n = 0; n < 200; n++) conflicts.delete(`a${String(n).padStart(4, '0')}`)
    conflicts.put(writer('late-1', { new: { at: isoOf(BEGIN_MS), value: 'y.ts' } }))
    conflicts.put(writer('late-2', { new: { at: isoOf(BEGIN_MS), value: 'y.ts' } }))
    for (let calls = 0; conflicts.links(BEGIN_MS).dueMs <= BEGIN_MS; calls++) expect(calls).toBeLessThan(1_000)
    expect(conflicts.links(BEGIN_MS).links.map(({ id }) => id)).toContain('late-1/conflict/late-2')
    expect(conflicts.links(BEGIN_MS + CONFLICT_WINDOW_MS).dueMs).toBeGreaterThanOrEqual(BEGIN_MS)
  })
})
