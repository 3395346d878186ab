// The page's line to the server, against a socket and a clock of ours.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { VIEWER_BACKOFF } from '../../protocol/backoff.ts'
import type { ConnectionState } from '../../protocol/connection.ts'
import { RevisionedStore } from '../../protocol/frames.ts'
import type { Entity } from '../../protocol/swarm.ts'
import { CLOSE, type ServerMessage, VIEWER_PROTOCOL } from '../../protocol/viewerWire.ts'
import { SwarmModel } from '../../web/store/swarmModel.ts'
import type { TicketResult } from '../../web/stream/ticket.ts'
import { HANDSHAKE_MS, SILENCE_MS, type StreamSocket, ViewerStream } from '../../web/stream/viewerStream.ts'
import { agentOf } from '../helpers/webWorld.ts'
import { canonicalHash, seededRandom } from '../protocol/samples.ts'

/** Half of the first pause, for chance says 0.5. */
const BACK_AFTER_MS = VIEWER_BACKOFF.baseMs / 2

class FakeSocket implements StreamSocket {
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  readonly protocols: string[]
  readonly sent: unknown[] = []
  isClosed = false

  constructor(protocols: string[]) {
    this.protocols = protocols
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }

  close(): void {
    this.isClosed = true
  }

  says(message: ServerMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }

  closes(code: number): void {
    this.onclose?.({ code })
  }
}

const refusal = { error: 'A valid token is needed', code: 'UNAUTHORIZED', details: { suggestion: 'Open the link' } }

