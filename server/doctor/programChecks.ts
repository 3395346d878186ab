// What has to be installed: Node, claude-flow, Claude Code. claude-flow is not started for it: any of its commands begins a
// daemon in the folder.

import { execFile } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { canBeStarted, findClaudeFlow, isProgram, onPath } from '../../platform/programs.ts'
import type { Config } from '../config.ts'
import { broken, type Check, ok, skipped, warning } from './check.ts'

const run = promisify(execFile)
const MIN_NODE: readonly [number, number] = [20, 19]
/** The first that is known to send all hooks that are hooked, and spans with the agent's id. */
const KNOWN_CLAUDE_CODE = '2.1.197'
const TIMEOUT_MS = 10_000

export function checkNode(version = process.versions.node): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isEnough = major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])
  return isEnough ? ok('Node', version) : broken('Node', version, `Install Node ${MIN_NODE.join('.')} or newer`)
}

export interface ClaudeFlowInput {
  world: Config['world']
  project: string
  path?: string | undefined
  /** As the running server was told by it. */
  running?: { name: string; version: string } | null
  /** The running server does without it. */
  isOff?: boolean
  /** Claude Code reports here, or is set up to: that is enough. */
  hasClaudeCode?: boolean
}

export function checkClaudeFlow(input: ClaudeFlowInput): Check {
  const { world, project, path = process.env.PATH ?? '', running = null, isOff = false, hasClaudeCode = false } = input
  const name = 'claude-flow'
  const runs = running === null ? '' : `; ${running.name} ${running.version} runs`
  if (world.type === 'no-claude-flow' || isOff) return skipped(name, 'not used (--no-claude-flow)')
  if (world.type === 'remote') return skipped(name, `it runs beside the relay on ${world.host}${runs}`)
  if (world.type !== 'local') return skipped(name, `not used: this is a ${world.type}`)
  if (world.claudeFlow !== undefined) {
    const [file = ''] = world.claudeFlow.trim().split(/\s+/)
    if (canBeStarted(file.replace(/^["']|["']$/g, ''), project, path))
      return ok(name, `started by ${world.claudeFlow}${runs}`)
    return broken(name, `${file} is no program`, 'Correct --claude-flow (or CLAUDE_FLOW_COMMAND)')
  }
  const file = findClaudeFlow(project, path)
  if (file === null) {
    const found = `neither in ${project} nor on the PATH`
    if (hasClaudeCode) return skipped(name, `${found}; not needed to see Claude Code`)
    const fix =
      'If it is used here, install it (npm install claude-flow) or say how it is started (--claude-flow "COMMAND"); to see Claude Code alone it is not needed'
    return warning(name, found, fix)
  }
  const version = packageVersion(file)
  return ok(name, `${file}${version === null ? '' : ` (${version})`}${runs}`)
}

const packageFile = z.looseObject({ name: z.string(), version: z.string() })

/** By the package that the program belongs to; `null`: it cannot be told. */
function packageVersion(file: string): string | null {
  let folder = dirname(realpathSync(file))
  while (folder !== dirname(folder)) {
    try {
      const { name, version } = packageFile.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
      return `${name} ${version}`
    } catch {
      folder = dirname(folder) // none here, or not of a package
    }
  }
  return null
}

export async function checkClaudeCode(path = process.env.PATH ?? ''): Promise<Check> {
  const name = 'Claude Code'
  const file = onPath('claude', path).find(isProgram)
  if (!file) return warning(name, 'not on the PATH', 'If it runs on another machine or in an editor, that is fine')
  try {
    const { stdout } = await run(file, ['--version'], { timeout: TIMEOUT_MS })
    const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0]
    if (!version) return warning(name, `${file} does not say its version`, `Known to work: ${KNOWN_CLAUDE_CODE}`)
    if (compare(version, KNOWN_CLAUDE_CODE) >= 0) return ok(name, version)
    return warning(name, version, `Older than what is known to work (${KNOWN_CLAUDE_CODE}): some hooks may be missing`)
  } catch (error) {
    return broken(name, `${file} cannot be started: ${(error as Error).message.split('\n')[0]}`, 'Install it again')
  }
}

function compare(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number))
  for (let at = 0; at < 3; at++) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
