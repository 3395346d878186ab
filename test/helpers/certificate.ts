// Certificates for servers on loopback, made anew for each run: nothing secret and nothing that expires is kept.

import { isIP } from 'node:net'
import { type CertificateExtension, generate } from 'selfsigned'

const DAY_MS = 24 * 60 * 60 * 1000

export interface CertificateOptions {
  /** Host names and addresses that it is for. */
  names: readonly string[]
  /** Its validity ended yesterday. */
  expired?: boolean
}

/** Self-signed: its own authority. */
export async function certificate({
  names,
  expired = false,
}: CertificateOptions): Promise<{ key: string; cert: string }> {
  const altNames = names.map((name) =>
    isIP(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
  )
  const extensions: CertificateExtension[] = [{ name: 'subjectAltName', altNames }]
  const nowMs = Date.now()
  const made = await generate([{ name: 'commonName', value: names[0] ?? 'nobody' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(nowMs - 3 * DAY_MS),
    notAfterDate: new Date(nowMs + (expired ? -DAY_MS : DAY_MS)),
    extensions,
  })
  return { key: made.private, cert: made.cert }
}
