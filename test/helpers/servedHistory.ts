// A history for a page that has no server behind it: what is asked for is answered from a world as it always was.

import type { Page } from 'playwright-core'
import type { Entity } from '../../protocol/swarm.ts'
import type { FakeServer } from './webFakeServer.ts'

const HOUR_MS = 3_600_000

export async function serveHistory(page: Page, world: readonly Entity[], fake: FakeServer): Promise<void> {
  fake.setStatus({ noHistory: null })
  const of = (kind: Entity['entity']) => world.filter(({ entity }) => entity === kind)
  await page.route('**/api/v1/history**', (route) => {
    const url = new URL(route.request().url())
    const nowMs = Date.now()
    if (url.pathname.endsWith('/state')) {
      const lists = {
        agents: of('agent'),
        links: of('link'),
        tasks: of('task'),
        swarms: of('swarm'),
        sources: of('source'),
      }
      const versions = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list.map(() => [1, 1])]))
      return route.fulfill({ json: { success: true, seq: 1, ...lists, versions, ended: [] } })
    }
    if (url.pathname.endsWith('/events')) return route.fulfill({ contentType: 'application/x-ndjson', body: '' })
    const iso = (agoMs: number) => new Date(nowMs - agoMs).toISOString()
    return route.fulfill({
      json: {
        success: true,
        first: iso(HOUR_MS),
        last: iso(1_000),
        stateFrom: iso(HOUR_MS),
        bucketSeconds: 10,
        buckets: [{ at: iso(60_000), counts: { 'agent.upserted': 3 }, failed: 0, waiting: 0 }],
      },
    })
  })
}
