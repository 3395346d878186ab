// The promise of the whole: whatever happens on the way, a viewer never shows a state that was not, and ends up where
// the server is. One model of a server with viewers on bad lines, driven by fast-check; and mutants that it must catch.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type * as frames from '../../protocol/frames.ts'
import * as real from '../../protocol/frames.ts'
import { type Bug, mutant } from '../helpers/mutant.ts'
import { canonicalHash } from './samples.ts'

interface Thing extends frames.Revisioned {
  value: number
}
type Store = frames.RevisionedStore<Thing>
type Snapshot = frames.Snapshot<Thing>
type Message = { type: 'chunk'; chunk: frames.SnapshotChunk<Thing> } | { type: 'frame'; frame: frames.Frame<Thing> }

const IDS = ['a', 'b', 'c', 'd', 'e', 'f']
/** Few, so that the floor is met all the time. */
const TOMBSTONES = 3
/** Servers that follow the one where events come in. */
const FOLLOWERS = 2
/** Two things or so a chunk. */
const CHUNK_BYTES = 100

type Step =
  | { do: 'batch'; puts: [number, number][]; dels: number[] }
  | { do: 'send' }
  | { do: 'deliver'; messages: number }
  | { do: 'lose' }
  | { do: 'repeat'; back: number }
  | { do: 'overlap'; back: number }
  | { do: 'drop' }
  | { do: 'failOver'; to: number }
  | { do: 'catchUp'; who: number }
  | { do: 'newEpoch'; keep: boolean }

