// Other agents, by their OpenTelemetry spans, as a source: nobody connects to it, it is sent to.

import { hostname } from 'node:os'
import type { Logger } from '../../../platform/log.ts'
import { Turn } from '../../../platform/turn.ts'
import { QUIET_AFTER_MS } from '../../../protocol/derive.ts'
import type { SwarmEvent } from '../../../protocol/events.ts'
import type { IsoTime, SourceStatus } from '../../../protocol/swarm.ts'
import type { World } from '../../world.ts'
import { changesBetween } from '../claudeFlow/changes.ts'
import type { Source } from '../source.ts'
import { type Added, ENDED_STAY_MS, GENAI_BOUNDS, type GenAiBounds, GenAiModel, type OtlpEntity } from './genAiModel.ts'
import type { GenAiSpan } from './genAiSpan.ts'

const OTLP_SOURCE_ID = 'otlp'
/** Of the event loop, in one piece: answers and frames wait no longer for what thousands of spans amount to. */
const TURN_MS = 1
/** Whoever leaves because of its age may do so a little late. */
const EXPIRY_INTERVAL_MS = ENDED_STAY_MS / 12

export interface OtlpSourceOptions {
  world: World
  /** The name of this machine. */
  host?: string
  bounds?: GenAiBounds
  log: Logger
}

/** What is on its way into the log. */
interface Stating {
  events: SwarmEvent[]
  owed: ReadonlyMap<string, OtlpEntity | null>
  /** What was stated of these before. */
  before: ReadonlyMap<string, OtlpEntity>
}

