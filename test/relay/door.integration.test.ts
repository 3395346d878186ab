// The relay's door: TLS, the relay without a token, and those who come in and say nothing.

import { once } from 'node:events'
import { get as httpsGet } from 'node:https'
import { type Socket, connect as tcpConnect } from 'node:net'
import { type SecureVersion, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { readTls } from '../../relay/tls.ts'
import { writeCertificate } from '../helpers/certificateFiles.ts'
import { RelayClient } from '../helpers/relayClient.ts'
import { cleanup, temporaryFolder } from '../helpers/relayFiles.ts'
import { runRelay, TOKEN } from '../helpers/relayInProcess.ts'
import { until } from '../helpers/until.ts'

const AUTHORIZATION = { authorization: `Bearer ${TOKEN}` }

async function runTlsRelay(limits = {}) {
  const folder = temporaryFolder()
  const certificate = await writeCertificate(folder)
  const running = await runRelay({ tls: readTls(certificate.files).context, limits })
  return { ...running, ...certificate, folder }
}

const tlsSocket = async (port: number, maxVersion: SecureVersion = 'TLSv1.3'): Promise<TLSSocket> => {
  // At its usual level OpenSSL refuses old versions on this side already.
  const old = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  const socket = tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...old, maxVersion })
  cleanup(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

describe('TLS', () => {
  test('serves wss:// and https:// under the names in the certificate, and says so', async () => {
    const { relay, cert } = await runTlsRelay()
    expect(relay.url).toBe(`wss://127.0.0.1:${relay.port}/ws`)
    const client = await RelayClient.connect(relay.url, TOKEN, { ca: cert })
    cleanup(() => client.socket.terminate())
    expect(await client.ask('echo', { value: 1 })).toBe(1)
    const status = await new Promise<number | undefined>((resolve, reject) => {
      httpsGet(`https://localhost:${relay.port}/health`, { ca: cert, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode)
      }).on('error', reject)
    })
    expect(status).toBe(200)
  })

  test('[A2] takes pages of its own address by their https:// origin only', async () => {
    const { relay, cert } = await runTlsRelay()
    const open = (scheme: string) =>
      RelayClient.connect(relay.url, TOKEN, { ca: cert, origin: `${scheme}://localhost:${relay.port}` })
    const client = await open('https')
    cleanup(() => client.socket.terminate())
    expect(await client.ask('echo', { value: 1 })).toBe(1)
    await expect(open('http')).rejects.toThrow('403')
  })

  test('speaks no plain HTTP', async () => {
    const { origin } = await runTlsRelay()
    await expect(fetch(`${origin}/health`)).rejects.toThrow('fetch failed')
  })

  test.each<[SecureVersion, boolean]>([
    ['TLSv1.3', true],
    ['TLSv1.2', true],
    ['TLSv1.1', false],
  ])('%s: %s', async (version, isSpoken) => {
    const { relay } = await runTlsRelay()
    const spoken = tlsSocket(relay.port, version).then(
      (socket) => socket.getProtocol(),
      () => null,
    )
    expect(await spoken).toBe(isSpoken ? version : null)
  })

  test('a renewed certificate counts from the next connection on, and cuts nobody', async () => {
    const { relay, cert, folder } = await runTlsRelay()
    const before = (await tlsSocket(relay.port)).getPeerCertificate().fingerprint256
    const client = await RelayClient.connect(relay.url, TOKEN, { ca: cert })
    cleanup(() => client.socket.terminate())
    const renewed = await writeCertificate(folder)
    relay.renewTls(readTls(renewed.files).context)
    const after = (await tlsSocket(relay.port)).getPeerCertificate().fingerprint256
    expect(after).not.toBe(before)
    expect(await client.ask('echo', { value: 1 })).toBe(1)
    await expect(RelayClient.connect(relay.url, TOKEN, { ca: cert })).rejects.toThrow('self-signed')
    // One that is none is refused, and the last good one stays.
    expect(() => relay.renewTls({ cert: 'text', key: 'text' })).toThrow()
    expect((await tlsSocket(relay.port)).getPeerCertificate().fingerprint256).toBe(after)
  })
})