const index = fc.nat({ max: IDS.length - 1 })
const count = (max: number) => fc.integer({ min: 1, max })
const weighted = <T extends Step>(weight: number, model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => ({
  weight,
  arbitrary: fc.record(model) as unknown as fc.Arbitrary<Step>,
})
type StepOf<D extends Step['do']> = Extract<Step, { do: D }>

const step = fc.oneof(
  weighted<StepOf<'batch'>>(12, {
    do: fc.constant('batch'),
    // Few values: A → B → A must be told too.
    puts: fc.array(fc.tuple(index, fc.nat({ max: 2 })), { maxLength: 3 }),
    dels: fc.array(index, { maxLength: 3 }),
  }),
  weighted<StepOf<'send'>>(8, { do: fc.constant('send') }),
  weighted<StepOf<'deliver'>>(8, { do: fc.constant('deliver'), messages: count(4) }),
  weighted<StepOf<'lose'>>(1, { do: fc.constant('lose') }),
  weighted<StepOf<'repeat'>>(3, { do: fc.constant('repeat'), back: count(5) }),
  weighted<StepOf<'overlap'>>(2, { do: fc.constant('overlap'), back: count(4) }),
  weighted<StepOf<'drop'>>(1, { do: fc.constant('drop') }),
  weighted<StepOf<'failOver'>>(2, { do: fc.constant('failOver'), to: fc.nat({ max: FOLLOWERS }) }),
  weighted<StepOf<'catchUp'>>(3, { do: fc.constant('catchUp'), who: fc.nat({ max: FOLLOWERS - 1 }) }),
  weighted<StepOf<'newEpoch'>>(1, { do: fc.constant('newEpoch'), keep: fc.boolean() }),
)

/** `protocol/frames.ts`, or what a seeded bug made of it. */
type Subject = typeof frames

class Model {
  readonly #subject: Subject
  /** Where events come in; the only one that folds. */
  #primary: Store
  /** They follow it with frame cuts of their own, each as far as it happens to be. */
  readonly #followers: readonly Store[]
  /** Whom the viewer is connected to: one of these. */
  #server: Store
  #serverLine: { epoch: string | null; seq: number } = { epoch: null, seq: 0 }
  #epochs = 1
  /** `epoch/seq` → hash: every state that ever was. */
  readonly #states = new Map<string, string>()

  readonly #viewer: Store
  #viewerKnows: { epoch: string | null; seq: number } = { epoch: null, seq: 0 }
  #assembly: frames.SnapshotAssembly<Thing>
  #line: Message[] = []
  #delivered: Message[] = []

  constructor(subject: Subject) {
    this.#subject = subject
    this.#primary = new subject.RevisionedStore<Thing>('epoch-1', TOMBSTONES)
    this.#followers = Array.from(
      { length: FOLLOWERS },
      (_, at) => new subject.RevisionedStore<Thing>('nowhere', TOMBSTONES + at),
    )
    this.#viewer = new subject.RevisionedStore<Thing>('nowhere')
    this.#assembly = new subject.SnapshotAssembly<Thing>()
    this.#server = this.#primary
    this.#remember()
    // A follower that has heard of nothing yet.
    this.#states.set('nowhere/0', canonicalHash([]))
  }

  run(steps: readonly Step[]): void {
    for (const step of steps) this.#take(step)
    this.#settle()
    expect([this.#viewer.epoch, this.#viewer.seq]).toEqual([this.#primary.epoch, this.#primary.seq])
    expect(canonicalHash(this.#viewer.values())).toBe(canonicalHash(this.#primary.values()))
  }

  #take(step: Step): void {
    switch (step.do) {
      case 'batch':
        this.#batch(step.puts, step.dels)
        break
      case 'send':
        this.#send()
        break
      case 'deliver':
        for (let count = 0; count < step.messages; count++) this.#deliver(this.#line.shift())
        break
      case 'lose':
        this.#line.shift()
        break
      case 'repeat':
        this.#deliver(this.#delivered.at(-step.back))
        break
      case 'overlap':
        this.#overlap(step.back)
        break
      case 'drop':
        this.#reconnect()
        break
      case 'failOver':
        this.#server = [this.#primary, ...this.#followers][step.to]!
        this.#reconnect()
        break
      case 'catchUp':
        this.#catchUp(this.#followers[step.who]!)
        break
      case 'newEpoch':
        this.#newEpoch(step.keep)
        break
      default:
        step satisfies never
    }
  }

  #batch(puts: [number, number][], dels: number[]): void {
    const seq = this.#primary.seq + 1
    for (const [at, value] of puts) this.#primary.put({ entity: 'thing', id: IDS[at]!, rev: seq, value })
    for (const at of dels) this.#primary.delete({ entity: 'thing', id: IDS[at]! }, seq)
    this.#primary.advance(seq)
    this.#remember()
  }

  /** The server tells the viewer what changed since what it sent last; a snapshot in pieces. */
  #send(): void {
    const { epoch, seq } = this.#serverLine
    this.#enqueue(this.#server.changesSince(epoch, seq))
    this.#serverLine = { epoch: this.#server.epoch, seq: this.#server.seq }
  }

  /** A frame that begins before where the viewer is: another server may have cut it otherwise. */
  #overlap(back: number): void {
    const { epoch, seq } = this.#serverLine
    if (epoch !== this.#server.epoch) return
    this.#enqueue(this.#server.changesSince(epoch, Math.max(0, seq - back)))
    this.#serverLine = { epoch: this.#server.epoch, seq: this.#server.seq }
  }

  #enqueue(changes: frames.Changes<Thing>): void {
    if (changes.type === 'frame') this.#line.push({ type: 'frame', frame: changes.frame })
    if (changes.type === 'snapshot') {
      for (const chunk of this.#subject.chunkSnapshot(changes.snapshot, CHUNK_BYTES))
        this.#line.push({ type: 'chunk', chunk })
    }
  }

  #deliver(message: Message | undefined): void {
    if (!message) return
    // The wire is JSON: nothing is shared between the ends.
    const received = JSON.parse(JSON.stringify(message)) as Message
    this.#delivered.push(message)
    if (received.type === 'frame') this.#onFrame(received.frame)
    else this.#onChunk(received.chunk)
    this.#checkTruth()
  }

  #onFrame(frame: frames.Frame<Thing>): void {
    const result = this.#viewerKnows.epoch === null ? 'gap' : this.#viewer.apply(frame)
    if (result === 'applied') this.#viewerKnows = { epoch: this.#viewer.epoch, seq: this.#viewer.seq }
    if (result === 'gap') this.#reconnect()
  }

  #onChunk(chunk: frames.SnapshotChunk<Thing>): void {
    const snapshot = this.#assembly.add(chunk)
    if (snapshot === 'broken') this.#reconnect()
    else if (snapshot !== 'incomplete') this.#load(snapshot)
  }

  #load(snapshot: Snapshot): void {
    this.#viewer.load(snapshot)
    this.#viewerKnows = { epoch: this.#viewer.epoch, seq: this.#viewer.seq }
  }

  #reconnect(): void {
    this.#line = []
    this.#delivered = []
    this.#assembly = new this.#subject.SnapshotAssembly<Thing>()
    this.#serverLine = { ...this.#viewerKnows }
    this.#send()
  }

  #catchUp(follower: Store): void {
    if (follower === this.#primary) return
    const changes = this.#primary.changesSince(follower.epoch, follower.seq)
    if (changes.type === 'snapshot') follower.load(changes.snapshot)
    if (changes.type === 'frame') expect(follower.apply(changes.frame)).toBe('applied')
  }

  /** The log begins anew, from what it held or from nothing; the viewer's connection breaks with it. */
  #newEpoch(keep: boolean): void {
    const kept = keep ? [...this.#primary.values()] : []
    this.#primary = new this.#subject.RevisionedStore<Thing>(`epoch-${++this.#epochs}`, TOMBSTONES)
    for (const entity of kept) this.#primary.put({ ...entity, rev: 1 })
    if (kept.length > 0) this.#primary.advance(1)
    this.#remember()
    this.#server = this.#primary
    this.#reconnect()
  }

  /** The line holds from here on: send and deliver until all is quiet. */
  #settle(): void {
    this.#catchUp(this.#server)
    // A gap makes it reconnect once; more than a few rounds would be a loop.
    for (let round = 0; round < 5; round++) {
      this.#send()
      while (this.#line.length > 0) this.#deliver(this.#line.shift())
    }
    // A line that lost its last messages looks quiet; the viewer's own check after silence is a reconnect.
    this.#reconnect()
    while (this.#line.length > 0) this.#deliver(this.#line.shift())
  }

  #remember(): void {
    this.#states.set(`${this.#primary.epoch}/${this.#primary.seq}`, canonicalHash(this.#primary.values()))
  }

  /** [F1] What the viewer shows was the server's state at the very place that it says. */
  #checkTruth(): void {
    if (this.#viewerKnows.epoch === null) return
    const place = `${this.#viewer.epoch}/${this.#viewer.seq}`
    expect(canonicalHash(this.#viewer.values()), place).toBe(this.#states.get(place))
  }
}

const promise = (subject: Subject) =>
  fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
    new Model(subject).run(steps)
  })

