import { afterEach, describe, expect, it } from 'vitest'
import { QUIET_AFTER_MS, STUCK_AFTER_MS } from '../../protocol/derive.ts'
import { RevisionedStore } from '../../protocol/frames.ts'
import type { Agent, Entity } from '../../protocol/swarm.ts'
import { GROUPS, groupOf, listRows } from '../../web/store/agentGroups.ts'
import { concernsOf, useConcerns } from '../../web/store/concerns.ts'
import { compileQuery, parseQuery } from '../../web/store/query.ts'
import { markOf, rowWords, stateWord } from '../../web/ui/rowWords.ts'
import { agentOf, linkOf } from '../helpers/webWorld.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')
const heard = (agoMs: number) => new Date(NOW - agoMs).toISOString()
const storeOf = (...put: Entity[]) => {
  const store = new RevisionedStore<Entity>('e')
  store.load({ epoch: 'e', seq: 1, put })
  return store
}
const worker = (name: string, agoMs: number, fields: Partial<Agent> = {}) =>
  agentOf(name, { status: 'active', lastActiveAt: heard(agoMs), ...fields })

const loud = worker('loud', 2_000)
const quiet = worker('quiet', QUIET_AFTER_MS)
const stuck = worker('stuck', STUCK_AFTER_MS)
const asking = worker('asking', STUCK_AFTER_MS, { attention: { reason: 'permission: Bash', since: heard(9_000) } })
const testing = worker('testing', STUCK_AFTER_MS, {
  status: 'busy',
  openTools: [{ id: 't', name: 'Bash', detail: null, since: heard(STUCK_AFTER_MS) }],
})
const conflict = linkOf('conflict', loud.id, testing.id, { evidence: 'both wrote index.ts' })
const all = [loud, quiet, stuck, asking, testing]

afterEach(() => useConcerns.setState(concernsOf(storeOf(), NOW), true))
const look = () => {
  const concerns = concernsOf(storeOf(...all, conflict), NOW)
  useConcerns.setState(concerns, true)
  return concerns
}
const found = (query: string) => {
  const filter = compileQuery(parseQuery(query), () => NOW)
  return all.filter((agent) => filter?.(agent)).map(({ name }) => name)
}

describe('what follows from state and time [K12, K13]', () => {
  it('is quiet or stuck only what nothing explains, and counts each once', () => {
    expect(look()).toMatchObject({ stuck: 1, quiet: 1, inConflict: 2, hasWorkers: true })
    expect(found('is:stuck')).toEqual(['stuck'])
    expect(found('is:quiet')).toEqual(['quiet', 'stuck'])
    expect(found('is:conflict')).toEqual(['loud', 'testing'])
    expect(found('status:stuck')).toEqual(['stuck'])
    expect(found('status:working')).toEqual(['loud', 'quiet', 'testing'])
  })

  it('stands in the list after what failed and before what works, in words and by a mark', () => {
    const concerns = look()
    const concern = concerns.byId.get(stuck.id)
    expect(GROUPS.indexOf(groupOf(stuck))).toBe(GROUPS.indexOf('failed') + 1)
    expect(
      listRows([loud, stuck, asking], null).map((row) => (row.type === 'group' ? row.group : row.agent.name)),
    ).toEqual(['needs-you', 'asking', 'stuck', 'stuck', 'working', 'loud'])
    expect(rowWords(stuck, concern)).toEqual({
      text: 'stuck: nothing heard for 5 min while at work',
      tone: 'stuck',
      sinceMs: null,
    })
    expect([markOf(stuck, concern), stateWord(stuck, concern)]).toEqual(['stuck', 'stuck'])
    expect(rowWords(quiet, concerns.byId.get(quiet.id))).toMatchObject({ tone: 'quiet', sinceMs: NOW - QUIET_AFTER_MS })
    expect(rowWords(asking, concerns.byId.get(asking.id))).toEqual({
      text: 'permission: Bash',
      tone: 'needs-you',
      sinceMs: NOW - 9_000,
    })
  })

  it('is the same object while nothing of it changed, so that nothing is drawn for it', () => {
    const store = storeOf(...all, conflict)
    const before = concernsOf(store, NOW)
    expect(concernsOf(store, NOW + 5_000, before)).toBe(before)
    const later = concernsOf(store, NOW + 60_000, before)
    expect(later).not.toBe(before)
    expect(later.byId.get(testing.id)).toBe(before.byId.get(testing.id))
    expect(later.byId.get(stuck.id)?.stuck?.reason).toBe('nothing heard for 6 min while at work')
  })

  it('needs no clock where nobody is at work', () => {
    expect(concernsOf(storeOf(agentOf('a', { status: 'idle', lastActiveAt: heard(9e6) })), NOW).hasWorkers).toBe(false)
    expect(concernsOf(storeOf(agentOf('a', { kind: 'registered', lastActiveAt: heard(9e6) })), NOW).byId.size).toBe(0)
  })
})
