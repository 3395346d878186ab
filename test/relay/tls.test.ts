import { generateKeyPairSync } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../relay/config.ts'
import { readTls } from '../../relay/tls.ts'
import { writeCertificate } from '../helpers/certificateFiles.ts'
import { temporaryFolder } from '../helpers/relayFiles.ts'

const PEM = { format: 'pem', type: 'pkcs8' } as const

describe('the certificate', () => {
  test('is read with its names and its end', async () => {
    const folder = temporaryFolder()
    const { files, cert, key } = await writeCertificate(folder)
    const tls = readTls(files)
    expect(tls).toMatchObject({ names: expect.stringContaining('localhost'), isExpired: false })
    expect(String(tls.context.cert)).toBe(cert)
    expect(String(tls.context.key)).toBe(key)
    expect(tls.context.minVersion).toBe('TLSv1.2')
    expect(readTls(files, Date.parse(tls.validTo) + 1).isExpired).toBe(true)
  })

  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(PEM)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(PEM)
  const encrypted = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    ...PEM,
    cipher: 'aes-256-cbc',
    passphrase: 'a pass phrase',
  })

  test.each<[string, 'cert' | 'key', string | Buffer | null, string]>([
    ['a certificate that is not there', 'cert', null, '--tls-cert FOLDER/cert.pem cannot be read (ENOENT)'],
    ['a key that is not there', 'key', null, '--tls-key FOLDER/key.pem cannot be read (ENOENT)'],
    ['text for a certificate', 'cert', 'text', '--tls-cert FOLDER/cert.pem holds no certificate in PEM'],
    ['nothing for a certificate', 'cert', '', '--tls-cert FOLDER/cert.pem holds no certificate in PEM'],
    ['a key for a certificate', 'cert', ec, '--tls-cert FOLDER/cert.pem holds no certificate in PEM'],
    ['text for a key', 'key', 'text', '--tls-key FOLDER/key.pem holds no private key in PEM'],
    ['nothing for a key', 'key', '', '--tls-key FOLDER/key.pem holds no private key in PEM'],
    ['another key', 'key', ec, '--tls-key FOLDER/key.pem is not the key of the certificate in --tls-cert'],
    ['a key of another kind', 'key', rsa, '--tls-key FOLDER/key.pem is not the key of the certificate in --tls-cert'],
    ['an encrypted key', 'key', encrypted, '--tls-key FOLDER/key.pem is encrypted: give one that needs no pass phrase'],
  ])('refuses %s in words, with the file and nothing that is in it', async (_name, which, content, message) => {
    const folder = temporaryFolder()
    const { files } = await writeCertificate(folder)
    if (content === null) rmSync(files[which])
    else writeFileSync(files[which], content)
    expect(() => readTls(files)).toThrow(new ConfigError(message.replace('FOLDER', folder)))
  })
})