describe('a viewer and its server', () => {
  it('[F1–F8] are equal by hash after any history, and the viewer never shows a state that was not', () => {
    fc.assert(promise(real), { numRuns: 2_000 })
  })
})

const file = 'protocol/frames.ts'
const without = (find: string): Bug => ({ file, find, replace: '' })
const BUGS: Record<string, Bug[]> = {
  'off by one: the first revision after the reader is left out': [
    { file, find: 'if (entity.rev > since) put.push', replace: 'if (entity.rev > since + 1) put.push' },
  ],
  'the epoch is ignored when resuming': [
    { file, find: 'epoch !== this.#epoch || since > this.#seq', replace: 'epoch === null || since > this.#seq' },
    without('frame.epoch !== this.#epoch || '),
  ],
  'the tombstone floor is ignored': [without(' || since < this.#tombstoneFloor')],
  'a repeated frame is applied again': [without("    if (frame.to <= this.#seq) return 'stale'\n")],
  'a tombstone is lost': [without('    this.#bury(ref, rev)\n')],
  'a gap is jumped over': [without(' || frame.from > this.#seq')],
  'a snapshot is laid over the old state': [without('    this.#byKind.clear()\n')],
  'half a snapshot is shown': [without("    if (!chunk.last) return 'incomplete'\n")],
}

describe('bugs seeded into the sources are caught by the same property', () => {
  it.each(Object.entries(BUGS))('%s', async (_, bugs) => {
    const subject = await mutant<Subject>(file, ...bugs)
    expect(fc.check(promise(subject), { numRuns: 2_000, endOnFailure: true }).failed).toBe(true)
  })
})
