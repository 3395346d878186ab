// The whole way from the event log to the page's store, on lines that the test moves by hand: servers that follow one log
// with frame cuts of their own, pages that reconnect by themselves, and every state that ever was, by hash.

import fc from 'fast-check'
import { expect, vi } from 'vitest'
import type { ConnectionState } from '../../protocol/connection.ts'
import type { Batch, SwarmEvent } from '../../protocol/events.ts'
import type { ViewerMessage } from '../../protocol/viewerWire.ts'
import type { Hub, Seat } from '../../server/hub/hub.ts'
import type { EventLog } from '../../server/log/eventLog.ts'
import type { View } from '../../server/view.ts'
import type { World } from '../../server/world.ts'
import type { SwarmModel } from '../../web/store/swarmModel.ts'
import type { StreamSocket, ViewerStream } from '../../web/stream/viewerStream.ts'
import { canonicalHash, HOSTILE_IDS, sampleError } from '../protocol/samples.ts'
import { agentEnds, agentEvent } from './eventLogContract.ts'
import { LiteralSource } from './literalSource.ts'
import type { Bug } from './mutant.ts'

export type StreamSubject = typeof import('./streamSubject.ts')

/** The bounds of production, made so small that each is met all the time. They are no bugs: everything must hold with them. */
export const SMALL_BOUNDS: readonly Bug[] = [
  { file: 'protocol/frames.ts', find: 'MAX_TOMBSTONES = 10_000', replace: 'MAX_TOMBSTONES = 4' },
  { file: 'protocol/frames.ts', find: 'SNAPSHOT_CHUNK_BYTES = 256 * 1024', replace: 'SNAPSHOT_CHUNK_BYTES = 2_500' },
  { file: 'server/hub/encoder.ts', find: 'MAX_FRAME_BYTES = 1024 * 1024', replace: 'MAX_FRAME_BYTES = 4_000' },
  { file: 'server/hub/encoder.ts', find: 'MAX_SNAPSHOT_AGE_BATCHES = 30', replace: 'MAX_SNAPSHOT_AGE_BATCHES = 4' },
  { file: 'server/hub/encoder.ts', find: 'MAX_SNAPSHOTS_HELD = 4', replace: 'MAX_SNAPSHOTS_HELD = 1' },
  { file: 'server/hub/encoder.ts', find: 'MAX_EXACT_FRAMES = 16', replace: 'MAX_EXACT_FRAMES = 1' },
]

const PAGES = 3
const SERVERS = 2
/** Longer than any pause between attempts. */
const RECONNECTED_MS = 2_100

