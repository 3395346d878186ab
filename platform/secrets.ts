// The four secrets, each for one thing: from the environment, else random and kept in the data dir (mode 0600).

import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const SECRETS = {
  operator: { variable: 'SWARMSCOPE_TOKEN', file: 'operator.token' },
  viewer: { variable: 'SWARMSCOPE_VIEWER_TOKEN', file: 'viewer.token' },
  ingest: { variable: 'SWARMSCOPE_INGEST_TOKEN', file: 'ingest.token' },
  relay: { variable: 'SWARMSCOPE_RELAY_TOKEN', file: 'relay.token' },
} as const
export type SecretName = keyof typeof SECRETS

/** What stands in an `Authorization` header must be free of spaces and control characters. */
const USABLE = /^[\x21-\x7e]{8,512}$/

const USABLE_IN_WORDS = 'must be 8 to 512 visible characters without spaces'

/** What was given is no secret; the message says where it stands, and never what. */
export class SecretError extends Error {
  override readonly name = 'SecretError'
}

/** A secret and where it stands: in the environment (`path: null`), or in a file. */
export interface FoundSecret {
  secret: string
  path: string | null
}

/** Throws `SecretError` if the variable holds something that no client could send. */
export function readSecret(name: SecretName, dataDir: string, env: NodeJS.ProcessEnv = process.env): string {
  return findSecret(name, dataDir, env)?.secret ?? createToken(join(dataDir, SECRETS[name].file))
}

/** As `readSecret`, for those who only ask: `null` if there is none yet. */
export function findSecret(
  name: SecretName,
  dataDir: string,
  env: NodeJS.ProcessEnv = process.env,
): FoundSecret | null {
  const { variable, file } = SECRETS[name]
  const given = env[variable]?.trim()
  if (given) {
    if (!USABLE.test(given)) throw new SecretError(`${variable} ${USABLE_IN_WORDS}`)
    return { secret: given, path: null }
  }
  const path = join(dataDir, file)
  const secret = readToken(path)
  return secret === null ? null : { secret, path }
}

/** From a file that somebody else keeps; throws `SecretError` if there is none in it. */
export function readSecretFile(path: string): { secret: string; isReadableByOthers: boolean } {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new SecretError(`The token file ${path} cannot be read (${code})`, { cause: error })
  }
  if (!USABLE.test(text)) throw new SecretError(`What stands in the token file ${path} ${USABLE_IN_WORDS}`)
  const isReadableByOthers = process.platform !== 'win32' && (statSync(path).mode & 0o044) !== 0
  return { secret: text, isReadableByOthers }
}

function readToken(path: string): string | null {
  try {
    const token = readFileSync(path, 'utf8').trim()
    return USABLE.test(token) ? token : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Two processes may start at once: the link is made by one of them, and both read what it holds. */
function createToken(path: string): string {
  const token = randomBytes(24).toString('base64url')
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${token}\n`, { mode: 0o600 })
  try {
    linkSync(draft, path)
    return token
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const existing = readToken(path)
    if (existing) return existing
    // What stands there is no token (cut short, or edited): replace the file itself, whatever its mode was.
    renameSync(draft, path)
    return token
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Takes as long for a nearly right token as for a wrong one, whatever their lengths. */
export const sameSecret = (given: string, expected: string): boolean =>
  timingSafeEqual(digestOf(given), digestOf(expected))

/** The same for one who is asked often: what it expects is put into its form once. */
export function secretCheck(expected: string): (given: string) => boolean {
  const digest = digestOf(expected)
  return (given) => timingSafeEqual(digestOf(given), digest)
}

const digestOf = (text: string): Buffer => hash('sha256', text, 'buffer')

/** The token of an `Authorization: Bearer` header; `null` if there is none. */
export function bearerOf(header: string | undefined): string | null {
  const match = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header ?? '')
  return match?.[1] ?? null
}
