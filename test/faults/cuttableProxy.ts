// A network between viewers and server that can be cut, and that can hold everything back.

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class CuttableProxy {
  readonly #to: number
  readonly #sockets = new Set<Socket>()
  #server: Server | null = null
  #port = 0

  constructor(to: number) {
    this.#to = to
  }

  get port(): number {
    return this.#port
  }

  async start(): Promise<this> {
    const server = createServer({ noDelay: true }, (near) => {
      const far = connect({ port: this.#to, host: '127.0.0.1', noDelay: true })
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket)
        socket.pipe(other)
        socket.on('error', () => socket.destroy())
        socket.on('close', () => {
          this.#sockets.delete(socket)
          other.destroy()
        })
      }
    })
    await new Promise<void>((resolve) =>
      server.listen({ port: this.#port, host: '127.0.0.1', backlog: 4_096 }, resolve),
    )
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
    return this
  }

  /** Every connection breaks, and new ones are refused, until `start`. */
  async cut(): Promise<void> {
    const server = this.#server
    this.#server = null
    const closed = new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  /** Nothing passes until `release`; the connections stand. */
  hold(): void {
    for (const socket of this.#sockets) socket.pause()
  }

  release(): void {
    for (const socket of this.#sockets) socket.resume()
  }
}
