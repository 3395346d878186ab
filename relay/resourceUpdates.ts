// Who subscribed to which resource, and who is told that one changed: at most one word per resource is on its way to a
// client; what changes meanwhile is told once, when that has left.

import type { ClaudeFlowRecord, RecordKind } from '../protocol/claudeFlow.ts'
import type { RevisionedStore } from '../protocol/frames.ts'
import type { RelayClient } from './client.ts'
import type { ClientId } from './pending.ts'
import { RESOURCES, type Resource } from './resources.ts'
import { notificationText } from './subscriber.ts'

type Reader = Pick<RelayClient, 'id' | 'queue'>

interface Subscriptions {
  client: Reader
  /** At most as many as there are resources, and so are those that are `due`. */
  resources: Set<Resource>
  due: Set<Resource>
  waits: boolean
}

export class ResourceUpdates {
  readonly #store: RevisionedStore<ClaudeFlowRecord>
  readonly #byClient = new Map<ClientId, Subscriptions>()
  /** Up to where the changes have been looked at. */
  #rev = 0

  constructor(store: RevisionedStore<ClaudeFlowRecord>) {
    this.#store = store
  }

  subscribe(client: Reader, resource: Resource): void {
    let subscriptions = this.#byClient.get(client.id)
    if (!subscriptions) {
      subscriptions = { client, resources: new Set(), due: new Set(), waits: false }
      this.#byClient.set(client.id, subscriptions)
    }
    subscriptions.resources.add(resource)
  }

  unsubscribe(client: ClientId, resource: Resource): void {
    const subscriptions = this.#byClient.get(client)
    subscriptions?.resources.delete(resource)
    subscriptions?.due.delete(resource)
    if (subscriptions?.resources.size === 0) this.#byClient.delete(client)
  }

  remove(client: ClientId): void {
    this.#byClient.delete(client)
  }

  /** The records changed. */
  changed(): void {
    const since = this.#rev
    this.#rev = this.#store.seq
    if (this.#byClient.size === 0) return
    const kinds = this.#kindsChangedSince(since)
    const changed = RESOURCES.filter((resource) => kinds === 'any' || resource.kinds.some((kind) => kinds.has(kind)))
    for (const subscriptions of this.#byClient.values()) this.#due(subscriptions, changed)
  }

  /** The client's stream was gone for a while, and with it perhaps what we told: it is told again. */
  renew(client: ClientId): void {
    const subscriptions = this.#byClient.get(client)
    if (subscriptions) this.#due(subscriptions, RESOURCES)
  }

  #kindsChangedSince(rev: number): ReadonlySet<RecordKind> | 'any' {
    const changes = this.#store.changesSince(this.#store.epoch, rev)
    switch (changes.type) {
      case 'none':
        return new Set()
      case 'snapshot': // more ended at once than there are tombstones
        return 'any'
      case 'frame': {
        // A record's id begins with its kind; of one that ended nothing else is left.
        const ended = changes.frame.del.map(({ id }) => id.slice(0, id.indexOf('/')) as RecordKind)
        return new Set([...changes.frame.put.map(({ kind }) => kind), ...ended])
      }
      default:
        return changes satisfies never
    }
  }

  #due(subscriptions: Subscriptions, resources: readonly Resource[]): void {
    for (const resource of resources) if (subscriptions.resources.has(resource)) subscriptions.due.add(resource)
    if (subscriptions.due.size === 0 || subscriptions.waits) return
    subscriptions.waits = true
    subscriptions.client.queue.onceDrained(() => {
      subscriptions.waits = false
      const due = [...subscriptions.due]
      subscriptions.due.clear()
      if (this.#byClient.get(subscriptions.client.id) !== subscriptions) return // it left, or gave all up
      for (const { uri } of due) {
        subscriptions.client.queue.sendPaced(notificationText('notifications/resources/updated', { uri }))
      }
    })
  }
}
