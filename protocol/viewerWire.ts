// Server ↔ viewer on /api/v1/stream (WebSocket) and /api/v1/events (SSE): SPEC.md, V1–V16. One union per direction.

import type { Frame, SnapshotChunk } from './frames.ts'
import type { VersionRange } from './relayWire.ts'
import { isSoundEntity, isSoundError, isSoundSourceStatus, soundMode } from './soundEntity.ts'
import type { Entity, IsoTime, Mode, SourceError, SourceStatus } from './swarm.ts'

export const VIEWER_PROTOCOL: VersionRange = { min: 1, max: 1 }
/** Subprotocol of the stream; a browser adds `ticket.<ticket>` beside it, for it can send no header. */
export const VIEWER_SUBPROTOCOL = 'swarmscope.v1'
export const TICKET_PREFIX = 'ticket.'

export type Role = 'operator' | 'viewer'

/** How a browser elsewhere gets to the server: what the page says to whoever wants to go on in a headset. */
export interface Doors {
  /** Whose certificate the page comes with; `none`: by plain http. */
  tls: 'none' | 'self-signed' | 'files'
  /** Where others find the page by https, without the token; `null`: nowhere. */
  secureUrl: string | null
  /** Of plain http on the server's own machine; `null`: nobody listens there. */
  plainPort: number | null
  /** By which address or name others find that machine, be it listening for them or not; `null`: not known. */
  lanName: string | null
}

/** Viewer → server. */
export type ViewerMessage =
  /** First message: which versions the viewer speaks, and where it is (`null`: nowhere yet). */
  | { type: 'hello'; protocol: VersionRange; version: string; resume: { epoch: string; seq: number } | null }
  /** Operators only: try the sources' connections now. */
  | { type: 'retry' }
  /** Answer to a `ping`; also asked for by a viewer that wants to know whether the line is alive. */
  | { type: 'pong' }

export interface StatusMessage {
  type: 'status'
  mode: Mode
  /** Ids of sources that should be live and are not. */
  degraded: string[]
  sources: SourceStatus[]
  /** Why what happens is shown but not kept; nothing while it is. */
  logError?: SourceError | null
  /** Why nobody can be told what was in the world that is shown, as the history would answer (H5); nothing where one can. */
  noHistory?: SourceError | null
  viewers: number
  /** What the agents may cost before there is a warning; nothing where nobody set a limit. */
  budgetUsd?: number | null
  /** What time it is in the recording that is shown, and how fast it goes on (0: it stands); nothing where none is. */
  recorded?: { at: IsoTime; pace: number } | null
  /** The server's clock, so that a viewer with a wrong clock still shows right ages. */
  at: IsoTime
}

/** Commands to be typed where the server runs, for its project and data. */
export interface PageCommands {
  connect: string
  doctor: string
}

/** Server → viewer. */
export type ServerMessage =
  | {
      type: 'hello'
      protocol: number
      version: string
      role: Role
      doors?: Doors | null
      /** For operators alone: they name folders. */
      commands?: PageCommands | undefined
    }
  | ({ type: 'snapshot' } & SnapshotChunk<Entity>)
  | ({ type: 'frame' } & Frame<Entity>)
  | StatusMessage
  | { type: 'ping' }
  /** The last message of a server that stops: when this viewer should come back. */
  | { type: 'goodbye'; retryAfterMs: number }

/** Close codes: below 4500 the viewer tries again, from 4500 on it must not. */
export const CLOSE = {
  GOING_AWAY: 1001,
  TOO_LARGE: 1009,
  /** No hello in time, or no progress for 10 s. */
  TIMED_OUT: 4408,
  TOO_SLOW: 4409,
  /** It goes on sending faster than it may. */
  TOO_MANY_MESSAGES: 4429,
  BAD_MESSAGE: 4400,
  UNAUTHORIZED: 4501,
  VERSION_MISMATCH: 4526,
} as const

