// A relay behind TLS, over real sockets: what is trusted, and what is said when it is not.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { RelayAddress } from '../../server/connector/relayUrl.ts'
import { MemoryLog } from '../../server/log/memoryLog.ts'
import { ClaudeFlowSource } from '../../server/sources/claudeFlow/claudeFlowSource.ts'
import { World } from '../../server/world.ts'
import { certificate } from '../helpers/certificate.ts'
import { FakeRelay } from '../helpers/fakeRelay.ts'
import { records3, runningStores3 } from '../helpers/recordings.ts'
import { silentLog } from '../helpers/silentLog.ts'

type Pair = { key: string; cert: string }
let good: Pair
let other: Pair
let expired: Pair
let wrongName: Pair
beforeAll(async () => {
  good = await certificate({ names: ['localhost', '127.0.0.1'] })
  other = await certificate({ names: ['localhost', '127.0.0.1'] })
  expired = await certificate({ names: ['localhost', '127.0.0.1'], expired: true })
  wrongName = await certificate({ names: ['powerdev', 'relay.example'] })
})

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function relayWith(tls: Pair | null): Promise<FakeRelay> {
  const relay = new FakeRelay()
  relay.tls = tls
  relay.records.set(records3(runningStores3()))
  await relay.start()
  ends.push(() => relay.stop())
  return relay
}

function connect(address: RelayAddress) {
  const world = new World('real', new MemoryLog())
  const source = new ClaudeFlowSource({ address, token: 'relay-token-of-the-test', world, log: silentLog })
  ends.push(() => source.close())
  const settled = new Promise<void>((resolve) => {
    source.onStatus(() => {
      if (source.status.state === 'live' || source.status.state === 'waiting') resolve()
    })
  })
  source.start()
  return { source, world, settled }
}

test.each(['localhost', '127.0.0.1'])('a certificate that is given is trusted, by the name %s', async (host) => {
  const { port } = await relayWith(good)
  const { source, world, settled } = connect({ host, port, tls: { ca: good.cert } })
  await settled
  expect(source.status).toMatchObject({ state: 'live', url: `wss://${host}:${port}/ws`, lastError: null })
  expect(world.store.all('agent').size).toBe(8)
})

describe('what is not trusted is TLS_FAILED, tried again, and says what to do', () => {
  test.each([
    ['a self-signed one', () => good, undefined, 'start with CLAUDE_FLOW_CA=FILE'],
    ['another than the given one', () => good, () => other.cert, 'put the certificate that the relay uses now'],
    ['an expired one', () => expired, () => expired.cert, 'has expired: renew it where the relay runs'],
    ['one for other names', () => wrongName, () => wrongName.cert, 'is for powerdev, relay.example: use a name'],
  ])('%s', async (_, tls, ca, advice) => {
    const { port } = await relayWith(tls())
    const { source, world, settled } = connect({ host: 'localhost', port, tls: ca ? { ca: ca() } : {} })
    await settled
    expect(source.status).toMatchObject({ state: 'waiting', lastError: { code: 'TLS_FAILED' } })
    expect(source.status.lastError?.details.suggestion).toContain(advice)
    expect(source.status.lastError?.details.suggestion).toContain(`localhost:${port}`)
    expect(world.store.all('agent').size).toBe(0)
  })

  test('no token is sent before the certificate is trusted', async () => {
    const relay = await relayWith(good)
    await connect({ host: 'localhost', port: relay.port, tls: {} }).settled
    expect(relay.attempts).toEqual([])
  })

  test('a renewed certificate is taken at the next attempt, without anybody touching this server', async () => {
    const relay = await relayWith(other)
    const { source, settled } = connect({ host: 'localhost', port: relay.port, tls: { ca: good.cert } })
    await settled
    await relay.stop()
    relay.tls = good
    await relay.start()
    const live = new Promise<void>((resolve) => {
      source.onStatus(() => source.status.state === 'live' && resolve())
    })
    source.retry()
    await live
  })
})

describe('TLS on one side only', () => {
  test('a relay without it, asked with wss://, is TLS_FAILED and names ws://', async () => {
    const { port } = await relayWith(null)
    const { source, settled } = connect({ host: '127.0.0.1', port, tls: {} })
    await settled
    expect(source.status.lastError).toMatchObject({
      code: 'TLS_FAILED',
      details: {
        suggestion: `What answers on 127.0.0.1:${port} speaks no TLS: use ws:// in CLAUDE_FLOW_URL, or start the relay with TLS`,
      },
    })
  })

  test('a relay with it, asked with ws://, hangs up: never live, and wss:// is named', async () => {
    const { port } = await relayWith(good)
    const { source, settled } = connect({ host: '127.0.0.1', port })
    await settled
    expect(source.status).toMatchObject({ state: 'waiting', lastError: { code: 'CONNECTION_LOST' } })
    expect(source.status.lastError?.details.suggestion).toContain(`set CLAUDE_FLOW_URL=wss://127.0.0.1:${port}`)
  })
})

test('a path of its own is asked for', async () => {
  const server: Server = createServer()
  const asked = new Promise<string | undefined>((resolve) => {
    server.on('upgrade', (request, socket) => {
      resolve(request.url)
      socket.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => new Promise((resolve) => server.close(resolve)))
  connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, path: '/swarm/ws' })
  expect(await asked).toBe('/swarm/ws')
})
