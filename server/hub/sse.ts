// GET /api/v1/events: the same hub as server-sent events, for what has no WebSocket. `id: EPOCH:SEQ` resumes.

import type { Request, Response } from 'express'
import type { Hub, Sink } from './hub.ts'

/** Keeps proxies from closing a quiet line. */
const COMMENT_INTERVAL_MS = 25_000

const EVENT_ID = /^([A-Za-z0-9_-]{1,100}):(\d{1,15})$/

export function serveEvents(request: Request, response: Response, hub: Hub): void {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  })
  if (request.method === 'HEAD') {
    response.end() // an answer without a body never fills up, and never ends by itself
    return
  }
  response.flushHeaders()
  const [, epoch, seq] = EVENT_ID.exec(request.get('Last-Event-ID') ?? '') ?? []
  const leave = hub.add(sinkOf(response), epoch && seq ? { epoch, seq: Number(seq) } : null)
  const keepAlive = setInterval(() => response.write(': still here\n\n'), COMMENT_INTERVAL_MS)
  response.on('close', () => {
    clearInterval(keepAlive)
    leave()
  })
}

const LINE_END = Buffer.from('\n\n')

function sinkOf(response: Response): Sink {
  return {
    send(message, sent) {
      const position = 'json' in message ? message.position : null
      const id = position ? `id: ${position.epoch}:${position.seq}\n` : ''
      const head = Buffer.from(`event: ${message.type}\n${id}data: `)
      const json = 'json' in message ? message.json : Buffer.from(JSON.stringify(message))
      // In one piece on the wire, but without a copy: all viewers share the one buffer.
      response.cork()
      response.write(head)
      response.write(json)
      response.write(LINE_END, (error) => {
        if (!error) sent()
      })
      response.uncork()
    },
    drop() {
      response.destroy()
    },
  }
}
