// Who of the clients is told what, beyond the answers to what it asked: records as frames, resources that changed, the
// relay's own state, and the tool calls that pass through.

import type { ClaudeFlowRecord } from '../protocol/claudeFlow.ts'
import type { RevisionedStore } from '../protocol/frames.ts'
import { type CallNotice, RELAY_METHOD, type RelayState } from '../protocol/relayWire.ts'
import { CallFeed } from './callFeed.ts'
import type { RelayClient } from './client.ts'
import type { ClientId } from './pending.ts'
import type { Resource } from './resources.ts'
import { ResourceUpdates } from './resourceUpdates.ts'
import { notificationText, Subscriber, type SubscriberEdge } from './subscriber.ts'

/** Where a subscriber says it is. */
interface Position {
  epoch: string | null
  rev: number
}

export class Audience {
  readonly #store: RevisionedStore<ClaudeFlowRecord>
  readonly #onFrameSent: () => void
  /** Those who said hello, and so understand our notifications. */
  readonly #greeted = new Map<ClientId, { client: RelayClient; calls: CallFeed }>()
  readonly #subscribers = new Map<ClientId, Subscriber>()
  readonly #resources: ResourceUpdates
  #toldState = ''

  constructor(store: RevisionedStore<ClaudeFlowRecord>, onFrameSent: () => void) {
    this.#store = store
    this.#onFrameSent = onFrameSent
    this.#resources = new ResourceUpdates(store)
  }

  get subscribers(): number {
    return this.#subscribers.size
  }

  greet(client: RelayClient): void {
    if (!this.#greeted.has(client.id)) this.#greeted.set(client.id, { client, calls: new CallFeed(client.queue) })
  }

  /** To be called when the answer to `subscribe` is on its way, so that no frame comes before it. */
  subscribe({ id, queue }: RelayClient, at: Position): void {
    this.#subscribers.get(id)?.close() // asked again: it lost its place
    const counted: SubscriberEdge = {
      sendPaced: (text) => {
        this.#onFrameSent()
        queue.sendPaced(text)
      },
      onceDrained: (action) => queue.onceDrained(action),
    }
    const subscriber = new Subscriber(this.#store, counted, at)
    this.#subscribers.set(id, subscriber)
    subscriber.pump()
  }

  subscribeResource(client: RelayClient, resource: Resource): void {
    this.#resources.subscribe(client, resource)
  }

  unsubscribeResource(client: ClientId, resource: Resource): void {
    this.#resources.unsubscribe(client, resource)
  }

  /** A client's stream was away: what became of its resources meanwhile is told. */
  renew(client: ClientId): void {
    this.#resources.renew(client)
  }

  left(client: ClientId): void {
    this.#greeted.get(client)?.calls.close()
    this.#greeted.delete(client)
    this.#subscribers.get(client)?.close()
    this.#subscribers.delete(client)
    this.#resources.remove(client)
  }

  /** The store has a new revision. */
  recordsChanged(): void {
    for (const subscriber of this.#subscribers.values()) subscriber.pump()
    this.#resources.changed()
  }

  /** Only what differs is told: several causes may lead to one change. */
  tellState(state: RelayState): void {
    const text = JSON.stringify(state)
    if (text === this.#toldState) return
    this.#toldState = text
    const notification = notificationText(RELAY_METHOD.STATE, state)
    for (const { client } of this.#greeted.values()) client.queue.send(notification)
  }

  /** `call` is asked for only if anybody listens: this is on the way of every request. */
  tellCall(call: () => CallNotice): void {
    if (this.#greeted.size === 0) return
    const notice = call()
    for (const { calls } of this.#greeted.values()) calls.add(notice)
  }
}
