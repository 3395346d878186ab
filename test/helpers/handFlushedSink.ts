// A viewer whose line the test moves by hand: nothing arrives before `flush`.

import type { SnapshotChunk } from '../../protocol/frames.ts'
import { type ApplyResult, type Frame, RevisionedStore, SnapshotAssembly } from '../../protocol/frames.ts'
import type { Entity } from '../../protocol/swarm.ts'
import { parseServerMessage, type ServerMessage, type StatusMessage } from '../../protocol/viewerWire.ts'
import type { Encoded } from '../../server/hub/encoder.ts'
import type { Hub, Sink } from '../../server/hub/hub.ts'

export class HandFlushedSink implements Sink {
  readonly #line: { message: Encoded; sent: () => void }[] = []
  readonly sent: Encoded[] = []
  dropped = false
  /** What the goodbye said. */
  retryAfterMs: number | null = null

  send(message: Encoded, sent: () => void): void {
    this.#line.push({ message, sent })
    this.sent.push(message)
  }

  drop(): void {
    this.dropped = true
  }

  end(retryAfterMs: number): void {
    this.retryAfterMs = retryAfterMs
  }

  /** On the line, not yet arrived. */
  get waiting(): number {
    return this.#line.length
  }

  /** Lets the next message arrive; `undefined`: there is none. */
  flush(): Encoded | undefined {
    const next = this.#line.shift()
    next?.sent()
    return next?.message
  }
}

/** Lets the viewer in; returns how to take it out again. */
export function join(hub: Hub, viewer: Viewer): () => void {
  const seat = hub.takeSeat()
  seat?.watch(viewer.sink, viewer.position)
  return () => seat?.leave()
}

/** What a page does with the messages: it has a store of its own. */
export class Viewer {
  readonly sink = new HandFlushedSink()
  readonly statuses: StatusMessage[] = []
  readonly results: ApplyResult[] = []
  readonly #assembly = new SnapshotAssembly<Entity>()
  store: RevisionedStore<Entity>
  #hasState: boolean

  /** A viewer that connects again keeps what it had. */
  constructor(store?: RevisionedStore<Entity>) {
    this.#hasState = store !== undefined
    this.store = store ?? new RevisionedStore<Entity>('')
  }

  get position(): { epoch: string; seq: number } | null {
    return this.#hasState ? { epoch: this.store.epoch, seq: this.store.seq } : null
  }

  /** Takes one message in; false: there was none. */
  receive(): boolean {
    const message = this.sink.flush()
    if (!message) return false
    this.take(message)
    return true
  }

  receiveAll(): void {
    for (let count = 0; this.receive(); count++) {
      if (count > 10_000) throw new Error('the messages never end')
    }
  }

  take(message: Encoded): void {
    const parsed = parseServerMessage(message.json.toString())
    if (!parsed) throw new Error('not a message')
    this.#apply(parsed)
  }

  #apply(message: ServerMessage): void {
    switch (message.type) {
      case 'status':
        this.statuses.push(message)
        break
      case 'snapshot': {
        const snapshot = this.#assembly.add(message as SnapshotChunk<Entity>)
        if (snapshot === 'broken') throw new Error('a broken snapshot')
        if (snapshot === 'incomplete') return
        this.store.load(snapshot)
        this.#hasState = true
        break
      }
      case 'frame':
        this.results.push(this.store.apply(message as Frame<Entity>))
        break
      case 'hello':
      case 'ping':
      case 'goodbye':
        break
      default:
        message satisfies never
    }
  }
}
