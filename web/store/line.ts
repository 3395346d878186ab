// How the page stands to its server, and the server to its sources.

import { create } from 'zustand'
import { type ConnectionState, INITIAL } from '../../protocol/connection.ts'
import { isLive } from '../../protocol/derive.ts'
import type { Mode, SourceError, SourceStatus } from '../../protocol/swarm.ts'
import type { Doors, PageCommands, Role, StatusMessage } from '../../protocol/viewerWire.ts'
import { steadyNowMs } from '../stream/steadyClock.ts'

export interface Line {
  connection: ConnectionState
  /** Since when the line is not live, by the steady clock (as all of `connection`); `null` while it is. */
  downSinceMs: number | null
  status: StatusMessage | null
  role: Role | null
  /** Of the server; another one than the page's own means that the page should be loaded anew. */
  serverVersion: string | null
  /** What to type where the server runs; `null`: it does not say. */
  commands: PageCommands | null
  /** How browsers elsewhere get to the server; `null`: it has not said. */
  doors: Doors | null
  /** How much of what the server told since its hello this page cannot show. */
  unreadable: number
  /** Server's clock minus ours: ages are told by the server's. */
  clockOffsetMs: number
  /** Server's clock minus the steady one: what is counted down to, and how long a line is lost, goes by that. */
  steadyOffsetMs: number
  /** The time of the recording that is shown, as told then (steady clock); it goes on at its pace. `null`: none is. */
  recorded: { atMs: number; pace: number; toldMs: number } | null
  /** Why a token is asked for; `'none'`: there is none yet. */
  signIn: SourceError | 'none' | null
}

export const useLine = create<Line>(() => ({
  connection: INITIAL,
  downSinceMs: steadyNowMs(),
  status: null,
  role: null,
  serverVersion: null,
  commands: null,
  doors: null,
  unreadable: 0,
  clockOffsetMs: 0,
  steadyOffsetMs: 0,
  recorded: null,
  signIn: null,
}))

/** What a status says of clocks. */
export function clocksTold({ at, recorded }: StatusMessage, wallMs = Date.now(), steadyMs = steadyNowMs()) {
  const serverMs = Date.parse(at)
  return {
    clockOffsetMs: serverMs - wallMs || 0,
    steadyOffsetMs: serverMs - steadyMs || 0,
    recorded: recorded ? { atMs: Date.parse(recorded.at), pace: recorded.pace, toldMs: steadyMs } : null,
  }
}

/** Viewers are told no folders. */
const COMMANDS_ANYWHERE: PageCommands = {
  connect: 'npm start -- connect --project DIR',
  doctor: 'npm start -- doctor --project DIR',
}

/** Of ours, to be typed by whoever looks. */
export const commandsFor = ({ commands }: Pick<Line, 'commands'>): PageCommands => commands ?? COMMANDS_ANYWHERE

/** A line that heals within this is not worth a word. */
export const LINE_GRACE_MS = 900

/** The line is not live, and has not been for longer than a hiccup. `steadyMs`: of the steady clock, here and below. */
export const isLineDown = ({ connection, downSinceMs }: Line, steadyMs: number): boolean =>
  connection.state === 'closed' || (downSinceMs !== null && steadyMs - downSinceMs >= LINE_GRACE_MS)

/** What is on the screen: without a line, what the server last said is no longer current. */
export function modeShown(line: Line, steadyMs: number): Mode {
  const mode = line.status?.mode ?? 'connecting'
  return mode === 'live' && isLineDown(line, steadyMs) ? 'stale' : mode
}

/** Ids of sources whose agents are not current. */
export function staleSourceIds(status: StatusMessage | null): ReadonlySet<string> {
  return new Set(status?.sources.filter((source) => !isLive(source)).map((source) => source.id))
}

/** Since when nothing on the screen is current: the latest moment at which any source was. */
export function staleSince(line: Line, steadyMs: number): number | null {
  if (isLineDown(line, steadyMs)) return line.downSinceMs
  const since = (line.status?.sources ?? []).map((source: SourceStatus) => Date.parse(source.since))
  return since.length > 0 ? Math.max(...since) - line.steadyOffsetMs : null
}
