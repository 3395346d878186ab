// The stream's edge in a real browser.

import { steadyNowMs } from './steadyClock.ts'
import { requestTicket } from './ticket.ts'
import type { StreamEdge, StreamSocket } from './viewerStream.ts'

/** `isSeen`: whether anybody looks. */
export function browserEdge(isSeen: () => boolean): StreamEdge {
  return {
    requestTicket,
    openSocket: (protocols) => {
      const url = new URL('/api/v1/stream', globalThis.location.href)
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
      return new WebSocket(url, protocols) as StreamSocket
    },
    nowMs: steadyNowMs,
    random: Math.random,
    setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
    clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
    isHidden: () => !isSeen(),
  }
}
