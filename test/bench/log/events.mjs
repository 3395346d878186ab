// Events of a bench's agents, made as a day has them: the same everywhere, from a seed.

import { EVENT_VERSION } from '../../../dist/node/protocol/events.js'
import { benchAgent } from '../benchAgent.mjs'

const WORDS =
  'add fix login page cart search index cache test retry review merge split rename queue worker token'.split(' ')

export class BenchEvents {
  #revision = 0
  #seed = 1

  constructor(/** @type {number} */ agents) {
    this.agents = agents
  }

  random() {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0
    return this.#seed / 2 ** 32
  }

  #words(/** @type {number} */ count) {
    return Array.from({ length: count }, () => WORDS[Math.floor(this.random() * WORDS.length)]).join(' ')
  }

  nextVersion() {
    return [1, ++this.#revision]
  }

  /** `extra`: characters that no compression makes small. */
  #event(/** @type {number} */ index, /** @type {string} */ receivedAt, /** @type {number} */ extra) {
    let padding = ''
    while (padding.length < extra) padding += this.random().toString(36).slice(2)
    const entity = {
      ...benchAgent(index),
      status: this.random() < 0.5 ? 'busy' : 'idle',
      health: Math.round(this.random() * 100) / 100,
      currentTask: this.#words(6) + padding,
      activity: this.#words(4),
      statusSince: receivedAt,
      lastActiveAt: receivedAt,
      updatedAt: receivedAt,
    }
    const { id } = entity
    const base = { v: EVENT_VERSION, type: 'agent.upserted', key: `${id}@${this.#revision}`, sourceId: entity.sourceId }
    return { ...base, version: this.nextVersion(), at: receivedAt, receivedAt, entity }
  }

  /** Of one moment; `from`: its first agent. */
  batch(
    /** @type {number} */ ms,
    /** @type {number} */ count,
    { from = Math.floor(this.random() * this.agents), extra = 0 } = {},
  ) {
    const receivedAt = new Date(ms).toISOString()
    return /** @type {any[]} */ (
      Array.from({ length: count }, (_, offset) => this.#event((from + offset * 7) % this.agents, receivedAt, extra))
    )
  }
}