export class OtlpSource implements Source {
  readonly #options: OtlpSourceOptions
  readonly #model: GenAiModel
  readonly #listeners = new Set<() => void>()
  readonly #incarnation: number
  /** As the log has it, or will have it when what is under way is committed; by `entity/id`. */
  readonly #stated = new Map<string, OtlpEntity>()
  /** What should be in the log, but whose append failed. */
  readonly #owed = new Map<string, OtlpEntity | null>()
  #revision = 0
  /** What is under way, or was last. */
  #last: Promise<void> = Promise.resolve()
  #status: SourceStatus
  #quietTimer: NodeJS.Timeout | undefined
  #expiryTimer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: OtlpSourceOptions) {
    const { world, host = hostname(), bounds = GENAI_BOUNDS } = options
    this.#options = options
    this.#model = new GenAiModel(OTLP_SOURCE_ID, host, bounds)
    this.#incarnation = world.incarnationOf(OTLP_SOURCE_ID) + 1
    for (const [key, entity] of world.statedBy(OTLP_SOURCE_ID)) {
      if (entity.entity !== 'agent' && entity.entity !== 'link') continue
      this.#stated.set(key, entity)
      if (entity.entity === 'agent') this.#model.restore(entity)
    }
    this.#status = {
      id: OTLP_SOURCE_ID,
      kind: 'otlp',
      state: this.#stated.size > 0 ? 'quiet' : 'never',
      url: null,
      since: new Date().toISOString(),
      attempt: 0,
      retryAt: null,
      lastError: null,
      counts: {},
    }
  }

  get status(): SourceStatus {
    return this.#status
  }

  onStatus(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What is too old by now leaves; from then on it comes by itself. */
  start(): void {
    if (this.#stated.size > 0) this.#expireLater(0)
  }

  retry(): void {
    // nobody connects to it
  }

  /** Resolves when what the spans say is committed; rejects if it could not be: the same spans again then say it again. */
  accept(spans: readonly GenAiSpan[], receivedAt: IsoTime): Promise<void> {
    return this.#whenFree(() => this.#take(spans, receivedAt))
  }

  /** One at a time: each takes many turns of the event loop. */
  #whenFree(work: () => Promise<void>): Promise<void> {
    const working = this.#last.then(work)
    this.#last = working.catch(() => undefined) // told by `working`
    return working
  }

  async #take(spans: readonly GenAiSpan[], receivedAt: IsoTime): Promise<void> {
    if (this.#closed) throw new Error('the source is closed')
    const turn = new Turn(TURN_MS)
    const { changed, repeated, late, dropped, notShown } = await this.#model.add(spans, turn)
    const stating = await this.#prepare(changed, receivedAt, turn)
    const taken = spans.filter(({ kind }) => kind !== 'other').length - repeated - late - dropped - notShown
    // In one turn with what they say: a view that turns to the real world for it does not show it empty. Spans of programs that
    // are no agents are no sign of one.
    if (spans.some(({ kind }) => kind !== 'other')) this.#heard()
    this.#count({
      spans: taken,
      spansRepeated: repeated,
      spansLate: late,
      spansDropped: dropped,
      spansNotShown: notShown,
    })
    await this.#state(stating)
    if (this.#stated.size > 0) this.#expireLater(EXPIRY_INTERVAL_MS)
  }

  /** Counts what a door took or refused, by the reason, beside what the source counts itself. */
  count(what: string, more = 1): void {
    this.#count({ [what]: more })
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#quietTimer)
    clearTimeout(this.#expiryTimer)
    this.#listeners.clear()
    await this.#last
  }

  async #prepare(changed: Added['changed'], receivedAt: IsoTime, turn: Turn): Promise<Stating> {
    for (const [key, entity] of changed) this.#owed.set(key, entity)
    const owed = new Map(this.#owed)
    this.#owed.clear()
    const before = new Map<string, OtlpEntity>()
    const events: SwarmEvent[] = []
    const context = {
      sourceId: OTLP_SOURCE_ID,
      sourceEpoch: `${OTLP_SOURCE_ID}/${this.#incarnation}`,
      version: [this.#incarnation, ++this.#revision] as const,
      receivedAt,
    }
    for (const [key, entity] of owed) {
      if (turn.isOver) await turn.next()
      const stated = this.#stated.get(key)
      if (stated) before.set(key, stated)
      events.push(...changesBetween(one(key, stated), one(key, entity), context))
      if (entity) this.#stated.set(key, entity)
      else this.#stated.delete(key)
    }
    return { events, owed, before }
  }

  async #state({ events, owed, before }: Stating): Promise<void> {
    try {
      await this.#options.world.append(events)
    } catch (error) {
      // Said again with the next, unless something newer is to be said by then.
      for (const [key, entity] of owed) {
        if (entity ? this.#stated.get(key) !== entity : this.#stated.has(key)) continue
        this.#owed.set(key, entity)
        const stated = before.get(key)
        if (stated) this.#stated.set(key, stated)
        else this.#stated.delete(key)
      }
      throw error
    }
  }

  async #expire(): Promise<void> {
    if (this.#closed) return
    const turn = new Turn(TURN_MS)
    const expired = await this.#model.expire(Date.now(), turn)
    await this.#state(await this.#prepare(expired, new Date().toISOString(), turn))
  }

  #heard(): void {
    clearTimeout(this.#quietTimer)
    this.#quietTimer = setTimeout(() => this.#turn('quiet'), QUIET_AFTER_MS)
    this.#quietTimer.unref()
    this.#turn('receiving')
  }

  #turn(state: SourceStatus['state']): void {
    if (this.#status.state !== state) this.#tell({ ...this.#status, state, since: new Date().toISOString() })
  }

  #count(more: Readonly<Record<string, number>>): void {
    const counts = { ...this.#status.counts }
    let isSame = true
    for (const [what, count] of Object.entries(more)) {
      if (count === 0) continue
      counts[what] = (counts[what] ?? 0) + count
      isSame = false
    }
    if (!isSame) this.#tell({ ...this.#status, counts })
  }

  #tell(status: SourceStatus): void {
    this.#status = status
    for (const listener of [...this.#listeners]) listener()
  }

  #expireLater(afterMs: number): void {
    if (this.#expiryTimer) return
    this.#expiryTimer = setTimeout(() => {
      this.#expiryTimer = undefined
      this.#whenFree(() => this.#expire()).catch((error: unknown) =>
        this.#options.log.error({ err: error }, 'old OTLP agents could not be retired'),
      )
      if (this.#stated.size > 0 && !this.#closed) this.#expireLater(EXPIRY_INTERVAL_MS)
    }, afterMs)
    this.#expiryTimer.unref()
  }
}

const one = (key: string, entity: OtlpEntity | null | undefined): ReadonlyMap<string, OtlpEntity> =>
  new Map(entity ? [[key, entity]] : [])