export const mayRetryAfter = (closeCode: number): boolean => closeCode < 4500

/** Server → viewer ping, and how long after it a viewer may still be silent. */
export const PING_INTERVAL_MS = 25_000
export const PONG_TIMEOUT_MS = 8_000

/**
 * Checks as much of a server's message as keeps a viewer from breaking on it, without a schema library in the page;
 * `null` for what is none. What a good message says badly is left out, and counted.
 */
export function parseServerMessage(
  text: string,
  onUnreadable: (count: number) => void = () => undefined,
): ServerMessage | null {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return null
  }
  if (!isObject(message)) return null
  switch (message.type) {
    case 'hello':
      if (typeof message.protocol !== 'number' || typeof message.version !== 'string') return null
      if (message.commands !== undefined && !areCommands(message.commands)) delete message.commands
      if (message.doors !== undefined && !areDoors(message.doors)) message.doors = null
      return message as unknown as ServerMessage
    case 'snapshot':
      return isText(message.epoch) &&
        isCount(message.seq) &&
        isCount(message.index) &&
        typeof message.last === 'boolean' &&
        areEntities(message.put)
        ? keepSound(message, 'put', isSoundEntity, onUnreadable)
        : null
    case 'frame':
      return isText(message.epoch) &&
        isCount(message.from) &&
        isCount(message.to) &&
        areEntities(message.put) &&
        areRefs(message.del)
        ? keepSound(message, 'put', isSoundEntity, onUnreadable)
        : null
    case 'status':
      if (!isText(message.mode) || !Array.isArray(message.sources) || !Array.isArray(message.degraded)) return null
      message.mode = soundMode(message.mode)
      message.degraded = message.degraded.filter(isText)
      if (message.logError !== undefined && !isSoundError(message.logError)) message.logError = null
      if (message.noHistory !== undefined && !isSoundError(message.noHistory)) message.noHistory = null
      if (message.budgetUsd !== undefined && typeof message.budgetUsd !== 'number') message.budgetUsd = null
      if (message.recorded !== undefined && !isRecorded(message.recorded)) message.recorded = null
      return keepSound(message, 'sources', isSoundSourceStatus, onUnreadable)
    case 'ping':
      return { type: 'ping' }
    case 'goodbye':
      return isCount(message.retryAfterMs) ? { type: 'goodbye', retryAfterMs: message.retryAfterMs } : null
    default:
      return null
  }
}

/** Its list `field` without what cannot be shown; as a rule that is nothing, and the list stays the one it is. */
function keepSound(
  message: Record<string, unknown>,
  field: 'put' | 'sources',
  isSound: (value: unknown) => boolean,
  onUnreadable: (count: number) => void,
): ServerMessage {
  const given = message[field] as unknown[]
  const sound = given.filter(isSound)
  if (sound.length < given.length) {
    message[field] = sound
    onUnreadable(given.length - sound.length)
  }
  return message as unknown as ServerMessage
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isText = (value: unknown): value is string => typeof value === 'string'
const isTextOrNull = (value: unknown): boolean => value === null || isText(value)
const areDoors = (value: unknown): boolean =>
  isObject(value) &&
  ['none', 'self-signed', 'files'].includes(String(value.tls)) &&
  isTextOrNull(value.secureUrl) &&
  isTextOrNull(value.lanName) &&
  (value.plainPort === null || isCount(value.plainPort))
const isRecorded = (value: unknown): boolean =>
  isObject(value) && !Number.isNaN(Date.parse(String(value.at))) && typeof value.pace === 'number'
const areCommands = (value: unknown): boolean => isObject(value) && isText(value.connect) && isText(value.doctor)
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const areRefs = (value: unknown): boolean =>
  Array.isArray(value) && value.every((ref) => isObject(ref) && isText(ref.entity) && isText(ref.id))
const areEntities = (value: unknown): boolean =>
  areRefs(value) && (value as Record<string, unknown>[]).every((entity) => isCount(entity.rev))
