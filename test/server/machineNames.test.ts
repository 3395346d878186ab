import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, test } from 'vitest'
import { inUrl, lanAddresses, machineNames } from '../../server/tls/machineNames.ts'

const info = (address: string, internal = false): NetworkInterfaceInfo =>
  address.includes(':')
    ? { address, family: 'IPv6', internal, netmask: 'ffff::', mac: '', cidr: null, scopeid: 0 }
    : { address, family: 'IPv4', internal, netmask: '255.0.0.0', mac: '', cidr: null }

const machine = {
  hostname: 'Studio.fritz.box',
  interfaces: {
    lo: [info('127.0.0.1', true), info('::1', true)],
    docker0: [info('172.17.0.1')],
    eth0: [info('192.168.1.5'), info('fe80::1'), info('fd00::5')],
  },
}

describe('the addresses of this machine', () => {
  test.each([
    ['0.0.0.0', ['192.168.1.5', '172.17.0.1']],
    ['::', ['192.168.1.5', '172.17.0.1', 'fd00::5']],
    ['192.168.1.5', ['192.168.1.5']],
    ['fd00::5', ['fd00::5']],
    ['192.168.1.6', []],
    ['127.0.0.1', []],
    ['localhost', []],
  ])(
    'listening on %s they are %j: no loopback, none of the link alone, those of containers last',
    (host, addresses) => {
      expect(lanAddresses(host, machine)).toEqual(addresses)
    },
  )

  test('are bounded', () => {
    const many = Array.from({ length: 300 }, (_, at) => info(`10.0.${at >> 8}.${at & 255}`))
    expect(lanAddresses('0.0.0.0', { hostname: 'x', interfaces: { eth0: many } })).toHaveLength(64)
  })
})

test.each([
  ['Studio.fritz.box', ['studio.fritz.box', 'studio.local']],
  ['studio', ['studio', 'studio.local']],
  ['studio.local', ['studio.local']],
  ['192.168.1.5', []],
  ['my machine', []],
  ['', []],
])('the names of %j are %j', (hostname, names) => {
  expect(machineNames({ hostname })).toEqual(names)
})

test.each([
  ['fd00:0:0:0:0:0:0:5', '[fd00::5]'],
  ['192.168.1.5', '192.168.1.5'],
  ['Studio.Local', 'studio.local'],
])('%s is %s in a URL', (name, text) => {
  expect(inUrl(name)).toBe(text)
})
