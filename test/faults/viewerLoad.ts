// A process full of viewers: each has the page's own line (web/stream/viewerStream.ts: tickets, backoff, resume) and a store.
// The test tells it by IPC what to do and asks what it saw.

import { request } from 'node:http'
import { WebSocket } from 'ws'
import { RevisionedStore } from '../../protocol/frames.ts'
import type { Entity } from '../../protocol/swarm.ts'
import type { TicketResult } from '../../web/stream/ticket.ts'
import { type StreamSocket, ViewerStream } from '../../web/stream/viewerStream.ts'
import { canonicalHash } from '../protocol/samples.ts'

/**
 * A thousand pages each parse what they read; one process that plays them all reads the same bytes a thousand times, and
 * would measure itself. So what was just parsed serves all who read it: nobody changes an entity (SPEC.md, F9).
 */
const PARSED_KEPT = 8
const SHORT_LENGTH = 1_000
const parse = JSON.parse
const parsed = new Map<string, unknown>()
JSON.parse = (text: string, reviver?: (this: unknown, key: string, value: unknown) => unknown): unknown => {
  if (reviver || text.length < SHORT_LENGTH) return parse(text, reviver)
  let value = parsed.get(text)
  if (value === undefined) {
    value = parse(text)
    parsed.set(text, value)
    const [oldest] = parsed.keys()
    if (parsed.size > PARSED_KEPT && oldest !== undefined) parsed.delete(oldest)
  }
  return value
}

export interface LoadOptions {
  viewers: number
  /** Where to connect. */
  port: number
  /** Whose address that stands for, if it is a proxy. */
  serverPort: number
  token: string
}
export type LoadCommand =
  | ({ do: 'open' } & LoadOptions)
  /** Answers once every viewer is where it should be, or after the time. */
  | { do: 'await'; epoch: string | null; seq: number; timeoutMs: number }
  /** What happened since the last report. */
  | { do: 'report'; hashes: boolean }
  | { do: 'close' }

/** One way back, by the clock of the machine. */
export interface Return {
  lostAtMs: number
  /** When the attempt that succeeded was due, and when it was made: later, if this process is too busy. */
  dueAtMs: number
  triedAtMs: number
  liveAtMs: number
  /** The first state after it, or nothing was missed. */
  syncedAtMs: number
  bySnapshot: boolean
}
/** What came since the server was last lost, by the viewers' own counting. */
export interface Brought {
  frames: number
  snapshots: number
}
export interface LoadReport {
  /** How many are live, and have been told something since. */
  synced: number
  returns: Return[]
  gaps: number
  repeats: number
  snapshots: number
  frames: number
  /** Tickets that were given, and sockets that opened. */
  tickets: number
  opened: number
  sinceLoss: Brought
  /** Attempts that failed and lines that were lost, by the error's code. */
  failures: Record<string, number>
  /** `epoch/seq` → viewers that are there. */
  places: Record<string, number>
  /** Hash of the state → viewers that have it. */
  hashes: Record<string, number>
}

class LoadViewer {
  readonly store = new RevisionedStore<Entity>('')
  readonly #report: LoadReport
  readonly #stream: ViewerStream
  #hasData = false
  #lostAtMs: number | null = null
  #dueAtMs = 0
  #triedAtMs = 0
  #liveAtMs: number | null = null
  #isSynced = false
  sinceLoss: Brought = { frames: 0, snapshots: 0 }

  constructor(options: LoadOptions, report: LoadReport) {
    this.#report = report
    const headers = { Host: `127.0.0.1:${options.serverPort}` }
    this.#stream = new ViewerStream(
      {
        requestTicket: (token, signal) => {
          this.#triedAtMs = Date.now()
          return requestTicket(options.port, { ...headers, Authorization: `Bearer ${token}` }, signal).then(
            (result) => {
              if (result.type === 'ticket') report.tickets++
              return result
            },
          )
        },
        openSocket: (protocols) =>
          openSocket(`ws://127.0.0.1:${options.port}/api/v1/stream`, protocols, headers, () => {
            report.opened++
          }),
        nowMs: () => performance.timeOrigin + performance.now(),
        random: Math.random,
        setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
        clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
        isHidden: () => false,
      },
      {
        position: () => this.position,
        load: (snapshot) => {
          this.store.load(snapshot)
          this.#hasData = true
          report.snapshots++
          this.sinceLoss.snapshots++
          this.#synced(true)
        },
        apply: (frame) => {
          this.sinceLoss.frames++
          const result = this.#hasData ? this.store.apply(frame) : 'gap'
          if (result === 'gap') report.gaps++
          else if (result === 'stale') report.repeats++
          else report.frames++
          this.#synced(false)
          return result
        },
        status: () => undefined,
        hello: () => undefined,
        connection: (connection) => {
          if (connection.state === 'live') this.#liveAtMs = Date.now()
          if (connection.state !== 'waiting') return
          const { code, error } = connection.lastError
          const failure = `${code}: ${error}`
          report.failures[failure] = (report.failures[failure] ?? 0) + 1
          this.#dueAtMs = connection.retryAt
          // Lost for the first time: attempts that fail meanwhile belong to the same outage.
          if (this.#lostAtMs === null) {
            this.#lostAtMs = Date.now()
            this.sinceLoss = { frames: 0, snapshots: 0 }
          }
          this.#liveAtMs = null
          this.#isSynced = false
        },
        unreadable: () => undefined,
        refused: () => undefined,
      },
      { token: options.token, version: 'load' },
    )
    this.#stream.start()
  }

  get isSynced(): boolean {
    return this.#isSynced
  }

  get position(): { epoch: string; seq: number } | null {
    return this.#hasData ? { epoch: this.store.epoch, seq: this.store.seq } : null
  }

  close(): void {
    this.#stream.close()
  }

  #synced(bySnapshot: boolean): void {
    if (this.#isSynced || this.#liveAtMs === null) return
    this.#isSynced = true
    if (this.#lostAtMs !== null) {
      this.#report.returns.push({
        lostAtMs: this.#lostAtMs,
        dueAtMs: this.#dueAtMs,
        triedAtMs: this.#triedAtMs,
        liveAtMs: this.#liveAtMs,
        syncedAtMs: Date.now(),
        bySnapshot,
      })
    }
    this.#lostAtMs = null
  }
}

