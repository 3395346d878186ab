import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSelfSigned, selfSignedFiles } from '../../server/tls/selfSigned.ts'
import { namesOf, openServerTls } from '../../server/tls/serverTls.ts'
import { temporaryFolder } from '../helpers/swarmscope.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const NAMES = ['localhost', '127.0.0.1', '::1', 'studio.local', '192.168.1.5']

let folder: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  folder = temporaryFolder('self-signed')
})
afterEach(() => folder.remove())

const open = (names: readonly string[] = NAMES, nowMs = Date.now()) =>
  openSelfSigned({ dataDir: folder.path, names, nowMs })

describe('the certificate of our own making', () => {
  test('is good for all names, for a year, for servers alone, and is no authority', async () => {
    const { certificate, validTo, context } = await open()
    expect(NAMES.map((name) => certificate.checkHost(name) ?? certificate.checkIP(name))).toEqual(NAMES)
    expect(certificate.checkHost('example.org')).toBeUndefined()
    expect(certificate.ca).toBe(false)
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    const days = (Date.parse(validTo) - Date.parse(certificate.validFrom)) / DAY_MS
    expect(days).toBeGreaterThan(360)
    expect(days).toBeLessThan(825)
    expect(context.minVersion).toBe('TLSv1.2')
    expect(certificate.verify(certificate.publicKey)).toBe(true)
  })

  test('is kept, closed to others', async () => {
    const first = await open()
    expect((await open()).certificate.fingerprint256).toBe(first.certificate.fingerprint256)
    for (const file of Object.values(selfSignedFiles(folder.path))) expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder.path)).toHaveLength(2)
  })

  test.each<[string, (nowMs: number) => { names?: string[]; nowMs?: number } | undefined]>([
    ['an address has come', () => ({ names: [...NAMES, '10.0.0.7'] })],
    ['it ends in less than a month', (nowMs) => ({ nowMs: nowMs + 340 * DAY_MS })],
    ['it is cut short', () => void writeFileSync(selfSignedFiles(folder.path).cert, '-----BEGIN CERT')],
  ])('is made anew, with the same key, when %s', async (_when, change) => {
    const before = await open()
    const key = readFileSync(selfSignedFiles(folder.path).key, 'utf8')
    const { names = NAMES, nowMs = Date.now() } = change(Date.now()) ?? {}
    const { certificate } = await open(names, nowMs)
    expect(certificate.fingerprint256).not.toBe(before.certificate.fingerprint256)
    expect(names.every((name) => certificate.checkHost(name) ?? certificate.checkIP(name))).toBe(true)
    expect(readFileSync(selfSignedFiles(folder.path).key, 'utf8')).toBe(key)
    expect((await open(names, nowMs)).certificate.fingerprint256).toBe(certificate.fingerprint256)
  })

  test('is kept when an address has gone: a laptop that comes home is known there', async () => {
    const before = await open()
    expect((await open(NAMES.slice(0, 3))).certificate.fingerprint256).toBe(before.certificate.fingerprint256)
  })

  test.each(['', '-----BEGIN PRIVATE KEY-----'])('gets a new key when what is kept is %j', async (text) => {
    await open()
    writeFileSync(selfSignedFiles(folder.path).key, text)
    const { certificate, context } = await open()
    expect(certificate.checkHost('localhost')).toBe('localhost')
    expect(readFileSync(selfSignedFiles(folder.path).key, 'utf8')).toBe(String(context.key))
  })

  test('many that are made at once leave a pair that fits', async () => {
    await Promise.all(Array.from({ length: 5 }, () => open()))
    expect((await open()).certificate.checkHost('localhost')).toBe('localhost')
    expect(readdirSync(folder.path)).toHaveLength(2)
  })
})

describe("the server's certificate", () => {
  const info = { netmask: '', mac: '', cidr: null, internal: false }
  const machine = {
    hostname: 'Studio',
    interfaces: { eth0: [{ ...info, address: '192.168.1.5', family: 'IPv4' as const }] },
  }
  const config = { host: '0.0.0.0', allowHosts: [], publicUrls: [] }

  test('of our own making is good for this machine, and for names that were added', async () => {
    const tls = await openServerTls(
      {
        ...config,
        dataDir: folder.path,
        tls: { type: 'self-signed' },
        allowHosts: ['den'],
        publicUrls: ['https://a.example'],
      },
      machine,
    )
    expect(tls.hostNames).toEqual(
      expect.arrayContaining([
        '192.168.1.5',
        'localhost',
        '127.0.0.1',
        '[::1]',
        'studio',
        'studio.local',
        'den',
        'a.example',
      ]),
    )
    expect(tls).toMatchObject({ lanName: '192.168.1.5', isSelfSigned: true, isExpired: false })
    expect(tls.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  })

  test('of a loopback server leads nobody else there', async () => {
    const tls = await openServerTls(
      { ...config, host: '127.0.0.1', dataDir: folder.path, tls: { type: 'self-signed' } },
      machine,
    )
    expect(tls.lanName).toBeNull()
    expect(tls.hostNames).not.toContain('192.168.1.5')
  })

  test.each([
    [['localhost', 'swarm.example', '192.168.1.5'], '192.168.1.5'],
    [['localhost', 'swarm.example'], 'swarm.example'],
    [['localhost'], '192.168.1.5'],
  ])('of the user, good for %j, is reached at %s first', async (names, lanName) => {
    const { cert, key } = await openSelfSigned({ dataDir: folder.path, names }).then(() => selfSignedFiles(folder.path))
    const tls = await openServerTls({ ...config, dataDir: folder.path, tls: { type: 'files', cert, key } }, machine)
    expect(tls).toMatchObject({ lanName, isSelfSigned: false })
  })

  test.each([
    [
      'DNS:a.example, DNS:*.b.example, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:5',
      ['a.example', '10.0.0.1', '[fd00::5]'],
    ],
    ['DNS:"x, DNS:evil.example", email:a@b.example, URI:https://c.example', []],
    [undefined, []],
  ])('names of %j are %j', (subjectAltName, names) => {
    expect(namesOf({ subjectAltName })).toEqual(names)
  })
})
