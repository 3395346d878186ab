// A certificate of our own making, for a headset or a phone that is to come in without one from elsewhere: kept in the data
// dir, so that a browser that was told once to accept it need not ask again.

import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { readTlsFiles, type TlsCertificate, type TlsFiles } from '../../platform/tlsFiles.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** Apple's systems take none that is good for more than 825 days. */
const LIFETIME_MS = 365 * DAY_MS
/** A new one is made when less is left. */
const RENEW_BEFORE_END_MS = 30 * DAY_MS
/** A headset's clock may be behind ours. */
const BACKDATED_MS = DAY_MS

export const selfSignedFiles = (dataDir: string): TlsFiles => ({
  cert: join(dataDir, 'self-signed-cert.pem'),
  key: join(dataDir, 'self-signed-key.pem'),
})

export interface SelfSignedOptions {
  dataDir: string
  /** Names and addresses that it has to be good for. */
  names: readonly string[]
  nowMs?: number
}

/** The one that is kept, or a new one if that will end soon or lacks a name. The key stays the same. */
export async function openSelfSigned({
  dataDir,
  names,
  nowMs = Date.now(),
}: SelfSignedOptions): Promise<TlsCertificate> {
  const files = selfSignedFiles(dataDir)
  const kept = readKept(files, nowMs)
  if (kept && isGoodFor(kept, names, nowMs)) return kept
  const key = readKey(files.key) ?? makeKey(files.key)
  renameSync(writeDraft(files.cert, await makeCertificate({ key, names, nowMs })), files.cert)
  return readTlsFiles(files, nowMs)
}

function readKept(files: TlsFiles, nowMs: number): TlsCertificate | null {
  if (!existsSync(files.cert)) return null
  try {
    return readTlsFiles(files, nowMs)
  } catch {
    return null // cut short, or of another key: a new one is made
  }
}

function isGoodFor({ certificate, validTo }: TlsCertificate, names: readonly string[], nowMs: number): boolean {
  if (Date.parse(validTo) - nowMs < RENEW_BEFORE_END_MS) return false
  return names.every((name) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined)
}

function readKey(file: string): string | null {
  try {
    const key = readFileSync(file, 'utf8')
    return createPrivateKey(key).asymmetricKeyType === 'ec' ? key : null
  } catch {
    return null // none yet, or cut short: a new one is made
  }
}

function makeKey(file: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const draft = writeDraft(file, pem)
  try {
    // Never over one that another server has just made: its certificate is of that.
    linkSync(draft, file)
    return pem
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const others = readKey(file)
    if (others === null) renameSync(draft, file)
    return others ?? pem
  } finally {
    rmSync(draft, { force: true })
  }
}

async function makeCertificate({ key, names, nowMs }: { key: string; names: readonly string[]; nowMs: number }) {
  // It takes 20 MB and 100 ms, and most servers never need it.
  const { generate } = await import('selfsigned')
  const publicKey = createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString()
  const altNames = names.map((name) =>
    isIP(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
  )
  const { cert } = await generate([{ name: 'commonName', value: 'Swarmscope' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    keyPair: { privateKey: key, publicKey },
    notBeforeDate: new Date(nowMs - BACKDATED_MS),
    notAfterDate: new Date(nowMs + LIFETIME_MS),
    extensions: [
      // No authority: who trusts it trusts this server alone, even if its key should get lost.
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  })
  return cert
}

/** What is put in its place whole or not at all, and for our eyes only. */
function writeDraft(file: string, text: string): string {
  const draft = `${file}.${randomUUID()}`
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' })
  return draft
}
