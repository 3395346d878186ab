import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, test } from 'vitest'
import { doorsOf } from '../../server/doors.ts'

const info = (address: string): NetworkInterfaceInfo =>
  address.includes(':')
    ? { address, family: 'IPv6', internal: false, netmask: 'ffff::', mac: '', cidr: null, scopeid: 0 }
    : { address, family: 'IPv4', internal: false, netmask: '255.0.0.0', mac: '', cidr: null }
const machine = { hostname: 'studio', interfaces: { wlan0: [info('fe80::1'), info('192.168.1.5')] } }

const ours = { isSelfSigned: true, lanName: '192.168.1.5' }
const theirs = { isSelfSigned: false, lanName: 'studio.local' }
const alone = { isSelfSigned: true, lanName: null }
const PROXY = 'https://swarm.example/'

describe('[V3] the doors that a hello tells', () => {
  test.each([
    ['on loopback', '127.0.0.1', [], null, ['none', null, 8080, '192.168.1.5']],
    [
      'on loopback behind a TLS proxy',
      '127.0.0.1',
      [PROXY],
      null,
      ['none', 'https://swarm.example', 8080, '192.168.1.5'],
    ],
    [
      'in a container, whose address leads nowhere',
      '0.0.0.0',
      ['http://localhost:8080'],
      null,
      ['none', null, 8080, null],
    ],
    ['without TLS at one address', '192.168.1.5', ['http://studio:8080'], null, ['none', null, null, null]],
    [
      'with a certificate of our own',
      '0.0.0.0',
      [],
      ours,
      ['self-signed', 'https://192.168.1.5:8080', 8081, '192.168.1.5'],
    ],
    ['with one of theirs', '0.0.0.0', [], theirs, ['files', 'https://studio.local:8080', 8081, 'studio.local']],
    [
      'with TLS under a name of its own',
      '0.0.0.0',
      [PROXY],
      ours,
      ['self-signed', 'https://swarm.example', 8081, '192.168.1.5'],
    ],
    ['with TLS on loopback alone', '127.0.0.1', [], alone, ['self-signed', null, 8081, null]],
  ])('%s', (_case, host, publicUrls, tls, [kind, secureUrl, plainPort, lanName]) => {
    const input = { config: { host, publicUrls }, tls, port: 8080, plainPort: tls ? 8081 : null }
    expect(doorsOf(input, machine)).toEqual({ tls: kind, secureUrl, plainPort, lanName })
  })

  test('without a network there is no name to tell', () => {
    const input = { config: { host: '127.0.0.1', publicUrls: [] }, tls: null, port: 8080, plainPort: null }
    expect(doorsOf(input, { hostname: 'studio', interfaces: {} }).lanName).toBeNull()
  })
})
