// What the model understands of Claude Code: hooks say what happens now, telemetry what it cost. The doors parse and bound
// what came in and hand on these; everything in them is trusted to have its type and its length, nothing to be true, in
// order, or said only once.

import type { IsoTime, TokenCounts } from '../../../protocol/swarm.ts'
import type { Machine } from './machine.ts'

/** Ids of sessions, agents, tool calls, requests and spans; others are refused at the door. */
export const NATIVE_ID = /^[\w.:@+=-]{1,128}$/

/** Names of agents, tools and models are cut to it in hooks and telemetry alike, or the same would be another. */
export const MAX_NAME_LENGTH = 128

/** The tools by which an agent calls a subagent. */
export const AGENT_TOOLS: ReadonlySet<string> = new Set(['Agent', 'Task'])

/** All that Claude Code has (2.1.240); one that is not among them still says that its session lives. */
export const HOOK_EVENTS = [
  'SessionStart',
  'Setup',
  'InstructionsLoaded',
  'UserPromptSubmit',
  'UserPromptExpansion',
  'MessageDisplay',
  'PreToolUse',
  'PermissionRequest',
  'PermissionDenied',
  'PostToolUse',
  'PostToolUseFailure',
  'PostToolBatch',
  'Notification',
  'SubagentStart',
  'SubagentStop',
  'TaskCreated',
  'TaskCompleted',
  'Stop',
  'StopFailure',
  'TeammateIdle',
  'ConfigChange',
  'CwdChanged',
  'DirectoryAdded',
  'FileChanged',
  'WorktreeCreate',
  'WorktreeRemove',
  'PreCompact',
  'PostCompact',
  'SessionEnd',
  'Elicitation',
  'ElicitationResult',
] as const
export type HookEvent = (typeof HOOK_EVENTS)[number]

interface RecordBase extends Machine {
  sessionId: string
  /** Of hooks when they came in (they carry no time), of telemetry Claude Code's clock. */
  at: IsoTime
}

/** A file that is written, without saying where it lies. */
export interface WrittenFile {
  name: string
  /** The same for the same path. */
  hash: string
}

export interface HookTool {
  name: string
  /** `null`: not told (`PermissionRequest`). */
  useId: string | null
  /** Fit to be shown: by default a file's name at most. */
  detail: string | null
  /** Of a tool that writes one. */
  file: WrittenFile | null
  /** Of a call of `Agent`: what it is to do, in a few words. */
  description: string | null
  /** Of `SendMessage`: to whom. */
  to: string | null
}

export interface HookRecord extends RecordBase {
  type: 'hook'
  event: HookEvent | 'other'
  promptId: string | null
  /** `null`: it happened in the session's main agent. */
  agentId: string | null
  agentType: string | null
  /** The last part of the folder that it runs in. */
  project: string | null
  model: string | null
  /** The process that runs Claude Code, as our hook saw it. */
  parentPid: number | null
  /** When that process began, in whatever words its system has; the source finds out. */
  parentStart: string | null
  /** Why it began (`SessionStart`), ended (`SessionEnd`), failed (`StopFailure`), or what is notified. One word. */
  reason: string | null
  tool: HookTool | null
  durationMs: number | null
  /** Of an `Agent` call that ended: the subagent that it was. */
  childId: string | null
  /** … and that it is done (one in the background is not). */
  childDone: boolean
  /** Of an `agent_spawn` of an MCP server that ended: the agent that claude-flow now has. */
  registered: { nativeId: string; createdAt: IsoTime | null } | null
  /** `PostToolBatch`: the calls that are over. */
  endedUseIds: readonly string[]
  /** `Stop`: subagents that still run in the background; `null`: not told, or not of all. */
  running: readonly string[] | null
}

/** Log event `api_request`: what a request cost. The one source of amounts. */
export interface ApiRequestRecord extends RecordBase {
  type: 'api-request'
  /** `null`: then `sequence` and `at` tell it from others. */
  requestId: string | null
  /** `event.sequence` */
  sequence: number | null
  promptId: string | null
  model: string | null
  tokens: TokenCounts
  costUsd: number | null
  durationMs: number | null
  querySource: string | null
}

/** Span `claude_code.llm_request`: whose a request was. Its `at` is its end. */
export interface LlmSpanRecord extends RecordBase {
  type: 'llm-span'
  spanId: string
  parentSpanId: string | null
  requestId: string | null
  /** `null`: the session's main agent. */
  agentId: string | null
  parentAgentId: string | null
  model: string | null
  tokens: TokenCounts | null
  startAt: IsoTime
}

/**
 * Span `claude_code.tool` (`call`: it says whose the call was) or `claude_code.tool.execution` (it says which call, and
 * what a subagent does hangs below it). Its `at` is its end.
 */
export interface ToolSpanRecord extends RecordBase {
  type: 'tool-span'
  span: 'call' | 'execution'
  spanId: string
  parentSpanId: string | null
  toolUseId: string | null
  toolName: string | null
  /** Of a `call`, `null`: the session's main agent. An `execution` does not say. */
  agentId: string | null
  parentAgentId: string | null
  startAt: IsoTime
  success: boolean | null
}

/** Log event `tool_result`. It does not say whose the call was. */
export interface ToolResultRecord extends RecordBase {
  type: 'tool-result'
  toolUseId: string
  toolName: string
  success: boolean | null
  durationMs: number | null
}

/** Log event `tool_decision`: the call may run, or not. It does not say whose it is. */
export interface ToolDecisionRecord extends RecordBase {
  type: 'tool-decision'
  toolUseId: string
  accepted: boolean
}

/** Log event `subagent_completed`. It does not say which subagent, so it is a sign of life alone. */
export interface SubagentCompletedRecord extends RecordBase {
  type: 'subagent-completed'
  agentType: string | null
}

/** One data point of `claude_code.token.usage` or `claude_code.cost.usage`. */
export interface UsageMetricRecord extends RecordBase {
  type: 'usage-metric'
  /** Names the point's attributes: equal for the points of one series, in whatever order they came. */
  series: string
  field: 'input' | 'output' | 'cacheRead' | 'cacheWrite' | 'costUsd'
  value: number
  temporality: 'delta' | 'cumulative'
  startAt: IsoTime | null
}

export type TelemetryRecord =
  | ApiRequestRecord
  | LlmSpanRecord
  | ToolSpanRecord
  | ToolResultRecord
  | ToolDecisionRecord
  | SubagentCompletedRecord
  | UsageMetricRecord

/** Of our own making: the process that ran the session is no more. */
export interface ProcessGoneRecord extends RecordBase {
  type: 'process-gone'
  pid: number
}

export type ClaudeCodeRecord = HookRecord | TelemetryRecord | ProcessGoneRecord