describe('without a token (--no-auth)', () => {
  test('programs that send no header get in', async () => {
    const { relay, get } = await runRelay({ token: null })
    const client = await RelayClient.connect(relay.url, null)
    cleanup(() => client.socket.terminate())
    expect(await client.ask('echo', { value: 1 })).toBe(1)
    expect(await (await get('/health')).json()).toMatchObject({ pid: process.pid })
  })

  test.each([
    ['[A2] a page of another origin', { origin: 'http://evil.example' }, 403],
    ['[A2] a sandboxed page', { origin: 'null' }, 403],
    ['[A2] a page of another port here', { origin: 'http://127.0.0.1:1' }, 403],
    ['[A1] a name that leads here', { headers: { host: 'evil.example:3000' } }, 421],
    ['[A6] what a page embeds, without an Origin', { headers: { 'sec-fetch-site': 'cross-site' } }, 403],
    ['[A6] what a page of a sibling embeds', { headers: { 'sec-fetch-site': 'same-site' } }, 403],
  ])('%s does not', async (_name, options, status) => {
    const { relay } = await runRelay({ token: null })
    await expect(RelayClient.connect(relay.url, null, options)).rejects.toThrow(String(status))
  })

  test('[A6] no name counts but loopback’s own: not the container’s, not an added one', async () => {
    const running = await runRelay({ token: null, allowHosts: ['laptop'] })
    for (const name of ['powerdev', 'laptop']) {
      const headers = { host: `${name}:${running.relay.port}` }
      await expect(RelayClient.connect(running.relay.url, null, { headers })).rejects.toThrow('421')
    }
  })

  test('with a token, what a page embeds learns no more than anyone', async () => {
    const { get } = await runRelay()
    const headers = { 'sec-fetch-site': 'cross-site' }
    expect(await (await get('/health', headers)).json()).not.toHaveProperty('pid')
    expect(await (await get('/health', { ...headers, ...AUTHORIZATION })).json()).toHaveProperty('pid')
  })
})

describe('[A7] who shows no token in time is gone', () => {
  const UNAUTHENTICATED_MS = 400
  /** Half of it is for the handshake, which takes a moment on a busy machine. */
  const UNAUTHENTICATED_TLS_MS = 2_000
  /** One check more, and what a busy machine takes. */
  const goneMs = (unauthenticatedMs: number) => unauthenticatedMs * 1.5 + 1_000

  async function goneAfterMs(socket: Socket): Promise<number> {
    const startedMs = performance.now()
    socket.resume()
    socket.on('error', () => undefined) // a reset is an end, too
    await once(socket, 'close')
    return performance.now() - startedMs
  }

  async function tcp(port: number): Promise<Socket> {
    const socket = tcpConnect(port, '127.0.0.1')
    cleanup(() => socket.destroy())
    await once(socket, 'connect')
    return socket
  }

  const HALF = 'GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: webso'

  test('with nothing sent, half a request, or a byte now and then', async () => {
    const { relay } = await runRelay({ limits: { unauthenticatedMs: UNAUTHENTICATED_MS } })
    const [silent, half, slow] = await Promise.all([tcp(relay.port), tcp(relay.port), tcp(relay.port)])
    half.write(HALF)
    slow.write(HALF)
    const trickle = setInterval(() => slow.write('x'), 50)
    cleanup(() => clearInterval(trickle))
    for (const ms of await Promise.all([silent, half, slow].map(goneAfterMs))) {
      expect(ms).toBeGreaterThan(UNAUTHENTICATED_MS / 2)
      expect(ms).toBeLessThan(goneMs(UNAUTHENTICATED_MS))
    }
  })

  test('with TLS: nothing sent, half a handshake, a handshake and nothing more, or half a request', async () => {
    const { relay, cert } = await runTlsRelay({ unauthenticatedMs: UNAUTHENTICATED_TLS_MS })
    const client = await RelayClient.connect(relay.url, TOKEN, { ca: cert })
    cleanup(() => client.socket.terminate())
    const [silent, half, slow] = await Promise.all([tcp(relay.port), tcp(relay.port), tcp(relay.port)])
    for (const socket of [half, slow]) socket.write(Buffer.from('16030100c8010000c40303', 'hex')) // a ClientHello's head
    const trickle = setInterval(() => slow.write('x'), 50)
    cleanup(() => clearInterval(trickle))
    const unshaken = [silent, half, slow].map(goneAfterMs)
    const [shaken, asking] = await Promise.all([tlsSocket(relay.port), tlsSocket(relay.port)])
    asking.write(HALF)
    for (const ms of await Promise.all([...unshaken, goneAfterMs(shaken), goneAfterMs(asking)])) {
      expect(ms).toBeLessThan(goneMs(UNAUTHENTICATED_TLS_MS))
    }
    // Who has shown a token is none of them.
    expect(await client.ask('echo', { value: 1 })).toBe(1)
  })

  test('sockets are bounded in number, too', async () => {
    const { relay, connect } = await runRelay({ limits: { maxClients: 1, unauthenticatedMs: 60_000 } })
    const bound = 1 * 4 + 256
    const sockets = await Promise.all(Array.from({ length: bound }, () => tcp(relay.port)))
    const oneMore = await tcp(relay.port)
    expect(await goneAfterMs(oneMore)).toBeLessThan(5_000)
    for (const socket of sockets) socket.destroy()
    await until(() =>
      connect().then(
        () => true,
        () => false,
      ),
    )
  })
})
