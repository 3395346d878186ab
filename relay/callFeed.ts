// Which tools are called through the relay, by whom, and what became of it: told to those who said hello, in batches, each
// batch when the one before has left. Neither arguments nor answers are in it.

import { type CallNotice, MAX_CALLS_IN_NOTICE, RELAY_METHOD } from '../protocol/relayWire.ts'
import { notificationText, type SubscriberEdge } from './subscriber.ts'

export class CallFeed {
  readonly #edge: SubscriberEdge
  #calls: CallNotice[] = []
  /** More than a reader could take in: the oldest of a burst are only counted. */
  #dropped = 0
  #waits = false
  #closed = false

  constructor(edge: SubscriberEdge) {
    this.#edge = edge
  }

  add(call: CallNotice): void {
    if (this.#closed) return
    this.#calls.push(call)
    if (this.#calls.length > MAX_CALLS_IN_NOTICE) {
      this.#calls.shift()
      this.#dropped++
    }
    if (this.#waits) return
    this.#waits = true
    // What ends in the same turn of the event loop goes together.
    setImmediate(() => this.#edge.onceDrained(() => this.#send()))
  }

  close(): void {
    this.#closed = true
    this.#calls = []
  }

  #send(): void {
    this.#waits = false
    if (this.#closed || this.#calls.length === 0) return
    const notice = { calls: this.#calls, dropped: this.#dropped }
    this.#calls = []
    this.#dropped = 0
    this.#edge.sendPaced(notificationText(RELAY_METHOD.CALLS, notice))
  }
}
