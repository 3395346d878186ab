// Listening on a port that may still be held, for a moment, by our own dying predecessor.

import type { AddressInfo, Server } from 'node:net'
import { SwarmscopeError } from '../protocol/errors.ts'

/** A relay ends at most 1 s after its server; three times that is patience enough. */
const PORT_PATIENCE_MS = 3_000
const PORT_RETRY_MS = 100
/**
 * Connections that wait to be taken; the system may allow fewer. A thousand viewers who come back to a server that just
 * starts are twice as many, and whom Node's 511 turn away, TCP lets try again after 1 s, 3 s and 7 s.
 */
const BACKLOG = 4_096

export interface ListenOptions {
  host: string
  /** 0: any free one. */
  port: number
  /** The option that chooses another port, for the error's text. */
  option: string
  patienceMs?: number
}

/** Resolves to the port; rejects with `PORT_IN_USE` when another program keeps it. */
export async function listen(server: Server, options: ListenOptions): Promise<number> {
  const deadline = performance.now() + (options.patienceMs ?? PORT_PATIENCE_MS)
  for (;;) {
    try {
      return await listenOnce(server, options.host, options.port)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'EADDRINUSE') throw error
      if (performance.now() >= deadline) {
        throw new SwarmscopeError(
          'PORT_IN_USE',
          { detail: `Port ${options.port} on ${options.host} is taken: choose another with ${options.option} N` },
          { cause: error },
        )
      }
      await new Promise((resolve) => setTimeout(resolve, PORT_RETRY_MS))
    }
  }
}

function listenOnce(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      // Else one would be left behind at each attempt.
      server.off('listening', listening)
      reject(error)
    }
    const listening = () => {
      server.off('error', failed)
      resolve((server.address() as AddressInfo).port)
    }
    server.once('error', failed)
    server.once('listening', listening)
    server.listen({ host, port, backlog: BACKLOG })
  })
}

/** Whether only programs on this machine can reach the address. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
