// A certificate for loopback in two files, as the relay's options take it.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { certificate } from './certificate.ts'

export interface CertificateFiles {
  /** PEM. */
  cert: string
  key: string
  files: { cert: string; key: string }
}

/** Writes `cert.pem` and `key.pem` into the folder, over those that may be there. */
export async function writeCertificate(folder: string, { expired = false } = {}): Promise<CertificateFiles> {
  const made = await certificate({ names: ['localhost', '127.0.0.1'], expired })
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  writeFileSync(files.cert, made.cert)
  writeFileSync(files.key, made.key, { mode: 0o600 })
  return { ...made, files }
}
