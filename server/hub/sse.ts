// GET /api/v1/events: the same hub as server-sent events, for what has no WebSocket. `id: EPOCH:SEQ` resumes.

import type { Request, Response } from 'express'
import { SwarmscopeError } from '../../protocol/errors.ts'
import type { ServerMessage } from '../../protocol/viewerWire.ts'
import type { Hub, Sink } from './hub.ts'

/** Keeps proxies from closing a quiet line. */
const COMMENT_INTERVAL_MS = 25_000

const EVENT_ID = /^([A-Za-z0-9_-]{1,100}):(\d{1,15})$/

export function serveEvents(request: Request, response: Response, hub: Hub): void {
  const seat = request.method === 'HEAD' ? null : hub.takeSeat()
  if (!seat && request.method !== 'HEAD') throw new SwarmscopeError(hub.isFull ? 'TOO_MANY_VIEWERS' : 'STOPPING')
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  })
  if (!seat) {
    response.end() // an answer without a body never fills up, and never ends by itself
    return
  }
  response.flushHeaders()
  seat.opened('events')
  let hasLeft = true
  const keepAlive = setInterval(() => {
    // The last one has not left: nobody reads, and the hub, which had nothing to send, could not notice.
    if (!hasLeft) {
      seat.closing('too_slow')
      response.destroy()
    }
    hasLeft = false
    response.write(': still here\n\n', () => {
      hasLeft = true
    })
  }, COMMENT_INTERVAL_MS)
  response.on('close', () => {
    clearInterval(keepAlive)
    seat.leave()
  })
  const [, epoch, seq] = EVENT_ID.exec(request.get('Last-Event-ID') ?? '') ?? []
  seat.watch(sinkOf(response), epoch && seq ? { epoch, seq: Number(seq) } : null)
}

const LINE_END = Buffer.from('\n\n')

function sinkOf(response: Response): Sink {
  return {
    send({ type, json, position }, sent) {
      const id = position ? `id: ${position.epoch}:${position.seq}\n` : ''
      // In one piece on the wire, but without a copy: all viewers share the one buffer.
      response.cork()
      response.write(`event: ${type}\n${id}data: `)
      response.write(json)
      response.write(LINE_END, (error) => {
        if (!error) sent()
      })
      response.uncork()
    },
    drop() {
      response.destroy()
    },
    end(retryAfterMs) {
      const goodbye: ServerMessage = { type: 'goodbye', retryAfterMs }
      // `retry` is what an EventSource obeys by itself.
      response.end(`event: goodbye\nretry: ${retryAfterMs}\ndata: ${JSON.stringify(goodbye)}\n\n`)
    },
  }
}
