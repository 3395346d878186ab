// Which address was given to Claude Code as claude-flow's, kept in the data dir: the relay's port may be another one when it is to
// be taken back.

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const memory = z.object({ url: z.string() })
const pathIn = (projectDir: string): string => join(projectDir, 'claude-mcp.connect.json')

/** `null`: none was, or nothing is known of it any more. */
export function rememberedMcpUrl(projectDir: string): string | null {
  try {
    return memory.parse(JSON.parse(readFileSync(pathIn(projectDir), 'utf8'))).url
  } catch {
    return null // whoever takes it back then goes by what it is now
  }
}

export function rememberMcpUrl(projectDir: string, url: string): void {
  writeFileSync(pathIn(projectDir), `${JSON.stringify({ url } satisfies z.infer<typeof memory>)}\n`, { mode: 0o600 })
}

export const forgetMcpUrl = (projectDir: string): void => rmSync(pathIn(projectDir), { force: true })
