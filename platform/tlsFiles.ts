// A certificate and its key in files (relay and server): read, checked and explained before anything listens, and read
// again when it was renewed.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'

export interface TlsFiles {
  cert: string
  key: string
}

/** What is wrong with which file, and nothing that stands in it. */
export class TlsFileError extends Error {
  override readonly name = 'TlsFileError'
}

export interface TlsCertificate {
  /** For `https.createServer` and `setSecureContext`. */
  context: SecureContextOptions
  /** The names it is good for, as they stand in it. */
  names: string
  certificate: X509Certificate
  /** ISO 8601. */
  validTo: string
  isExpired: boolean
}

/** Throws `TlsFileError`. */
export function readTlsFiles(files: TlsFiles, nowMs: number = Date.now()): TlsCertificate {
  const cert = read(files.cert, '--tls-cert')
  const key = read(files.key, '--tls-key')
  const certificate = parse(cert, files.cert)
  // OpenSSL itself takes a key of another kind, or an empty one, and fails at the first handshake only.
  if (!certificate.checkPrivateKey(parseKey(key, files.key))) {
    throw new TlsFileError(`--tls-key ${files.key} is not the key of the certificate in --tls-cert`)
  }
  const context: SecureContextOptions = { cert, key, minVersion: 'TLSv1.2' }
  try {
    createSecureContext(context)
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new TlsFileError(`--tls-cert ${files.cert} cannot be used (${code})`, { cause: error }) // e.g. a broken chain
  }
  const validTo = new Date(certificate.validTo)
  return {
    context,
    certificate,
    names: certificate.subjectAltName ?? certificate.subject,
    validTo: validTo.toISOString(),
    isExpired: validTo.getTime() < nowMs,
  }
}

function read(path: string, option: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new TlsFileError(`${option} ${path} cannot be read (${code ?? 'unknown'})`, { cause: error })
  }
}

function parse(cert: Buffer, path: string): X509Certificate {
  try {
    return new X509Certificate(cert)
  } catch (error) {
    throw new TlsFileError(`--tls-cert ${path} holds no certificate in PEM`, { cause: error })
  }
}

function parseKey(key: Buffer, path: string): KeyObject {
  try {
    return createPrivateKey(key)
  } catch (error) {
    // Both kinds of PEM say so in their head; OpenSSL's own error does not.
    const fault = key.includes('ENCRYPTED')
      ? 'is encrypted: give one that needs no pass phrase'
      : 'holds no private key in PEM'
    throw new TlsFileError(`--tls-key ${path} ${fault}`, { cause: error })
  }
}
