// The server with TLS of its own, over real sockets on loopback.

import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect, type SecureVersion } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { STREAM_PATH } from '../../server/hub/stream.ts'
import { HOOKS_PATH } from '../../server/ingest/paths.ts'
import type { ServerTls } from '../../server/tls/serverTls.ts'
import { openServerTls } from '../../server/tls/serverTls.ts'
import { askTls, shownCertificate } from '../helpers/askTls.ts'
import { certificate } from '../helpers/certificate.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'
import {
  ask,
  bearer,
  HELLO,
  INGEST,
  OPERATOR,
  startTestServer,
  type TestServer,
  TOKENS,
  VIEWER,
} from '../helpers/testServer.ts'

const LAN = '192.168.1.5'
const info = { netmask: '', mac: '', cidr: null, internal: false, family: 'IPv4' as const }
const machine = { hostname: 'Studio', interfaces: { eth0: [{ ...info, address: LAN }] } }

const folder = temporaryFolder('tls')
let tls: ServerTls
let ca: string
let server: TestServer
let plainPort: number

beforeAll(async () => {
  // As with --host 0.0.0.0 on a machine with that address; here it listens on loopback alone.
  tls = await openServerTls(
    { host: '0.0.0.0', dataDir: folder.path, allowHosts: [], publicUrls: [], tls: { type: 'self-signed' } },
    machine,
  )
  ca = String(tls.context.cert)
  server = await startTestServer({ type: 'relay', host: '127.0.0.1', port: 9 }, { tls })
  plainPort = Number(new URL(server.plainUrl).port)
})
afterAll(async () => {
  await server.stop()
  folder.remove()
})

const get = (path: string, headers: Record<string, string> = {}, name = 'localhost') =>
  askTls(server.port, path, { ca, headers, name })

/** However it comes about. */
const closing = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => socket.destroy()).on('close', () => resolve())
    socket.resume()
  })

