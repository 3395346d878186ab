// A child process that appends until its log's file may not grow any more (the limit comes from its parent's shell), and
// then some; prints what became of the world.

import { randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { EVENT_VERSION } from '../../dist/node/protocol/events.js'
import { KeptLog } from '../../dist/node/server/log/keptLog.js'
import { World } from '../../dist/node/server/world.js'

const silent = { error: () => undefined }
const realLog = await KeptLog.open({ path: process.argv[2], log: silent })
const world = await World.open('real', realLog.eventLog)
const epoch = world.store.epoch
const entity = (n) => ({
  entity: 'swarm',
  id: `s${n}`,
  sourceId: 's',
  name: randomBytes(2_000).toString('hex'),
  agentIds: [],
})
let failedAfter = null
for (let n = 1; n <= 1_000; n++) {
  const head = { v: EVENT_VERSION, type: 'swarm.upserted', key: `${n}`, sourceId: 's', version: [1, n], at: null }
  const seq = await world.append([{ ...head, receivedAt: new Date().toISOString(), entity: entity(n) }])
  if (seq !== n) throw new Error(`batch ${n} got ${seq}`)
  if (failedAfter === null && realLog.error) failedAfter = n - 1
}
const moved = world.store.epoch !== epoch
writeSync(1, JSON.stringify({ failedAfter, moved, code: realLog.error?.code, size: world.store.size }))
process.exit(0)
