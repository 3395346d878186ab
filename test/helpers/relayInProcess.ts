// The real relay in this process, on a free port, with a fake child and a temporary project.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Relay, type RelayOptions, startRelay } from '../../relay/relay.ts'
import { RelayClient } from './relayClient.ts'
import { cleanup, fakeChild, SILENT, temporaryFolder } from './relayFiles.ts'

export const TOKEN = 'relay-token-of-the-tests'

export interface RunningRelay {
  relay: Relay
  project: string
  /** `http://127.0.0.1:PORT` */
  origin: string
  connect(): Promise<RelayClient>
  /** A client that is subscribed, and has its snapshot. */
  subscribe(at?: { epoch: string | null; rev: number }): Promise<RelayClient>
  /** GET without or with the token. */
  get(path: string, headers?: Record<string, string>): Promise<Response>
}

export async function runRelay(options: Partial<RelayOptions> = {}): Promise<RunningRelay> {
  const folder = temporaryFolder()
  const project = options.project ?? join(folder, 'project')
  mkdirSync(project, { recursive: true })
  const dataDir = join(folder, 'data')
  mkdirSync(dataDir)
  const { limits, ...rest } = options
  const relay = await startRelay({
    host: '127.0.0.1',
    port: 0,
    project,
    dataDir,
    token: TOKEN,
    command: fakeChild(),
    log: SILENT,
    limits: { childBackoff: { baseMs: 1, capMs: 10 }, ...limits },
    ...rest,
  })
  cleanup(() => relay.close())
  const origin = `http://127.0.0.1:${relay.port}`
  const connect = async () => {
    const client = await RelayClient.connect(relay.url, TOKEN)
    cleanup(() => client.socket.terminate())
    return client
  }
  return {
    relay,
    project,
    origin,
    connect,
    async subscribe(at = { epoch: null, rev: 0 }) {
      const client = await connect()
      await client.request('swarmscope/hello', { version: '0.0.0', protocol: { min: 1, max: 1 } })
      await client.request('swarmscope/subscribe', at)
      if (at.epoch === null) await client.until(({ method, params }) => method === 'swarmscope/snapshot' && params.last)
      return client
    },
    get: (path, headers = {}) => fetch(`${origin}${path}`, { headers }),
  }
}

/** Frame notifications that put a record with this native id. */
export const puts =
  (nativeId: string) =>
  // biome-ignore lint/suspicious/noExplicitAny: params of any notification
  ({ method, params }: { method?: string; params?: any }): boolean =>
    method === 'swarmscope/frame' && params.put.some((record: { nativeId: string }) => record.nativeId === nativeId)
