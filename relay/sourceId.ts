// The relay's name: random, kept for this machine and project root, so that agents keep their ids across restarts and
// a copied data dir or a moved project does not pass for the old one.

import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { openProjectDir } from '../platform/dataDir.ts'

const FILE = 'source.json'
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const ID_LENGTH = 12

const storedSource = z.object({
  sourceId: z.string().regex(/^[A-Za-z0-9_-]{4,64}$/),
  host: z.string(),
  root: z.string(),
})

export interface SourceOptions {
  dataDir: string
  root: string
  host: string
}

export function readSourceId({ dataDir, root, host }: SourceOptions): string {
  const path = join(openProjectDir(dataDir, root), FILE)
  const stored = readStored(path)
  if (stored?.host === host && stored.root === root) return stored.sourceId
  const sourceId = `cf_${[...randomBytes(ID_LENGTH)].map((byte) => BASE32[byte % BASE32.length]).join('')}`
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify({ sourceId, host, root })}\n`, { mode: 0o600 })
  renameSync(draft, path) // whole or not at all
  return sourceId
}

function readStored(path: string): z.infer<typeof storedSource> | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  try {
    return storedSource.parse(JSON.parse(text))
  } catch {
    return null // cut short or edited: a new one is as good
  }
}
