// A child process that appends to a log, folds it, and prints what a viewer would have been shown: one line for each
// state, written before the next batch is given. Takes the log's path and how many batches.

import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { EVENT_VERSION } from '../../dist/node/protocol/events.js'
import { SqliteLog } from '../../dist/node/server/log/sqliteLog.js'
import { World } from '../../dist/node/server/world.js'

const [path, batches, boot] = process.argv.slice(2)
const log = await SqliteLog.open({ path, bootId: boot })
const world = await World.open('real', log)
const say = (what) => writeSync(1, `${JSON.stringify(what)}\n`)
const shown = () => {
  const entities = [...world.store.values()].map((entity) => JSON.stringify(entity)).sort()
  return {
    epoch: world.store.epoch,
    seq: world.store.seq,
    hash: createHash('sha256').update(entities.join()).digest('hex'),
  }
}
say(shown())
world.onChange(() => say(shown()))

const first = world.store.seq
const event = (n, id, ends) => ({
  v: EVENT_VERSION,
  type: ends ? 'swarm.retired' : 'swarm.upserted',
  key: `k/${n}/${id}`,
  sourceId: 's',
  version: [1, n],
  at: null,
  receivedAt: new Date().toISOString(),
  ...(ends ? { id } : { entity: { entity: 'swarm', id, sourceId: 's', name: `said ${n}`, agentIds: [] } }),
})
for (let n = first + 1; n <= first + Number(batches); n++) {
  await world.append([event(n, `swarm-${n % 5}`, n % 4 === 0), event(n, 'always', false)])
}
await world.close()
say({ done: true })
process.exit(0)
