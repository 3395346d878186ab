// A hook's JSON, as Claude Code sends it → the record that the model understands. An allow-list: commands, prompts and
// contents stay outside unless the user turned them on, and even then they are redacted.

import { hash } from 'node:crypto'
import { posix } from 'node:path'
import { z } from 'zod'
import { shownLine, withoutHome } from '../../../protocol/redact.ts'
import type { IsoTime } from '../../../protocol/swarm.ts'
import type { Machine } from './machine.ts'
import { AGENT_TOOLS, HOOK_EVENTS, type HookRecord, type HookTool, MAX_NAME_LENGTH, NATIVE_ID } from './records.ts'

export interface ReadHookOptions {
  /** When it came in. */
  at: IsoTime
  /** `--show-content` */
  showContent: boolean
  /** Where it came from, and the process that runs Claude Code there. */
  machine?: Machine
  parentPid?: number | null
}

/** Shown words (a file's name, a description) are cut to this. */
const MAX_SHOWN_LENGTH = 120
const MAX_PATH_LENGTH = 4_096
/** An MCP server's answer that is longer is not looked into. */
const MAX_ANSWER_LENGTH = 64 * 1024
/** Calls in one batch; Claude Code makes some tens at most. */
const MAX_BATCH = 256
/** Background tasks at a stop; of more nothing is believed. */
const MAX_RUNNING = 64
/** What runs in the background and has no agents of its own: those of a team or a workflow are not listed by their ids. */
const WITHOUT_AGENTS: ReadonlySet<string> = new Set(['shell', 'monitor', 'MCP task'])

const WRITES: ReadonlySet<string> = new Set(['Write', 'Edit', 'MultiEdit', 'NotebookEdit'])
const REGISTERS_AGENT = /^mcp__.+__agent_spawn$/

const id = z.string().regex(NATIVE_ID)
/**
 * A field of the wrong type counts as absent, and does not cost the record. `nullish` is for those that are absent: to catch an
 * error costs more than all the rest, and a hook has few of the fields.
 */
const orAbsent = <T extends z.ZodType>(field: T) => field.nullish().catch(null)
const optionalId = orAbsent(id)
const words = orAbsent(z.string().transform((text) => text.slice(0, MAX_NAME_LENGTH)))
/** Whoever made an agent, a tool or a model gave it its name, and may have put anything into it. */
const givenName = orAbsent(z.string().transform((text) => shownLine(text, MAX_NAME_LENGTH)))

const hookBody = z.object({
  session_id: id,
  hook_event_name: z.string(),
  prompt_id: optionalId,
  agent_id: optionalId,
  agent_type: givenName,
  cwd: orAbsent(z.string().max(MAX_PATH_LENGTH)),
  model: givenName,
  source: words,
  reason: words,
  notification_type: words,
  error: words,
  tool_name: givenName,
  tool_use_id: optionalId,
  tool_input: z.unknown().optional(),
  tool_response: z.unknown().optional(),
  tool_calls: orAbsent(z.array(orAbsent(z.object({ tool_use_id: optionalId })))),
  background_tasks: orAbsent(z.array(z.object({ id: z.string(), type: z.string() }))),
  duration_ms: orAbsent(z.number().nonnegative().max(Number.MAX_SAFE_INTEGER)),
})
type HookBody = z.output<typeof hookBody>

const UNKNOWN: Machine = { host: null, isHere: false }
const HOST = /^[\w.-]{1,253}$/
const EVENTS: ReadonlySet<string> = new Set(HOOK_EVENTS)

/** `null`: not a hook's body. Never throws. */
export function readHook(body: unknown, options: ReadHookOptions): HookRecord | null {
  const { at, showContent, machine: { host, isHere } = UNKNOWN, parentPid = null } = options
  const parsed = hookBody.safeParse(body)
  if (!parsed.success) return null
  const hook = parsed.data
  const event = EVENTS.has(hook.hook_event_name) ? (hook.hook_event_name as HookRecord['event']) : 'other'
  const tool = typeof hook.tool_name === 'string' ? toolOf(hook, hook.tool_name, showContent) : null
  const isOver = event === 'PostToolUse'
  return {
    type: 'hook',
    event,
    sessionId: hook.session_id,
    host: host !== null && HOST.test(host) ? host : null,
    isHere,
    at,
    promptId: hook.prompt_id ?? null,
    agentId: hook.agent_id ?? null,
    agentType: hook.agent_type ?? null,
    project: typeof hook.cwd === 'string' ? shown(baseName(withoutHome(hook.cwd))) : null,
    model: hook.model ?? null,
    parentPid: Number.isSafeInteger(parentPid) && Number(parentPid) > 0 ? parentPid : null,
    parentStart: null,
    reason: reasonOf(event, hook),
    tool,
    durationMs: hook.duration_ms ?? null,
    childId: isOver && tool && AGENT_TOOLS.has(tool.name) ? idIn(hook.tool_response, 'agentId') : null,
    childDone: isOver && isRecord(hook.tool_response) && hook.tool_response.status === 'completed',
    registered: isOver && tool && REGISTERS_AGENT.test(tool.name) ? registeredIn(hook.tool_response) : null,
    endedUseIds:
      event === 'PostToolBatch'
        ? (hook.tool_calls ?? []).slice(0, MAX_BATCH).flatMap((call) => call?.tool_use_id ?? [])
        : [],
    running: event === 'Stop' ? runningIn(hook.background_tasks ?? null) : null,
  }
}

