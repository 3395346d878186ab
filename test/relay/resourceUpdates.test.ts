// Word of a changed resource: to whom, how often, and not before the former has left.

import { describe, expect, test } from 'vitest'
import type { FoundRecord } from '../../protocol/claudeFlow.ts'
import type { ClientQueue } from '../../relay/client.ts'
import { RESOURCES } from '../../relay/resources.ts'
import { ResourceUpdates } from '../../relay/resourceUpdates.ts'
import { RecordState } from '../../relay/state.ts'

const [AGENTS, TASKS, SWARMS] = RESOURCES as [(typeof RESOURCES)[0], (typeof RESOURCES)[0], (typeof RESOURCES)[0]]

/** A client whose socket takes what it is sent when the test says so. */
class HandFlushedQueue implements ClientQueue {
  readonly uris: string[] = []
  #isFree = true
  #waiting: (() => void)[] = []

  send(message: string | Buffer): void {
    const { method, params } = JSON.parse(message.toString())
    expect(method).toBe('notifications/resources/updated')
    this.uris.push(params.uri)
    this.#isFree = false
  }

  sendPaced(message: string): void {
    this.send(message)
  }

  onceDrained(action: () => void): void {
    if (this.#isFree) action()
    else this.#waiting.push(action)
  }

  flush(): void {
    this.#isFree = true
    for (const action of this.#waiting.splice(0)) action()
  }
}

const record = (kind: FoundRecord['kind'], nativeId: string, status = 'idle') =>
  ({ kind, nativeId, generation: 3, data: { status } }) as unknown as FoundRecord

function bench() {
  const state = new RecordState()
  const updates = new ResourceUpdates(state.store)
  state.onChange(() => updates.changed())
  const queue = new HandFlushedQueue()
  const client = { id: 1, queue }
  const write = (...records: FoundRecord[]) => state.replace('file', records, '2026-01-01T00:00:00.000Z')
  return { updates, queue, client, write }
}

describe('resources/subscribe', () => {
  test('[D4] tells of a change in records of the resource, and of no other', () => {
    const { updates, queue, client, write } = bench()
    updates.subscribe(client, TASKS)
    write(record('agent', 'a'))
    expect(queue.uris).toEqual([])
    write(record('agent', 'a'), record('task', 't'))
    expect(queue.uris).toEqual([TASKS.uri])
  })

  test('[D4] a record that ended is a change too', () => {
    const { updates, queue, client, write } = bench()
    write(record('agent', 'a'), record('hive', 'h'))
    updates.subscribe(client, SWARMS)
    write(record('agent', 'a'))
    expect(queue.uris).toEqual([SWARMS.uri])
  })

  test('[D4] changes while a word is on its way are told once, when it has left', () => {
    const { updates, queue, client, write } = bench()
    updates.subscribe(client, AGENTS)
    updates.subscribe(client, TASKS)
    write(record('agent', 'a'))
    for (let turn = 0; turn < 10; turn++) write(record('agent', 'a', `${turn}`), record('task', 't', `${turn}`))
    expect(queue.uris).toEqual([AGENTS.uri])
    queue.flush()
    expect(queue.uris).toEqual([AGENTS.uri, AGENTS.uri, TASKS.uri])
    queue.flush()
    expect(queue.uris).toHaveLength(3)
  })

  test('[D4] nothing is told to one that unsubscribed or left, also while a word waits for its socket', () => {
    const { updates, queue, client, write } = bench()
    updates.subscribe(client, AGENTS)
    write(record('agent', 'a'))
    write(record('agent', 'b'))
    updates.unsubscribe(client.id, AGENTS)
    queue.flush()
    expect(queue.uris).toHaveLength(1)
    updates.subscribe(client, AGENTS)
    write(record('agent', 'c'))
    write(record('agent', 'd'))
    updates.remove(client.id)
    queue.flush()
    expect(queue.uris).toHaveLength(2)
  })

  test('[D4] what changed before the subscription is not told', () => {
    const { updates, queue, client, write } = bench()
    write(record('agent', 'a'))
    updates.subscribe(client, AGENTS)
    write(record('agent', 'a'), record('task', 't'))
    expect(queue.uris).toEqual([])
  })

  test('[D4] a client whose stream was away is told again of all that it subscribed to, once', () => {
    const { updates, queue, client, write } = bench()
    updates.subscribe(client, AGENTS)
    updates.renew(client.id)
    updates.renew(client.id)
    write(record('agent', 'a'))
    expect(queue.uris).toEqual([AGENTS.uri])
    queue.flush()
    expect(queue.uris).toEqual([AGENTS.uri, AGENTS.uri])
    updates.renew(99)
  })
})
