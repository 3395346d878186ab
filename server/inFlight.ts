// Requests that are being answered: a server that drains waits for them. Event streams do not count, they never end.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'

export class InFlight {
  readonly #responses = new Set<ServerResponse>()
  readonly #waiting = new Set<() => void>()

  /** Looks at every request of the server from now on; `isStream`: which ones never end by themselves. */
  constructor(server: Server, isStream: (request: IncomingMessage) => boolean) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (isStream(request)) return
      this.#responses.add(response)
      response.once('close', () => {
        this.#responses.delete(response)
        if (this.#responses.size === 0) for (const resolve of this.#waiting) resolve()
      })
    })
  }

  get size(): number {
    return this.#responses.size
  }

  /** Resolves when there is none, at the latest after `timeoutMs`; to whether there is none. */
  async none(timeoutMs: number): Promise<boolean> {
    if (this.size > 0) {
      await new Promise<void>((resolve) => {
        const finish = () => {
          clearTimeout(timer)
          this.#waiting.delete(finish)
          resolve()
        }
        const timer = setTimeout(finish, timeoutMs)
        this.#waiting.add(finish)
      })
    }
    return this.size === 0
  }
}