describe('A9 over TLS', () => {
  test('page, API, metrics, health and probes are there', async () => {
    expect(server.url).toBe(`https://127.0.0.1:${server.port}`)
    const page = await get('/')
    expect(page.status).toBe(200)
    expect(page.headers['content-security-policy']).toContain("connect-src 'self'")
    // Else a browser would refuse plain http on the same name, also on loopback.
    expect(page.headers['strict-transport-security']).toBeUndefined()
    expect((await get('/api/v1/bots/agents', VIEWER)).status).toBe(200)
    expect((await get('/api/v1/bots/agents')).status).toBe(401)
    expect((await get('/metrics', VIEWER)).text).toContain('swarmscope_')
    expect((await get('/api/v1/bots/health')).status).toBe(200)
    expect((await get('/livez', { Host: 'nobody' })).status).toBe(200)
  })

  test.each([LAN, 'studio', 'studio.local', 'localhost', '127.0.0.1', '[::1]'])(
    'the name %s is ours, with our port and with https',
    async (name) => {
      const at = `${name}:${server.port}`
      const origin = (value: string) => get('/api/v1/bots/agents', { ...VIEWER, Host: at, Origin: value })
      expect((await origin(`https://${at}`)).status).toBe(200)
      for (const wrong of [
        `http://${at}`,
        `https://${name}`,
        `https://${name}:${server.port + 1}`,
        'https://evil.example',
        'null',
      ]) {
        expect((await origin(wrong)).json()).toMatchObject({ code: 'WRONG_ORIGIN' })
      }
    },
  )

  test.each([
    ['another address', () => `192.168.1.6:${server.port}`],
    ['another name', () => `evil.example:${server.port}`],
    ['another port', () => `${LAN}:${plainPort}`],
    ['no port', () => LAN],
  ])('%s is not ours', async (_what, host) => {
    const answer = await get('/', { Host: host() })
    expect(answer.status).toBe(421)
    expect(answer.json()).toMatchObject({ code: 'WRONG_HOST' })
  })

  test('a page gets its ticket and its stream at the same origin, and no other page does', async () => {
    const at = `${LAN}:${server.port}`
    const ticket = async () => {
      const answer = await askTls(server.port, '/api/v1/ticket', {
        ca,
        method: 'POST',
        headers: { ...VIEWER, Host: at, Origin: `https://${at}` },
      })
      return String(answer.json().ticket)
    }
    const open = (offered: string, origin: string) =>
      new WebSocket(`wss://127.0.0.1:${server.port}${STREAM_PATH}`, ['swarmscope.v1', `ticket.${offered}`], {
        ca,
        origin,
        headers: { Host: at },
      })
    const socket = open(await ticket(), `https://${at}`)
    await once(socket, 'open')
    socket.send(JSON.stringify(HELLO))
    const [hello] = (await once(socket, 'message')) as [Buffer]
    expect(JSON.parse(hello.toString())).toMatchObject({ type: 'hello', role: 'viewer' })
    socket.terminate()
    const refused = open(await ticket(), `http://${at}`)
    const [error] = (await once(refused, 'error')) as [Error]
    expect(error.message).toContain('403')
  })

  test.each<[SecureVersion, boolean]>([
    ['TLSv1.1', false],
    ['TLSv1.2', true],
    ['TLSv1.3', true],
  ])('%s is spoken: %s', async (version, isSpoken) => {
    const options = {
      host: '127.0.0.1',
      servername: 'localhost',
      port: server.port,
      ca,
      minVersion: version,
      maxVersion: version,
    }
    // This side would refuse the old ones by itself.
    const socket = connect({ ...options, ciphers: 'DEFAULT@SECLEVEL=0' })
    const outcome = await new Promise((resolve) => {
      socket.on('secureConnect', () => resolve(socket.getProtocol()))
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    })
    socket.destroy()
    expect(outcome).toBe(isSpoken ? version : 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
  })

  test('who speaks neither TLS nor HTTP, or breaks off, harms nobody', async () => {
    for (const bytes of ['\u0000\u0001\u0002\r\n\r\n', '\u0016\u0003\u0001', '\u0016nonsense'.repeat(50), '']) {
      const socket = connectTcp(server.port, '127.0.0.1')
      const closed = closing(socket)
      socket.end(bytes)
      await closed
    }
    expect((await get('/livez')).status).toBe(200)
  })
})

describe('A11 plain HTTP to the port with TLS', () => {
  test('a page that is asked for is sent to https, for this once', async () => {
    const answer = await ask(server.port, '/some?x=1', { headers: { Host: `${LAN}:${server.port}` } })
    expect(answer.status).toBe(307)
    expect(answer.headers.location).toBe(`https://${LAN}:${server.port}/some?x=1`)
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test.each<[string, Parameters<typeof ask>[2]]>([
    ['with a token', { headers: OPERATOR }],
    ['that begins something', { method: 'POST', body: '{}' }],
    ['with a WebSocket in mind', { headers: { Connection: 'Upgrade', Upgrade: 'websocket' } }],
    ['under a name that is not ours', { headers: { Host: 'evil.example' } }],
  ])('one %s is told what to do, and led nowhere', async (_what, options) => {
    const answer = await ask(server.port, HOOKS_PATH, options)
    expect(answer.status).toBe(400)
    expect(answer.headers.location).toBeUndefined()
    expect(answer.json()).toMatchObject({
      code: 'BAD_REQUEST',
      details: {
        suggestion: expect.stringContaining(
          `write https:// (wss://) instead of http://; on its own machine also ${server.plainUrl}`,
        ),
      },
    })
  })
})

describe('A10 the loopback door without TLS', () => {
  test('takes hooks, telemetry and questions from this machine', async () => {
    const post = (path: string, body: string) =>
      ask(plainPort, path, { method: 'POST', headers: { ...INGEST, 'Content-Type': 'application/json' }, body })
    expect((await post(HOOKS_PATH, '{"hook_event_name":"Stop","session_id":"s"}')).status).toBe(200)
    expect((await post('/v1/logs', '{"resourceLogs":[]}')).status).toBe(200)
    expect((await ask(plainPort, '/api/v1/bots/health')).status).toBe(200)
    expect((await ask(plainPort, '/', { headers: { Origin: server.plainUrl } })).status).toBe(200)
  })

  test('is for the loopback names alone, with its own port and http', async () => {
    const host = (name: string) => ask(plainPort, '/', { headers: { Host: name } })
    expect((await host(`localhost:${plainPort}`)).status).toBe(200)
    for (const name of [`${LAN}:${plainPort}`, `studio:${plainPort}`, `localhost:${server.port}`]) {
      expect((await host(name)).status).toBe(421)
    }
    const origin = (value: string) => ask(plainPort, '/', { headers: { Origin: value } })
    for (const wrong of [`https://localhost:${plainPort}`, server.url, `https://${LAN}:${server.port}`]) {
      expect((await origin(wrong)).status).toBe(403)
    }
  })

  test('has the stream, and the same tokens', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${plainPort}${STREAM_PATH}`, ['swarmscope.v1'], {
      headers: bearer(TOKENS.viewer),
    })
    await once(socket, 'open')
    socket.terminate()
    expect((await ask(plainPort, '/api/v1/bots/agents')).status).toBe(401)
  })

  test('that is taken stops the start', async () => {
    const failed = startTestServer({ type: 'demo', agents: 1 }, { tls, plainPort })
    await expect(failed).rejects.toMatchObject({ code: 'PORT_IN_USE' })
  })
})

test('A9 a renewed certificate and its names count from the next connection on', async () => {
  const own = await startTestServer({ type: 'demo', agents: 1 }, { tls })
  try {
    const before = await shownCertificate(own.port)
    expect(before.fingerprint256).toBe(tls.fingerprint)
    const old = connect({ host: '127.0.0.1', servername: 'localhost', port: own.port, ca })
    await once(old, 'secureConnect')
    const { cert, key } = await certificate({ names: ['localhost', 'new.example'] })
    own.renewTls({ ...tls, context: { cert, key }, hostNames: ['new.example'] })
    expect((await shownCertificate(own.port)).subjectaltname).toBe('DNS:localhost, DNS:new.example')
    const host = (name: string) => askTls(own.port, '/', { ca: cert, headers: { Host: `${name}:${own.port}` } })
    expect((await host('new.example')).status).toBe(200)
    expect((await host(LAN)).status).toBe(421)
    // Whoever is connected stays so.
    old.write(`GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    const [answer] = (await once(old, 'data')) as [Buffer]
    expect(answer.toString()).toContain('200 OK')
    expect(() => own.renewTls({ ...tls, context: { cert, key: 'none' } })).toThrow()
    expect((await shownCertificate(own.port)).subjectaltname).toBe('DNS:localhost, DNS:new.example')
  } finally {
    await own.stop()
  }
})

test('a server with TLS ends at once, whoever is in the middle of a handshake or says nothing', async () => {
  const own = await startTestServer({ type: 'demo', agents: 1 }, { tls })
  const silent = connectTcp(own.port, '127.0.0.1')
  const half = connectTcp(own.port, '127.0.0.1')
  await Promise.all([once(silent, 'connect'), once(half, 'connect')])
  half.write('\u0016\u0003\u0001')
  const closed = Promise.all([silent, half].map(closing))
  const beganMs = performance.now()
  await own.stop()
  await closed
  expect(performance.now() - beganMs).toBeLessThan(1_900) // 2 s is when it would stop waiting for them
})