function runningIn(tasks: HookBody['background_tasks'] | null): string[] | null {
  if (!tasks || tasks.length > MAX_RUNNING) return null
  const subagents = tasks.filter(({ type }) => type === 'subagent')
  const areAllKnown = tasks.every((task) => task.type === 'subagent' || WITHOUT_AGENTS.has(task.type))
  if (!areAllKnown || !subagents.every((task) => NATIVE_ID.test(task.id))) return null
  return subagents.map((task) => task.id).sort()
}

/** Errors of tools are contents; what is copied here are words of a short list of Claude Code's own. */
function reasonOf(event: HookRecord['event'], hook: HookBody): string | null {
  const said =
    event === 'SessionStart'
      ? hook.source
      : event === 'SessionEnd'
        ? hook.reason
        : event === 'StopFailure'
          ? hook.error
          : event === 'Notification'
            ? hook.notification_type
            : null
  return typeof said === 'string' && /^[a-z_]{1,40}$/.test(said) ? said : null
}

function toolOf(hook: HookBody, name: string, showContent: boolean): HookTool {
  const input = isRecord(hook.tool_input) ? hook.tool_input : {}
  const path = textIn(input, 'file_path') ?? textIn(input, 'notebook_path')
  const whole = path === null ? null : wholePath(path, hook.cwd ?? null)
  const fileName = whole === null ? null : shown(baseName(withoutHome(whole)))
  return {
    name,
    useId: hook.tool_use_id ?? null,
    detail: fileName ?? (showContent ? contentOf(input) : null),
    file: WRITES.has(name) && whole !== null && fileName !== null ? { name: fileName, hash: hashOf(whole) } : null,
    description: AGENT_TOOLS.has(name) ? shown(textIn(input, 'description') ?? '') : null,
    to: name === 'SendMessage' ? idIn(input, 'to') : null,
  }
}

const wholePath = (path: string, cwd: string | null): string => posix.resolve(cwd ?? '/', path.replaceAll('\\', '/'))

const hashOf = (path: string): string => hash('sha256', path, 'base64url').slice(0, 16)

/** What a person would ask for first: the command, the pattern, the address. */
function contentOf(input: Record<string, unknown>): string | null {
  for (const key of ['command', 'pattern', 'query', 'url', 'description', 'prompt']) {
    const text = textIn(input, key)
    if (text !== null) return shown(text)
  }
  return null
}

function registeredIn(response: unknown): HookRecord['registered'] {
  for (const text of textsIn(response)) {
    const answer = parsedJson(text)
    if (!isRecord(answer) || answer.success === false) continue
    const nativeId = textIn(answer, 'agentId')
    const createdMs = Date.parse(textIn(answer, 'createdAt') ?? '')
    const createdAt = Number.isNaN(createdMs) ? null : new Date(createdMs).toISOString()
    return nativeId === null || nativeId.length > MAX_NAME_LENGTH ? null : { nativeId, createdAt }
  }
  return null
}

/** An MCP answer's texts, whether Claude Code gives its content alone or all of it. */
function textsIn(response: unknown): string[] {
  const content = isRecord(response) && !Array.isArray(response) ? response.content : response
  if (typeof content === 'string') return [content]
  if (!Array.isArray(content)) return []
  return content
    .slice(0, 8)
    .flatMap((part: unknown) => (isRecord(part) && typeof part.text === 'string' ? [part.text] : []))
}

function parsedJson(text: string): unknown {
  if (text.length > MAX_ANSWER_LENGTH) return null
  try {
    return JSON.parse(text)
  } catch {
    return null // an answer in words
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const textIn = (from: Record<string, unknown>, key: string): string | null => {
  const value = Object.hasOwn(from, key) ? from[key] : null
  return typeof value === 'string' && value !== '' ? value.slice(0, MAX_PATH_LENGTH) : null
}

const idIn = (from: unknown, key: string): string | null => {
  const value = isRecord(from) ? textIn(from, key) : null
  return value !== null && NATIVE_ID.test(value) ? value : null
}

const baseName = (path: string): string => posix.basename(path.replaceAll('\\', '/'))

const shown = (text: string): string | null => shownLine(text, MAX_SHOWN_LENGTH)