/** As the page does by fetch. */
function requestTicket(port: number, headers: Record<string, string>, signal: AbortSignal): Promise<TicketResult> {
  const error = { error: 'no ticket', code: 'SERVER_UNREACHABLE', details: { suggestion: '' } }
  return new Promise((resolve) => {
    const fail = () => resolve({ type: 'failed', error })
    const asked = request(
      { host: '127.0.0.1', port, path: '/api/v1/ticket', method: 'POST', headers, signal, agent: false },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (more: string) => {
          text += more
        })
        response.on('error', fail)
        response.on('end', () => {
          if (response.statusCode !== 200) return fail()
          resolve({ type: 'ticket', ticket: String((JSON.parse(text) as { ticket: unknown }).ticket) })
        })
      },
    )
    asked.on('error', fail)
    asked.end()
  })
}

function openSocket(
  url: string,
  protocols: string[],
  headers: Record<string, string>,
  onOpen: () => void,
): StreamSocket {
  const socket = new WebSocket(url, protocols, { headers, perMessageDeflate: false })
  const line: StreamSocket = {
    onopen: null,
    onmessage: null,
    onclose: null,
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text)
    },
    close: () => socket.terminate(),
  }
  socket.on('open', () => {
    onOpen()
    line.onopen?.()
  })
  socket.on('message', (data) => line.onmessage?.({ data: data.toString() }))
  socket.on('close', (code) => line.onclose?.({ code }))
  socket.on('error', () => undefined) // its close follows
  return line
}

const emptyReport = (): LoadReport => ({
  synced: 0,
  returns: [],
  gaps: 0,
  repeats: 0,
  snapshots: 0,
  frames: 0,
  tickets: 0,
  opened: 0,
  sinceLoss: { frames: 0, snapshots: 0 },
  failures: {},
  places: {},
  hashes: {},
})

const viewers: LoadViewer[] = []
const report = emptyReport()

function takeReport(withHashes: boolean): LoadReport {
  const count = (counts: Record<string, number>, key: string) => {
    counts[key] = (counts[key] ?? 0) + 1
  }
  const taken = { ...report, synced: viewers.filter(({ isSynced }) => isSynced).length }
  Object.assign(report, emptyReport())
  for (const { store, position, sinceLoss } of viewers) {
    taken.sinceLoss.frames += sinceLoss.frames
    taken.sinceLoss.snapshots += sinceLoss.snapshots
    count(taken.places, `${position?.epoch}/${position?.seq}`)
    if (withHashes) count(taken.hashes, canonicalHash(store.values()))
  }
  return taken
}

async function waitFor(epoch: string | null, seq: number, timeoutMs: number): Promise<boolean> {
  const isThere = ({ isSynced, position }: LoadViewer) =>
    isSynced && (epoch === null || (position?.epoch === epoch && position.seq >= seq))
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; ) {
    if (viewers.every(isThere)) return true
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return false
}

async function obey(command: LoadCommand): Promise<unknown> {
  switch (command.do) {
    case 'open':
      for (let n = 0; n < command.viewers; n++) viewers.push(new LoadViewer(command, report))
      return true
    case 'await':
      return waitFor(command.epoch, command.seq, command.timeoutMs)
    case 'report':
      return takeReport(command.hashes)
    case 'close':
      for (const viewer of viewers.splice(0)) viewer.close()
      return true
    default:
      return command satisfies never
  }
}

process.on('message', (command: LoadCommand) => {
  obey(command).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      throw error
    },
  )
})
process.on('disconnect', () => process.exit())