function harness(options: { isHidden?: boolean } = {}) {
  const sockets: FakeSocket[] = []
  const states: ConnectionState[] = []
  const tokens: string[] = []
  const refused = vi.fn()
  const status = vi.fn()
  const model = new SwarmModel(() => undefined)
  let answer: TicketResult = { type: 'ticket', ticket: 't-1' }
  const stream = new ViewerStream(
    {
      requestTicket: (token) => {
        tokens.push(token)
        return Promise.resolve(answer)
      },
      openSocket: (protocols) => {
        const socket = new FakeSocket(protocols)
        sockets.push(socket)
        return socket
      },
      nowMs: () => Date.now(),
      random: () => 0.5,
      setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
      clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
      isHidden: () => options.isHidden ?? false,
    },
    {
      position: () => model.position(),
      load: (snapshot) => model.load(snapshot),
      apply: (frame) => model.apply(frame),
      status,
      hello: () => undefined,
      connection: (state) => states.push(state),
      unreadable: () => undefined,
      refused,
    },
    { token: 'secret', version: '0.1.0' },
  )
  /** Lets promises settle, and no time pass. */
  const settle = () => vi.advanceTimersByTimeAsync(0)
  const last = () => sockets.at(-1)!
  return {
    stream,
    model,
    sockets,
    states,
    tokens,
    refused,
    status,
    settle,
    last,
    answers: (next: TicketResult) => {
      answer = next
    },
    async goLive(put: Entity[] = []) {
      if (stream.state.state === 'idle') stream.start()
      await settle()
      last().onopen?.()
      last().says({ type: 'hello', protocol: 1, version: '0.1.0', role: 'operator' })
      if (!model.hasData) last().says({ type: 'snapshot', epoch: 'e', seq: 5, index: 0, last: true, put })
    },
  }
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the stream', () => {
  it('[V1] proves itself with a ticket in the subprotocol', async () => {
    const { goLive, last, tokens, stream } = harness()
    await goLive()
    expect(tokens).toEqual(['secret'])
    expect(last().protocols).toEqual(['swarmscope.v1', 'ticket.t-1'])
    expect(stream.state.state).toBe('live')
  })

  it('[V2] speaks first, and resumes where the page is', async () => {
    const { goLive, last, sockets } = harness()
    await goLive()
    const hello = { type: 'hello', protocol: VIEWER_PROTOCOL, version: '0.1.0' }
    expect(last().sent).toEqual([{ ...hello, resume: null }])
    last().closes(1006)
    await vi.advanceTimersByTimeAsync(BACK_AFTER_MS)
    await goLive()
    expect(sockets).toHaveLength(2)
    expect(last().sent).toEqual([{ ...hello, resume: { epoch: 'e', seq: 5 } }])
  })

  it('[F8] shows a snapshot when its last chunk is in', async () => {
    const { goLive, last, model } = harness()
    await goLive()
    const chunk = { type: 'snapshot', epoch: 'f', seq: 9 } as const
    last().says({ ...chunk, index: 0, last: false, put: [agentOf('a')] })
    expect(model.epoch).toBe('e')
    last().says({ ...chunk, index: 1, last: true, put: [agentOf('b')] })
    expect([model.epoch, model.agents.size]).toEqual(['f', 2])
  })

  it('[V5] asks again once when frames are missing, however many come after', async () => {
    const { goLive, last, sockets, model, stream } = harness()
    await goLive([agentOf('a')])
    const socket = last()
    for (let n = 0; n < 1_000; n++) {
      socket.says({ type: 'frame', epoch: 'e', from: 50 + n, to: 51 + n, put: [agentOf(`x${n}`)], del: [] })
    }
    expect(socket.isClosed).toBe(true)
    expect(stream.state.state).toBe('waiting')
    await vi.advanceTimersByTimeAsync(BACK_AFTER_MS)
    await goLive()
    expect(sockets).toHaveLength(2)
    expect(last().sent[0]).toMatchObject({ resume: { epoch: 'e', seq: 5 } })
    expect(model.agents.size).toBe(1)
  })

  it('[V5] asks again when chunks do not belong together', async () => {
    const { goLive, last, stream } = harness()
    await goLive()
    last().says({ type: 'snapshot', epoch: 'f', seq: 9, index: 3, last: false, put: [] })
    expect(stream.state.state).toBe('waiting')
  })

  it('takes no harm from what is no message', async () => {
    const { goLive, last, stream } = harness()
    await goLive()
    for (const data of ['', '{', 'null', '[]', '{"type":"frame"}', '{"type":"later"}', new ArrayBuffer(3)]) {
      last().onmessage?.({ data })
    }
    expect(stream.state.state).toBe('live')
  })

  it('[V9] answers pings, and takes a silent line for dead', async () => {
    const { goLive, last, stream } = harness()
    await goLive()
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 1)
    last().says({ type: 'ping' })
    expect(last().sent.at(-1)).toEqual({ type: 'pong' })
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 1)
    expect(stream.state.state).toBe('live')
    const socket = last()
    await vi.advanceTimersByTimeAsync(1)
    expect(stream.state).toMatchObject({ state: 'waiting', lastError: { code: 'SERVER_SILENT' } })
    expect(socket.isClosed).toBe(true)
  })

  it('gives up on a handshake that nobody answers', async () => {
    const { stream, settle, last } = harness()
    stream.start()
    await settle()
    last().onopen?.()
    await vi.advanceTimersByTimeAsync(HANDSHAKE_MS)
    expect(stream.state.state).toBe('waiting')
  })

  it('[V15] comes back when a server that stops says so, and not before', async () => {
    const { goLive, last, sockets, stream } = harness()
    await goLive()
    const socket = last()
    socket.says({ type: 'goodbye', retryAfterMs: 4_000 })
    expect(stream.state).toMatchObject({ state: 'waiting', lastError: { code: 'SERVER_STOPPING' } })
    expect(socket.isClosed).toBe(true)
    await vi.advanceTimersByTimeAsync(3_999 + BACK_AFTER_MS)
    expect(sockets).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    await goLive()
    expect(sockets).toHaveLength(2)
    expect(last().sent[0]).toMatchObject({ resume: { epoch: 'e', seq: 5 } })
  })

  it('[C10] waits as long as a full server asks it to', async () => {
    const { stream, settle, answers, tokens } = harness()
    answers({ type: 'failed', error: refusal, retryAfterMs: 5_000 })
    stream.start()
    await settle()
    await vi.advanceTimersByTimeAsync(4_999 + BACK_AFTER_MS)
    expect(tokens).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(tokens).toHaveLength(2)
  })

  it('[V5] 1,000 malformed, repeated and reordered messages in bursts: at most one resync a burst, and it ends where the server is (seeds 1–20)', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed)
      const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
      const { goLive, last, sockets, stream, model, settle } = harness()
      // The server: each frame touches one of a few agents, or ends it.
      const server = new RevisionedStore<Entity>('e')
      server.load({ epoch: 'e', seq: 5, put: [] })
      const frames: ServerMessage[] = []
      const happens = () => {
        const seq = server.seq + 1
        const id = `agent-${Math.floor(random() * 8)}`
        if (random() < 0.3) server.delete({ entity: 'agent', id }, seq)
        else server.put({ ...agentOf(id), rev: seq, tasksCompleted: seq })
        server.advance(seq)
        const changes = server.changesSince('e', seq - 1)
        if (changes.type === 'frame') frames.push({ type: 'frame', ...changes.frame })
      }
      const malformed = (): string => {
        const text = JSON.stringify(pick(frames))
        return pick([
          '',
          'null',
          text.slice(0, Math.floor(random() * text.length)),
          text.replace('"put"', '"putt"'),
          text.replace(/"from":\d+/, '"from":-1'),
          text.replace('"frame"', '"snapshot"'),
          `[${text}]`,
        ])
      }
      await goLive()
      for (let burst = 0; burst < 50; burst++) {
        const socketsBefore = sockets.length
        const socket = last()
        for (let n = 0; n < 20; n++) {
          happens()
          const roll = random()
          if (roll < 0.3) socket.onmessage?.({ data: malformed() })
          else if (roll < 0.6) socket.says(pick(frames))
          else if (roll < 0.7)
            socket.says({
              type: 'snapshot',
              epoch: pick(['e', 'f']),
              seq: 7,
              index: pick([1, 2]),
              last: pick([true, false]),
              put: [],
            })
          else socket.says(frames.at(-1) as ServerMessage)
        }
        await vi.advanceTimersByTimeAsync(HANDSHAKE_MS - 1)
        expect(sockets.length - socketsBefore).toBeLessThanOrEqual(1)
        if (sockets.length === socketsBefore) continue
        await goLive()
        // As a server answers a resume.
        const { resume } = last().sent[0] as { resume: { epoch: string; seq: number } }
        expect(resume).toEqual(model.position())
        const changes = server.changesSince(resume.epoch, resume.seq)
        if (changes.type === 'frame') last().says({ type: 'frame', ...changes.frame })
        expect(canonicalHash(model.store.values())).toBe(canonicalHash(server.values()))
      }
      expect(stream.state.state).toBe('live')
      stream.close()
      await settle()
    }
  })

  it('[C1] does not listen to an old socket', async () => {
    const { goLive, sockets, last, stream, model } = harness()
    await goLive()
    const old = last()
    old.closes(1006)
    await vi.advanceTimersByTimeAsync(BACK_AFTER_MS)
    await goLive()
    old.says({ type: 'frame', epoch: 'e', from: 5, to: 6, put: [agentOf('ghost')], del: [] })
    old.onopen?.()
    old.closes(CLOSE.UNAUTHORIZED)
    expect(stream.state.state).toBe('live')
    expect(model.agents.size).toBe(0)
    expect(sockets).toHaveLength(2)
  })

  it('[V11] tries again after every close code below 4500', async () => {
    for (const code of [1001, 1006, 1009, CLOSE.TIMED_OUT, CLOSE.TOO_SLOW, CLOSE.BAD_MESSAGE]) {
      const { goLive, last, stream } = harness()
      await goLive()
      last().closes(code)
      expect(stream.state.state).toBe('waiting')
      stream.close()
    }
  })

  it('[V11] does not try again when versions do not match', async () => {
    const { goLive, last, stream, sockets } = harness()
    await goLive()
    last().closes(CLOSE.VERSION_MISMATCH)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(stream.state).toMatchObject({ state: 'closed', lastError: { code: 'VERSION_MISMATCH' } })
    expect(sockets).toHaveLength(1)
  })

  it('asks for another link when the token is refused, and heals with it', async () => {
    const { stream, settle, answers, refused, tokens, goLive } = harness()
    answers({ type: 'refused', error: refusal })
    stream.start()
    await settle()
    expect(refused).toHaveBeenCalledWith(refusal)
    expect(stream.state.state).toBe('closed')
    answers({ type: 'ticket', ticket: 't-2' })
    stream.setToken('better')
    await goLive()
    expect(tokens).toEqual(['secret', 'better'])
    expect(stream.state.state).toBe('live')
  })

  it('tells a refusal in the middle of a session', async () => {
    const { goLive, last, refused } = harness()
    await goLive()
    last().closes(CLOSE.UNAUTHORIZED)
    expect(refused).toHaveBeenCalledWith(expect.objectContaining({ code: 'UNAUTHORIZED' }))
  })

  it('keeps trying while the server is away', async () => {
    const { stream, answers, tokens, settle } = harness()
    answers({ type: 'failed', error: refusal })
    stream.start()
    await settle()
    expect(stream.state).toMatchObject({ state: 'waiting', failures: 1 })
    await vi.advanceTimersByTimeAsync(30_000)
    expect(tokens.length).toBeGreaterThan(15) // every second in the mean at the cap of 2 s
    expect(stream.state.state).toBe('waiting')
  })

  it('is gentle while nobody looks, and at once there when somebody does', async () => {
    const { stream, answers, tokens, settle } = harness({ isHidden: true })
    answers({ type: 'failed', error: refusal })
    stream.start()
    await vi.advanceTimersByTimeAsync(60_000)
    const tried = tokens.length
    expect(tried).toBeLessThan(20)
    stream.wake()
    await settle()
    expect(tokens.length).toBe(tried + 1)
  })

  it('sends the wish to retry the sources', async () => {
    const { goLive, last, stream } = harness()
    await goLive()
    stream.retrySources()
    expect(last().sent.at(-1)).toEqual({ type: 'retry' })
  })

  it('[C7] stops for good, twice if need be', async () => {
    const { goLive, last, stream, sockets } = harness()
    await goLive()
    const socket = last()
    stream.close()
    stream.close()
    expect(socket.isClosed).toBe(true)
    socket.closes(1000)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sockets).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not open a socket for a ticket that comes too late', async () => {
    const { stream, sockets, settle } = harness()
    stream.start()
    stream.close()
    await settle()
    expect(sockets).toEqual([])
  })

  it('passes the status on', async () => {
    const { goLive, last, status } = harness()
    await goLive()
    const message = {
      type: 'status',
      mode: 'live',
      degraded: [],
      sources: [],
      viewers: 1,
      at: '2026-01-01T00:00:00Z',
    } as const
    last().says({ ...message, degraded: [], sources: [] })
    expect(status).toHaveBeenCalledWith(message)
  })
})
