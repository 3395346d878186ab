// What a server that starts again says of agents that it knew before: last known, as old as they are, until their source
// has spoken.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { staleSinceMs } from '../../protocol/derive.ts'
import { errorBody } from '../../protocol/errors.ts'
import { SqliteLog } from '../../server/log/sqliteLog.ts'
import { ClaudeFlowSource } from '../../server/sources/claudeFlow/claudeFlowSource.ts'
import { endFormerClaudeFlow } from '../../server/sources/claudeFlow/endOfSource.ts'
import { View } from '../../server/view.ts'
import { World } from '../../server/world.ts'
import { FakeRelay } from '../helpers/fakeRelay.ts'
import { InThread } from '../helpers/logFileInThread.ts'
import { records3, runningStores3, type Stores3 } from '../helpers/recordings.ts'
import { silentLog } from '../helpers/silentLog.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'
import { until } from '../helpers/until.ts'

const NOT_FOUND = { state: 'missing', serverInfo: null, restarts: 0 } as const

const ends: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const edited = (edit: (stores: Stores3) => void) => {
  const stores = runningStores3()
  edit(stores)
  return records3(stores)
}

let relay: FakeRelay
let path: string
beforeEach(async () => {
  const folder = temporaryFolder('restart')
  path = `${folder.path}/events.db`
  relay = await new FakeRelay().start()
  relay.records.set(records3(runningStores3()))
  ends.push(folder.remove, () => relay.stop())
})

/** One run of a server, as far as it matters here. */
async function run(port = relay.port, isOptional = false) {
  const log = await SqliteLog.open({ path, bootId: 'boot', thread: new InThread() })
  const world = await World.open('real', log)
  const source = new ClaudeFlowSource({
    address: { host: '127.0.0.1', port },
    isOptional,
    token: relay.token,
    world,
    log: silentLog,
  })
  const view = new View({ demo: false, real: world, sources: [source], mock: () => world })
  const stop = async () => {
    view.close()
    await source.close()
    await world.close()
  }
  ends.push(stop)
  const live = () =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (view.mode === 'live') resolve()
      }
      view.onChange(look)
      source.start()
      look()
    })
  return { log, world, source, view, stop, live, agents: () => world.store.all('agent') }
}

async function firstRun() {
  const first = await run()
  await first.live()
  expect(first.agents().size).toBe(8)
  const before = Date.now()
  await first.stop()
  return { ...first, before }
}

test('[M9] a claude-flow that never was is no former source: the next start is not stale for want of it', async () => {
  relay.records.set([])
  relay.state = { child: { ...NOT_FOUND, lastError: errorBody('CHILD_NOT_FOUND') }, hasState: false }
  for (let starts = 0; starts < 2; starts++) {
    const { view, source, stop } = await run(relay.port, true)
    source.start()
    await until(() => source.status.state === 'never')
    expect(view.mode).toBe('mock')
    await stop()
  }
})

test('[M8] a start without claude-flow shows nothing of it as if it went on, and one with it again shows all anew', async () => {
  await firstRun()
  const log = await SqliteLog.open({ path, bootId: 'boot', thread: new InThread() })
  const world = await World.open('real', log)
  await endFormerClaudeFlow(world)
  expect(world.isEmpty).toBe(true)
  expect(world.hasHeardSource).toBe(false)
  await endFormerClaudeFlow(world)
  await world.close()
  const again = await run()
  await again.live()
  expect(again.agents().size).toBe(8)
})

test('[M3, M6] before the source has answered, the last known agents are there, stale since the server stopped', async () => {
  const { before } = await firstRun()
  const { view, source, agents } = await run()
  expect(view.mode).toBe('stale')
  expect(agents().size).toBe(8)
  const scout = agents().get(`${relay.sourceId}/scout`)
  const sinceMs = scout ? staleSinceMs(scout, view.sources) : null
  expect(sinceMs).toBeGreaterThanOrEqual(before)
  expect(sinceMs).toBeLessThanOrEqual(Date.now())
  expect(view.degraded).toEqual([relay.sourceId])
  expect(source.status).toMatchObject({ id: relay.sourceId, state: 'idle' })
})

test('[M3] … also if the relay comes by another port now', async () => {
  await firstRun()
  const { view, agents } = await run(1)
  expect([...agents().values()].every((agent) => staleSinceMs(agent, view.sources) !== null)).toBe(true)
})

test('[L6] what did not change meanwhile is not said again, and keeps its number', async () => {
  const first = await firstRun()
  const revs = new Map([...first.agents().values()].map(({ id, rev }) => [id, rev]))
  const second = await run()
  await second.live()
  expect(second.log.epoch).toBe(first.log.epoch)
  expect(new Map([...second.agents().values()].map(({ id, rev }) => [id, rev]))).toEqual(revs)
})

test('what is gone, came or changed meanwhile is so as soon as the view is live; a relay that counts anew is believed', async () => {
  const changed = async (
    edit: (stores: Stores3) => void,
    check: (at: Awaited<ReturnType<typeof run>>) => void | Promise<void>,
  ) => {
    const next = await run()
    // Another run of the relay: its revisions begin again.
    relay.records = new (relay.records.constructor as new () => typeof relay.records)()
    relay.records.set(edited(edit))
    await next.live()
    await check(next)
    await next.stop()
  }
  await firstRun()
  await changed(
    ({ agents }) => delete agents.agents.scout,
    ({ agents }) => expect([...agents().keys()]).not.toContain(`${relay.sourceId}/scout`),
  )
  await changed(
    ({ agents }) => (agents.agents.scout!.status = 'busy'),
    ({ agents }) => expect(agents().get(`${relay.sourceId}/scout`)?.status).toBe('busy'),
  )
  await changed(
    () => undefined,
    async ({ agents, world }) => {
      expect(agents().get(`${relay.sourceId}/scout`)?.status).not.toBe('busy')
      expect(agents().size).toBe(8)
      await until(() => world.store.get('source', relay.sourceId)?.state === 'live')
      expect(world.store.all('source').size).toBe(1)
    },
  )
})

test('another source than in the former run ends what that one said', async () => {
  await firstRun()
  relay.sourceId = 'another'
  const { live, world, agents } = await run()
  await live()
  expect(agents().size).toBe(8)
  expect([...agents().values()].every(({ sourceId }) => sourceId === 'another')).toBe(true)
  await until(() => world.store.get('source', 'another')?.state === 'live')
  expect([...world.store.all('source').keys()]).toEqual(['another'])
  for (const kind of ['task', 'swarm', 'link'] as const) {
    for (const { sourceId } of world.store.all(kind).values()) expect(sourceId).toBe('another')
  }
})

test('[M5] a real world that was live once and is empty now is stale, not mock', async () => {
  await firstRun()
  relay.records.set([])
  const second = await run()
  await second.live()
  expect(second.agents().size).toBe(0)
  await second.stop()
  expect((await run(1)).view.mode).toBe('stale')
})

test('an agent whose id was used again keeps the id that it was given', async () => {
  const first = await run()
  await first.live()
  relay.set(edited(({ agents }) => (agents.agents.scout!.createdAt = '2026-11-24T00:00:00.000Z')))
  const id = `${relay.sourceId}/scout~2`
  await new Promise<void>((resolve) => {
    const look = () => {
      if (first.agents().has(id)) resolve()
    }
    first.world.onChange(look)
    look()
  })
  await first.stop()
  const second = await run()
  await second.live()
  expect(second.agents().has(id)).toBe(true)
  expect(second.agents().size).toBe(8)
})
