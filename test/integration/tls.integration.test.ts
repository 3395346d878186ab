// The server with TLS as its users start it: as a process, on loopback, with certificates in files.

import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { askTls, shownCertificate } from '../helpers/askTls.ts'
import { certificate } from '../helpers/certificate.ts'
import { type CertificateFiles, writeCertificate } from '../helpers/certificateFiles.ts'
import { ROOT, type Running, startServerProcess, temporaryFolder } from '../helpers/swarmscope.ts'
import { until } from '../helpers/until.ts'

let folder: ReturnType<typeof temporaryFolder>
let made: CertificateFiles
let server: Running | null = null
beforeEach(async () => {
  folder = temporaryFolder('tls')
  made = await writeCertificate(folder.path)
})
afterEach(async () => {
  await server?.kill()
  server = null
  folder.remove()
})

const args = (...more: string[]) => [
  ...['--demo', '3', '--host', '127.0.0.1', '--port', '0', '--data-dir', join(folder.path, 'data'), ...more],
]
const withFiles = (...more: string[]) => args('--tls-cert', made.files.cert, '--tls-key', made.files.key, ...more)
async function start(given: string[]): Promise<{ running: Running; port: number }> {
  const running = await startServerProcess({ args: given })
  server = running
  return { running, port: Number(new URL(running.url).port) }
}
const command = (...given: string[]) =>
  spawnSync(process.execPath, [join(ROOT, 'dist/node/server/main.js'), ...given], { encoding: 'utf8', timeout: 20_000 })

describe('A9 the process with TLS', () => {
  test('prints its https link, writes both addresses, and is found by its commands', async () => {
    const { running, port } = await start(withFiles())
    expect(running.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/#token=/)
    const page = await askTls(port, '/', { ca: made.cert })
    expect(page.text).toContain('<div id="root"')
    const status = command('status', '--demo', '--json', '--data-dir', join(folder.path, 'data'))
    expect(status.status).toBe(0)
    const report = JSON.parse(status.stdout) as { url: string; tlsUrl: string }
    expect(report.tlsUrl).toBe(`https://127.0.0.1:${port}`)
    expect(report.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(Number(new URL(report.url).port)).not.toBe(port)
    const doctor = command('doctor', '--demo', '--json', '--data-dir', join(folder.path, 'data'))
    expect(doctor.stdout).toContain(`healthy at ${report.url}`)
    expect(await running.stop()).toBe(0)
  })

  test.skipIf(process.platform === 'win32')(
    'SIGHUP: a renewed certificate is shown, one that is broken is not',
    async () => {
      const { running, port } = await start(withFiles())
      const { fingerprint256 } = await shownCertificate(port)
      writeFileSync(made.files.cert, 'nothing')
      running.process.kill('SIGHUP')
      await until(() => running.stderr().includes('SIGHUP: the certificate stays the old one'))
      expect(running.stderr()).toContain('holds no certificate in PEM')
      expect((await shownCertificate(port)).fingerprint256).toBe(fingerprint256)
      const renewed = await certificate({ names: ['localhost', 'renewed.example'] })
      writeFileSync(made.files.key, renewed.key)
      writeFileSync(made.files.cert, renewed.cert)
      running.process.kill('SIGHUP')
      await until(() => running.stderr().includes('SIGHUP: the certificate was read again'))
      expect((await shownCertificate(port)).subjectaltname).toBe('DNS:localhost, DNS:renewed.example')
      const asked = { ca: renewed.cert, headers: { Host: `renewed.example:${port}` } }
      expect((await askTls(port, '/', asked)).status).toBe(200)
      expect(await running.stop()).toBe(0)
    },
  )

  test('one of our own making is the same at the next start', async () => {
    const first = await start(args('--tls', 'self-signed', '--qr', 'viewer'))
    const shown = await shownCertificate(first.port)
    await first.running.stop()
    const second = await start(args('--tls', 'self-signed'))
    expect((await shownCertificate(second.port)).fingerprint256).toBe(shown.fingerprint256)
    expect(shown.subjectaltname).toContain('DNS:localhost')
  })

  test('one that has expired is said to be so, and served: hooks and telemetry must not stop with it', async () => {
    made = await writeCertificate(folder.path, { expired: true })
    const { running, port } = await start(withFiles())
    await until(() => running.stderr().includes('the certificate in --tls-cert has expired'))
    expect((await shownCertificate(port)).fingerprint256).toBeDefined()
    await expect(askTls(port, '/', { ca: made.cert })).rejects.toMatchObject({ code: 'CERT_HAS_EXPIRED' })
  })

  test.each<[string, () => unknown, string]>([
    ['a key that is not there', () => rmSync(made.files.key), 'key.pem cannot be read (ENOENT)'],
    [
      'a key that cannot be read',
      () => {
        rmSync(made.files.key)
        mkdirSync(made.files.key)
      },
      'key.pem cannot be read (EISDIR)',
    ],
    [
      'the key of another',
      async () => writeFileSync(made.files.key, (await certificate({ names: ['x'] })).key),
      'key.pem is not the key of the certificate in --tls-cert',
    ],
    ['no certificate', () => writeFileSync(made.files.cert, ''), 'cert.pem holds no certificate in PEM'],
  ])('%s ends the start in clear words, before anything listens', async (_what, breakIt, words) => {
    await breakIt()
    const ended = command(...withFiles())
    expect(ended.status).toBe(1)
    expect(ended.stdout).toBe('')
    expect(ended.stderr).toMatch(/^error: --tls-(cert|key) [^\n]+\n$/)
    expect(ended.stderr).toContain(words)
  })
})
