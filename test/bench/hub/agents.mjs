// Agents of a bench's world, as events.

import { benchAgent, TIME } from '../benchAgent.mjs'

let revision = 0

/** `count` agents from number `from` on, each with `currentTask`. */
export const agentEvents = (/** @type {number} */ from, /** @type {number} */ count, currentTask = '') =>
  Array.from({ length: count }, (_, offset) => {
    const id = `k3jx9a/agent-${from + offset}`
    return /** @type {any} */ ({
      v: 2,
      key: `${id}@${++revision}`,
      sourceId: 'k3jx9a',
      version: [1, revision],
      at: TIME,
      receivedAt: TIME,
      type: 'agent.upserted',
      entity: { ...benchAgent(from + offset), currentTask },
    })
  })