const agentId = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 7 }).map((n) => `agent-${n}`) },
  { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_IDS) },
)
/** Few, so that A → B → A comes up. */
const value = fc.nat({ max: 2 })
const page = fc.nat({ max: PAGES - 1 })
const server = fc.nat({ max: SERVERS - 1 })
const constant = <T extends string>(name: T) => fc.constant(name)
export const historyStep = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: constant('put'), ids: fc.array(agentId, { minLength: 1, maxLength: 4 }), value }),
  },
  { weight: 5, arbitrary: fc.record({ do: constant('end'), ids: fc.array(agentId, { minLength: 1, maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: constant('mock'), id: agentId, value }) },
  { weight: 10, arbitrary: fc.record({ do: constant('deliver'), page, messages: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 4, arbitrary: fc.record({ do: constant('wait'), ms: fc.integer({ min: 1, max: 900 }) }) },
  { weight: 3, arbitrary: fc.record({ do: constant('catchUp'), server, batches: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ do: constant('cut'), page, notices: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: constant('failOver'), page, to: server }) },
  { weight: 1, arbitrary: fc.record({ do: constant('stall') }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: constant('restart'), server, how: fc.constantFrom('same log', 'new log', 'goodbye') }),
  },
  { weight: 1, arbitrary: fc.record({ do: constant('source'), isLive: fc.boolean() }) },
)
export type HistoryStep = typeof historyStep extends fc.Arbitrary<infer S> ? S : never

/** The promise as a property of a subject. Fake timers must be on. */
export const streamPromise = (subject: StreamSubject) =>
  fc.asyncProperty(fc.array(historyStep, { maxLength: 50, size: 'max' }), async (steps) => {
    const history = new StreamHistory(subject)
    try {
      await history.run(steps)
    } finally {
      history.close()
    }
  })

/** A server's own view of the log: batches come when the test lets them. */
class LaggingLog implements EventLog {
  readonly #log: EventLog
  readonly #late: { batch: Batch; onBatch: (batch: Batch) => void }[] = []

  constructor(log: EventLog) {
    this.#log = log
  }

  get epoch(): string {
    return this.#log.epoch
  }

  append(events: readonly SwarmEvent[]): Promise<number> {
    return this.#log.append(events)
  }

  notes(prefix: string) {
    return this.#log.notes(prefix)
  }

  checkpoint() {
    return this.#log.checkpoint()
  }

  read(from: number, to: number): AsyncIterable<Batch> {
    return this.#log.read(from, to)
  }

  subscribe(from: number, onBatch: (batch: Batch) => void): () => void {
    return this.#log.subscribe(from, (batch) => this.#late.push({ batch, onBatch }))
  }

  release(batches: number): void {
    for (const { batch, onBatch } of this.#late.splice(0, batches)) onBatch(batch)
  }

  close(): Promise<void> {
    this.#late.length = 0
    return Promise.resolve()
  }
}

interface Server {
  log: LaggingLog
  world: World
  source: LiteralSource
  view: View
  hub: Hub
}

/** Both ends of one connection; nothing arrives before `deliver`. */
class Line implements StreamSocket {
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  readonly #hub: Hub
  readonly #seat: Seat | null
  readonly #toPage: { arrive: () => void; sent?: () => void }[] = []
  #isCut = false

  constructor(hub: Hub) {
    this.#hub = hub
    this.#seat = hub.takeSeat()
    this.#toPage.push({ arrive: () => (this.#seat ? this.onopen?.() : this.#closes(1006)) })
  }

  /** The page speaks. */
  send(text: string): void {
    if (this.#isCut) return
    const message = JSON.parse(text) as ViewerMessage
    if (message.type === 'retry') this.#hub.retry()
    if (message.type !== 'hello') return
    this.#says({ type: 'hello', protocol: 1, version: 'test', role: 'operator' })
    this.#seat?.watch(
      {
        send: ({ json }, sent) =>
          this.#toPage.push({ arrive: () => this.onmessage?.({ data: json.toString() }), sent }),
        drop: () => this.#toPage.push({ arrive: () => this.#closes(4409) }),
        end: (retryAfterMs) => this.#says({ type: 'goodbye', retryAfterMs }),
      },
      message.resume,
    )
  }

  /** The page lets go. */
  close(): void {
    this.cut(true)
  }

  cut(serverNotices: boolean): void {
    this.#isCut = true
    this.#toPage.length = 0
    if (serverNotices) this.#seat?.leave()
  }

  lose(serverNotices: boolean): void {
    const { onclose } = this
    this.cut(serverNotices)
    onclose?.({ code: 1006 })
  }

  /** A server that stops closes the sockets of all, also of those who have not said hello. */
  serverCloses(): void {
    this.#toPage.push({ arrive: () => this.#closes(1001) })
  }

  /** `false`: nothing is on the way. */
  deliver(): boolean {
    const next = this.#toPage.shift()
    if (!next) return false
    next.arrive()
    next.sent?.()
    return true
  }

  #says(message: object): void {
    const data = JSON.stringify(message)
    this.#toPage.push({ arrive: () => this.onmessage?.({ data }) })
  }

  #closes(code: number): void {
    this.cut(true)
    this.onclose?.({ code })
  }
}

interface Page {
  model: SwarmModel
  stream: ViewerStream
  line: Line | null
  /** Which server its next connection leads to. */
  server: number
  state: ConnectionState['state']
}

class StreamHistory {
  readonly #subject: StreamSubject
  #log: EventLog
  readonly #mock: World
  /** Folds the log as it is appended to: what the truth is. */
  #truth: World
  readonly #servers: Server[]
  readonly #pages: Page[]
  /** `epoch/seq` → hash: every state that ever was, of either world. */
  readonly #states = new Map<string, string>()
  #isLive = false

  constructor(subject: StreamSubject) {
    this.#subject = subject
    this.#log = new subject.MemoryLog()
    this.#truth = new subject.World('real', this.#log)
    this.#mock = new subject.World('mock', new subject.MemoryLog())
    this.#remember()
    this.#servers = Array.from({ length: SERVERS }, () => this.#startServer())
    this.#pages = Array.from({ length: PAGES }, (_, index) => this.#openPage(index % SERVERS))
  }

  async run(steps: readonly HistoryStep[]): Promise<void> {
    for (const step of steps) {
      this.#take(step)
      // A page asks for its ticket.
      await turn()
    }
    await this.#settle()
    for (const { model, server } of this.#pages) {
      const { store } = this.#server(server).view.world
      expect(model.epoch).toBe(store.epoch)
      // A batch without effect moves the server's number, and is not worth a frame.
      const missed = store.changesSince(store.epoch, model.seq)
      if (missed.type !== 'none') expect(missed).toMatchObject({ type: 'frame', frame: { put: [], del: [] } })
      expect(canonicalHash(model.store.values())).toBe(canonicalHash(store.values()))
    }
  }

  close(): void {
    for (const { stream } of this.#pages) stream.close()
    for (const server of this.#servers) stop(server)
  }

  #take(step: HistoryStep): void {
    switch (step.do) {
      case 'put':
        this.#append(step.ids.map((id) => agentEvent(id, { tasksCompleted: step.value })))
        return
      case 'end':
        this.#append(step.ids.map((id) => agentEnds(id)))
        return
      case 'mock':
        void this.#mock.append([agentEvent(step.id, { mock: true, tasksCompleted: step.value })])
        this.#remember()
        return
      case 'deliver':
        for (let count = 0; count < step.messages; count++) this.#deliver(this.#page(step.page))
        return
      case 'wait':
        vi.advanceTimersByTime(step.ms)
        return
      case 'catchUp':
        this.#server(step.server).log.release(step.batches)
        return
      case 'cut':
        this.#page(step.page).line?.lose(step.notices)
        return
      case 'failOver':
        this.#page(step.page).server = step.to
        this.#page(step.page).line?.lose(true)
        return
      case 'stall':
        vi.advanceTimersByTime(11_000)
        return
      case 'restart':
        this.#restart(step.server, step.how)
        return
      case 'source':
        this.#isLive = step.isLive
        for (const { source } of this.#servers) this.#say(source)
        return
      default:
        step satisfies never
    }
  }

  /** Whatever was late arrives, and lines hold: until all is quiet. */
  async #settle(): Promise<void> {
    for (const { log } of this.#servers) log.release(Number.MAX_SAFE_INTEGER)
    for (let round = 0; round < 6; round++) {
      vi.advanceTimersByTime(RECONNECTED_MS)
      await turn()
      for (const page of this.#pages) {
        for (let count = 0; this.#deliver(page); count++) if (count > 10_000) throw new Error('the messages never end')
      }
    }
  }

  #append(events: SwarmEvent[]): void {
    // The memory's log tells its subscribers at once.
    void this.#log.append(events)
    this.#remember()
  }

  #deliver(page: Page): boolean {
    const delivered = page.line?.deliver() ?? false
    // [F1] What the page shows was the state at the very place that it says.
    if (page.model.hasData) {
      const place = `${page.model.epoch}/${page.model.seq}`
      expect(canonicalHash(page.model.store.values()), place).toBe(this.#states.get(place))
    }
    return delivered
  }

  #restart(index: number, how: 'same log' | 'new log' | 'goodbye'): void {
    if (how === 'new log') {
      const { MemoryLog, World } = this.#subject
      this.#log = new MemoryLog()
      this.#truth = new World('real', this.#log)
      this.#remember()
    }
    const which = how === 'new log' ? this.#servers.map((_, at) => at) : [index]
    for (const at of which) {
      stop(this.#server(at))
      this.#servers[at] = this.#startServer()
      for (const page of this.#pages) {
        if (page.server !== at) continue
        // Without a goodbye its sockets just break.
        if (how === 'goodbye') page.line?.serverCloses()
        else page.line?.lose(true)
      }
    }
  }

  #startServer(): Server {
    const { Hub, View, World } = this.#subject
    const log = new LaggingLog(this.#log)
    const world = new World('real', log)
    const source = new LiteralSource()
    const view = new View({ demo: false, real: world, sources: [source], mock: () => this.#mock })
    this.#say(source)
    return { log, world, source, view, hub: new Hub(view) }
  }

  #say(source: LiteralSource): void {
    source.say(this.#isLive ? { state: 'live', lastError: null } : { state: 'waiting', lastError: sampleError() })
  }

  #openPage(server: number): Page {
    const { SwarmModel, ViewerStream } = this.#subject
    const model = new SwarmModel(() => undefined)
    const page: Page = { model, server, line: null, state: 'idle', stream: null as unknown as ViewerStream }
    page.stream = new ViewerStream(
      {
        requestTicket: () => Promise.resolve({ type: 'ticket', ticket: 't' }),
        openSocket: () => {
          page.line = new Line(this.#server(page.server).hub)
          return page.line
        },
        nowMs: () => Date.now(),
        random: () => 0.5,
        setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
        clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
        isHidden: () => false,
      },
      {
        position: () => model.position(),
        load: (snapshot) => model.load(snapshot),
        apply: (frame) => {
          const result = model.apply(frame)
          // TCP loses nothing: a gap is the server's mistake, though the page would heal it.
          expect(result, 'each frame begins where its page is').not.toBe('gap')
          return result
        },
        status: () => undefined,
        hello: () => undefined,
        connection: ({ state }) => {
          page.state = state
        },
        unreadable: () => undefined,
        refused: () => undefined,
      },
      { token: 't', version: 'test' },
    )
    page.stream.start()
    return page
  }

  #remember(): void {
    for (const { store } of [this.#truth, this.#mock]) {
      this.#states.set(`${store.epoch}/${store.seq}`, canonicalHash(store.values()))
    }
  }

  #server(index: number): Server {
    const server = this.#servers[index]
    if (!server) throw new RangeError(`there is no server ${index}`)
    return server
  }

  #page(index: number): Page {
    const page = this.#pages[index]
    if (!page) throw new RangeError(`there is no page ${index}`)
    return page
  }
}

function stop({ hub, view, log }: Server): void {
  hub.close()
  view.close()
  void log.close()
}

const turn = () => Promise.resolve().then(() => undefined)
