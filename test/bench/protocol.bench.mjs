// The protocol's hot paths at 10,000 agents: fold, changesSince, encoding, applying.

import { applyBatch, emptyState } from '../../dist/node/protocol/fold.js'
import { chunkSnapshot, RevisionedStore } from '../../dist/node/protocol/frames.js'
import { benchAgent, TIME } from './benchAgent.mjs'
import { medianMs } from './measure.mjs'

const AGENTS = 10_000
const BATCH = 100
const CHANGED = 1_000

let revision = 0
const batch = (/** @type {number} */ seq, /** @type {number} */ from, /** @type {number} */ count) => ({
  seq,
  events: Array.from({ length: count }, (_, offset) => {
    const entity = benchAgent((from + offset) % AGENTS, `agent at ${++revision}`)
    const version = [1, revision]
    return {
      v: 2,
      key: `${entity.id}@${revision}`,
      sourceId: 'k3jx9a',
      version,
      at: TIME,
      receivedAt: TIME,
      type: 'agent.upserted',
      entity,
    }
  }),
})

function full() {
  const state = emptyState('e1')
  applyBatch(state, batch(1, 0, AGENTS))
  return state
}

/** @returns {Iterable<{ name: string, value: number, unit: string }>} */
export function* bench() {
  const state = full()
  let seq = state.store.seq
  const foldMs = medianMs(
    (next) => applyBatch(state, next),
    () => batch(++seq, seq * BATCH, BATCH),
  )
  yield { name: `fold/${AGENTS} agents, batches of ${BATCH}`, value: (BATCH / foldMs) * 1_000, unit: 'events/s' }

  const changed = full()
  const { store } = changed
  const every10th = Array.from({ length: CHANGED }, (_, index) => batch(2, index * (AGENTS / CHANGED), 1).events).flat()
  applyBatch(changed, { seq: 2, events: every10th })
  yield {
    name: `changesSince/${CHANGED} of ${AGENTS} changed`,
    value: medianMs(() => store.changesSince('e1', 1)),
    unit: 'ms',
  }

  const { frame } = store.changesSince('e1', 1)
  const text = JSON.stringify(frame)
  yield { name: `encode frame/${CHANGED} agents`, value: medianMs(() => JSON.stringify(frame)), unit: 'ms' }
  yield { name: `frame size/${CHANGED} agents`, value: text.length, unit: 'bytes' }
  yield {
    name: `decode and apply frame/${CHANGED} of ${AGENTS} agents`,
    value: medianMs(
      (reader) => reader.apply(JSON.parse(text)),
      () => {
        const reader = new RevisionedStore('nowhere')
        reader.load(full().store.snapshot())
        return reader
      },
    ),
    unit: 'ms',
  }

  const encodeSnapshot = () => {
    let bytes = 0
    for (const chunk of chunkSnapshot(store.snapshot())) bytes += JSON.stringify(chunk).length
    return bytes
  }
  yield { name: `encode snapshot/${AGENTS} agents`, value: medianMs(encodeSnapshot), unit: 'ms' }
  yield { name: `snapshot size/${AGENTS} agents`, value: encodeSnapshot(), unit: 'bytes' }
}
