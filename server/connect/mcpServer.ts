// The relay as an MCP server of Claude Code, at local scope, by Claude Code's own command: its file holds much else and is
// rewritten all the time. The relay's token does not go there: a helper reads it when a connection is made.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { shellWord } from '../../platform/shellWord.ts'

const run = promisify(execFile)
/** `claude mcp get` tries the server, too. */
const TIMEOUT_MS = 60_000

/** The name that claude-flow's `init` gives it in `.mcp.json`: the local scope comes before that. */
const MCP_NAME = 'claude-flow'

export interface McpTarget {
  /** e.g. `http://localhost:3000/mcp`. */
  url: string
  /** Where the relay's token is; `null`: in the environment. */
  tokenFile: string | null
  /** The variable, if so. */
  tokenVariable: string
}

function mcpConfig({ url, tokenFile, tokenVariable }: McpTarget): string {
  const token = tokenFile === null ? `$${tokenVariable}` : `$(cat ${shellWord(tokenFile)})`
  const headersHelper = `printf '{"Authorization":"Bearer %s"}' "${token}"`
  return JSON.stringify({ type: 'http', url, headersHelper })
}

export const addCommand = (target: McpTarget): string[] => [
  'mcp',
  'add-json',
  '--scope',
  'local',
  MCP_NAME,
  mcpConfig(target),
]
export const removeCommand = (): string[] => ['mcp', 'remove', '--scope', 'local', MCP_NAME]

export type McpOutcome = 'done' | 'already' | 'not there' | { failed: string }

/** Adds it, unless it is there already or something else has its name; `former`: by which address it may have been added. */
export async function addMcpServer(project: string, target: McpTarget, former: string | null): Promise<McpOutcome> {
  const added = await claude(project, addCommand(target))
  if (added.ok) return 'done'
  if (!/already exists/i.test(added.output)) return { failed: added.output }
  const found = await findMcpServer(project)
  if (found.url === target.url) return 'already'
  if (found.url === null || found.url !== former) {
    return {
      failed: `Claude Code has another server named ${MCP_NAME} at local scope. Remove it first: claude ${removeCommand().join(' ')}`,
    }
  }
  const removed = await claude(project, removeCommand())
  const again = removed.ok ? await claude(project, addCommand(target)) : removed
  return again.ok ? 'done' : { failed: again.output }
}

/** `urls`: by which it may have been added. */
export async function removeMcpServer(project: string, urls: readonly string[]): Promise<McpOutcome> {
  const { url, missing } = await findMcpServer(project)
  if (missing !== null) return { failed: missing }
  if (url === null || !urls.includes(url)) return 'not there'
  const removed = await claude(project, removeCommand())
  return removed.ok ? 'done' : { failed: removed.output }
}

/** `url`: of the one at local scope, if there is one. */
async function findMcpServer(project: string): Promise<{ url: string | null; missing: string | null }> {
  const { ok, missing, output } = await claude(project, ['mcp', 'get', MCP_NAME])
  const isLocal = ok && /^\s*Scope: Local/im.test(output)
  const url = /^\s*URL: (\S+)\s*$/m.exec(output)?.[1] ?? null
  return { url: isLocal ? url : null, missing: missing ? output : null }
}

async function claude(cwd: string, args: string[]): Promise<{ ok: boolean; missing: boolean; output: string }> {
  try {
    const { stdout, stderr } = await run('claude', args, { cwd, timeout: TIMEOUT_MS })
    return { ok: true, missing: false, output: `${stdout}${stderr}`.trim() }
  } catch (error) {
    const {
      code,
      stdout = '',
      stderr = '',
      message,
    } = error as NodeJS.ErrnoException & Record<'stdout' | 'stderr', string>
    if (code === 'ENOENT') return { ok: false, missing: true, output: 'claude is not on the PATH' }
    return { ok: false, missing: false, output: `${stdout}${stderr}`.trim() || message }
  }
}

export const inShell = (args: readonly string[]): string => ['claude', ...args].map(shellWord).join(' ')
