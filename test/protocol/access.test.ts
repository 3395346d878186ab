import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { accessList, checkAccess } from '../../protocol/access.ts'

const list = accessList({ port: 8080, hostNames: ['powerdev'], publicUrls: ['https://swarm.example.org'] })
const HOST = 'localhost:8080'

const GOOD_HOSTS = [
  '127.0.0.1:8080',
  'localhost:8080',
  'LocalHost:8080',
  '[::1]:8080',
  'powerdev:8080',
  'swarm.example.org',
  'swarm.example.org:443',
]
const GOOD_ORIGINS = [
  'http://127.0.0.1:8080',
  'http://localhost:8080',
  'http://[::1]:8080',
  'http://powerdev:8080',
  'https://swarm.example.org',
]

const HOSTILE_ORIGINS = [
  '',
  'null',
  'file://',
  '*',
  'http://localhost',
  'http://localhost:80',
  'http://localhost:8081',
  'http://localhost:80800',
  'http://localhost:8080/',
  'http://localhost:8080/x',
  'http://localhost:8080?x',
  'http://localhost:8080#x',
  'https://localhost:8080',
  'ws://localhost:8080',
  'HTTP://LOCALHOST:8080',
  'http://localhost.:8080',
  'http://localhost.evil.test:8080',
  'http://evil-localhost:8080',
  'http://evil.test:8080',
  'http://127.0.0.1.evil.test:8080',
  'http://127.0.0.1:8080.evil.test',
  'http://localhost:8080@evil.test',
  'http://user:pass@localhost:8080',
  'http://127.1:8080',
  'http://2130706433:8080',
  'http://0x7f000001:8080',
  'http://0.0.0.0:8080',
  'http://[::]:8080',
  'http://[::ffff:127.0.0.1]:8080',
  'http://::1:8080',
  'http://localhost:8080, http://evil.test',
  'http://localhost:8080 http://evil.test',
  ' http://localhost:8080',
  'http://localhost:8080\n',
  'http://lоcalhost:8080', // a Cyrillic о
  'http://swarm.example.org',
  'https://swarm.example.org:8080',
  'https://swarm.example.org:443',
  'https://evil.swarm.example.org',
  'https://swarm.example.org.evil.test',
  'https://swarmXexample.org',
  `http://localhost:8080${'0'.repeat(8_192)}`,
]

const HOSTILE_HOSTS = [
  '',
  'localhost',
  'localhost:',
  'localhost:80',
  'localhost:8081',
  'localhost:08080',
  'localhost:8080.',
  'localhost.:8080',
  'evil.test',
  'evil.test:8080',
  'localhost.evil.test:8080',
  'evil-localhost:8080',
  '127.0.0.1.evil.test:8080',
  '127.1:8080',
  '2130706433:8080',
  '0x7f000001:8080',
  '017700000001:8080',
  '0.0.0.0:8080',
  '0:8080',
  '[::]:8080',
  '::1:8080',
  '[::ffff:127.0.0.1]:8080',
  '[0:0:0:0:0:0:0:1]:8080',
  'http://localhost:8080',
  '//localhost:8080',
  'user@localhost:8080',
  'localhost:8080@evil.test',
  'localhost:8080, evil.test:8080',
  'localhost:8080 ',
  ' localhost:8080',
  'localhost:8080/',
  'swarm.example.org:8080',
  'swarm.example.org:80',
  'sub.swarm.example.org',
  '*',
  `${'a'.repeat(8_192)}:8080`,
]

describe('Host', () => {
  it.each(GOOD_HOSTS)('[A1, A4] %s is served', (host) => {
    expect(checkAccess(list, host, undefined)).toBe('ok')
  })

  it.each(HOSTILE_HOSTS)('[A1] %j is not', (host) => {
    expect(checkAccess(list, host, undefined)).toBe('WRONG_HOST')
  })

  it('[A1] none at all is refused', () => {
    expect(checkAccess(list, undefined, undefined)).toBe('WRONG_HOST')
    expect(checkAccess(list, undefined, 'http://localhost:8080')).toBe('WRONG_HOST')
  })

  it('[A5] is looked at before Origin', () => {
    expect(checkAccess(list, 'evil.test:8080', 'http://evil.test:8080')).toBe('WRONG_HOST')
  })
})

