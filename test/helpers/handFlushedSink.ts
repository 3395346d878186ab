// A viewer whose line the test moves by hand: nothing arrives before `flush`.

import type { SnapshotChunk } from '../../protocol/frames.ts'
import { type ApplyResult, type Frame, RevisionedStore, SnapshotAssembly } from '../../protocol/frames.ts'
import type { Entity } from '../../protocol/swarm.ts'
import { parseServerMessage, type ServerMessage, type StatusMessage } from '../../protocol/viewerWire.ts'
import type { Encoded } from '../../server/hub/encoder.ts'
import type { Sink } from '../../server/hub/hub.ts'

export class HandFlushedSink implements Sink {
  readonly #line: { message: Encoded | StatusMessage; sent: () => void }[] = []
  readonly sent: (Encoded | StatusMessage)[] = []
  dropped = false

  send(message: Encoded | StatusMessage, sent: () => void): void {
    this.#line.push({ message, sent })
    this.sent.push(message)
  }

  drop(): void {
    this.dropped = true
  }

  /** On the line, not yet arrived. */
  get waiting(): number {
    return this.#line.length
  }

  /** Lets the next message arrive; `undefined`: there is none. */
  flush(): Encoded | StatusMessage | undefined {
    const next = this.#line.shift()
    next?.sent()
    return next?.message
  }
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

  take(message: Encoded | StatusMessage): void {
    const parsed = 'json' in message ? parseServerMessage(message.json.toString()) : message
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
        break
      default:
        message satisfies never
    }
  }
}
