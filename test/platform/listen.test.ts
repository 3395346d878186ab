import { createServer, type Server } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { isLoopback, listen } from '../../platform/listen.ts'

const servers: Server[] = []
const newServer = () => {
  const server = createServer()
  servers.push(server)
  return server
}
const close = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()))
afterEach(async () => {
  await Promise.all(servers.splice(0).map(close))
})
const options = { host: '127.0.0.1', port: 0, option: '--port' }

describe('listening', () => {
  test('port 0 takes any free one, and says which', async () => {
    const [a, b] = [await listen(newServer(), options), await listen(newServer(), options)]
    expect(a).toBeGreaterThan(0)
    expect(b).not.toBe(a)
  })

  test('on a busy port is PORT_IN_USE, and names port, address and option', async () => {
    const port = await listen(newServer(), options)
    const failed = listen(newServer(), { ...options, port, option: '--relay-port', patienceMs: 150 })
    await expect(failed).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      body: { details: { suggestion: `Port ${port} on 127.0.0.1 is taken: choose another with --relay-port N` } },
    })
  })

  test('waits a moment for a predecessor that is just ending, and leaves no listener behind', async () => {
    const predecessor = newServer()
    const port = await listen(predecessor, options)
    const server = newServer()
    const before = { error: server.listenerCount('error'), listening: server.listenerCount('listening') }
    let failures = 0
    server.on('error', () => {
      if (++failures === 3) predecessor.close()
    })
    expect(await listen(server, { ...options, port })).toBe(port)
    expect(failures).toBeGreaterThanOrEqual(3)
    expect(server.listenerCount('error')).toBe(before.error + 1)
    expect(server.listenerCount('listening')).toBe(before.listening)
  })

  test('on an address that is not ours fails at once, as it is', async () => {
    await expect(listen(newServer(), { ...options, host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
    })
  })
})

test.each([
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['localhost', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.5', false],
  ['powerdev', false],
  ['127.0.0.1.evil.example', false],
  ['localhost.evil.example', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected)
})
