// Beside a server with TLS: a door without it, for programs on this machine alone (hooks, telemetry, the commands).

import { createServer, type Server, type ServerOptions } from 'node:http'
import { listen } from '../../platform/listen.ts'

/** Where it listens; no other address is ever served without TLS. */
const LOOPBACK = '127.0.0.1'

export interface PlainDoorOptions {
  /** Whatever comes in goes to this one's handlers. */
  server: Server
  http: ServerOptions
  port: number
}

export interface PlainDoor {
  server: Server
  url: string
  port: number
}

/** Rejects with `PORT_IN_USE`. */
export async function openPlainDoor({ server, http, port: wanted }: PlainDoorOptions): Promise<PlainDoor> {
  const door = createServer(http)
  for (const event of ['request', 'upgrade', 'clientError', 'error']) {
    door.on(event, (...parts: unknown[]) => void server.emit(event, ...parts))
  }
  const port = await listen(door, { host: LOOPBACK, port: wanted, option: '--plain-port' })
  return { server: door, url: `http://${LOOPBACK}:${port}`, port }
}
