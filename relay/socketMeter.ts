// How many sockets are open and what went through them, whatever they speak. Nothing is counted while they run: each
// socket knows its own sums, which are asked for when somebody wants to know.

import type { Socket } from 'node:net'

export interface SocketFacts {
  open: number
  receivedBytes: number
  sentBytes: number
}

export class SocketMeter {
  readonly #open = new Set<Socket>()
  /** Of those that are closed. */
  #receivedBytes = 0
  #sentBytes = 0
  /** What was told before: a socket's sum may shrink at its end by what never left it, and a counter must not. */
  #toldSentBytes = 0

  watch(socket: Socket): void {
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#receivedBytes += socket.bytesRead
      this.#sentBytes += socket.bytesWritten
    })
  }

  get facts(): SocketFacts {
    let receivedBytes = this.#receivedBytes
    let sentBytes = this.#sentBytes
    for (const socket of this.#open) {
      receivedBytes += socket.bytesRead
      sentBytes += socket.bytesWritten
    }
    this.#toldSentBytes = Math.max(this.#toldSentBytes, sentBytes)
    return { open: this.#open.size, receivedBytes, sentBytes: this.#toldSentBytes }
  }
}
