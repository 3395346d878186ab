// What the hub counts of its viewers. Each name stands for exactly one thing that happens, so that a count can be held
// against what was done to the server.

import { Tally } from '../../platform/tally.ts'

const MESSAGE_TYPES = ['frame', 'snapshot', 'status'] as const
export type MessageType = (typeof MESSAGE_TYPES)[number]

/** The WebSocket's, and the server-sent events'. */
export const DOORS = ['stream', 'events'] as const
export type Door = (typeof DOORS)[number]

/** How a viewer began: it knew nothing, went on from the place that it named, or had to begin anew all the same. */
export const STARTS = ['new', 'resumed', 'anew'] as const
export type Start = (typeof STARTS)[number]

/** Why a viewer's connection ended: `left` is the viewer or the network, all others are the server. */
const CLOSE_REASONS = [
  'left',
  'too_slow',
  'stopping',
  'no_hello',
  'no_pong',
  'bad_message',
  'too_large',
  'flood',
  'version_mismatch',
] as const
export type CloseReason = (typeof CLOSE_REASONS)[number]

export class ViewerCounts {
  /** Connections that were opened, whether a hello followed or not. */
  readonly opened = new Tally<Door>(DOORS)
  readonly closed = new Tally<CloseReason>(CLOSE_REASONS)
  readonly starts = new Tally<Start>(STARTS)
  /** Of a snapshot, each chunk. */
  readonly encoded = new Tally<MessageType>(MESSAGE_TYPES)
  /** Messages that left whole for a viewer. */
  readonly sent = new Tally<MessageType>(MESSAGE_TYPES)
  /** Snapshots of which the last chunk left. */
  snapshots = 0
  /** Snapshots begun again, from a younger one, by viewers too slow for the one they had. */
  restarts = 0
}