describe('Origin', () => {
  it.each(GOOD_ORIGINS)('[A2, A4] %s may ask', (origin) => {
    expect(checkAccess(list, HOST, origin)).toBe('ok')
  })

  it.each(HOSTILE_ORIGINS)('[A2] %j may not', (origin) => {
    expect(checkAccess(list, HOST, origin)).toBe('WRONG_ORIGIN')
  })

  it('[A3] none at all passes, for the token to decide', () => {
    expect(checkAccess(list, HOST, undefined)).toBe('ok')
  })

  it('[A2] nothing but the listed ones passes, whatever is put around them', () => {
    const near = fc
      .tuple(fc.constantFrom(...GOOD_ORIGINS), fc.string({ maxLength: 4 }), fc.nat({ max: 40 }))
      .map(([origin, noise, at]) => origin.slice(0, at) + noise + origin.slice(at))
    fc.assert(
      fc.property(fc.oneof(near, fc.string(), fc.webUrl()), (origin) => {
        expect(checkAccess(list, HOST, origin) === 'ok').toBe(GOOD_ORIGINS.includes(origin))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('accessList', () => {
  it("[A4] leaves the scheme's own port out, as browsers do", () => {
    const plain = accessList({ port: 80, hostNames: [], publicUrls: [] })
    expect(checkAccess(plain, 'localhost', 'http://localhost')).toBe('ok')
    expect(checkAccess(plain, 'localhost:80', 'http://localhost')).toBe('ok')
    expect(checkAccess(plain, 'localhost', 'http://localhost:80')).toBe('WRONG_ORIGIN')
    const tls = accessList({ port: 443, hostNames: [], publicUrls: [], tls: true })
    expect(checkAccess(tls, 'localhost', 'https://localhost')).toBe('ok')
    expect(checkAccess(tls, 'localhost', 'http://localhost')).toBe('WRONG_ORIGIN')
  })

  it('[A4] with TLS, plain origins are others', () => {
    const tls = accessList({ port: 8443, hostNames: [], publicUrls: [], tls: true })
    expect(checkAccess(tls, 'localhost:8443', 'https://localhost:8443')).toBe('ok')
    expect(checkAccess(tls, 'localhost:8443', 'http://localhost:8443')).toBe('WRONG_ORIGIN')
  })

  it.each([
    ['http://Dash.Example.org', 'dash.example.org', 'http://dash.example.org'],
    ['http://dash.example.org:80/', 'dash.example.org:80', 'http://dash.example.org'],
    ['https://dash.example.org:8443', 'dash.example.org:8443', 'https://dash.example.org:8443'],
    ['http://dash.example.org:443', 'dash.example.org:443', 'http://dash.example.org:443'],
    ['http://[2001:db8::1]:9000', '[2001:db8::1]:9000', 'http://[2001:db8::1]:9000'],
    ['http://192.168.1.20:8080', '192.168.1.20:8080', 'http://192.168.1.20:8080'],
  ])('[A4] %s is reached as %s from %s', (url, host, origin) => {
    expect(checkAccess(accessList({ port: 8080, hostNames: [], publicUrls: [url] }), host, origin)).toBe('ok')
  })

  it.each([
    '',
    'example.org',
    'ftp://example.org',
    'https://',
    'https://a/b',
    'https://a?b',
    'https://u:p@a',
    'https://a b',
    '*',
  ])('[A4] %j is no public URL', (url) => {
    expect(() => accessList({ port: 8080, hostNames: [], publicUrls: [url] })).toThrow(TypeError)
  })
})
