// Checks the multiplexer's promise (SPEC.md X1, X2, X5, X7–X9, X12, X14) on any class that claims to keep it: short orders of
// events, which shrink to the fewest that show a fault, and long ones, in which many clients use the same ids.

import fc from 'fast-check'
import type { JsonRpcId } from '../../protocol/mcp.ts'
import type { Mux } from '../../relay/mux.ts'
import { seededRandom } from '../protocol/samples.ts'
import { MuxModel, type Step } from './muxModel.ts'

/** Alike, but none the same as another. */
const ALIKE: readonly JsonRpcId[] = [
  ...[0, 1, -1, 1.5, 1e-7, Number.MAX_SAFE_INTEGER],
  ...['', '0', '1', '-1', '1.5', ' 1', '01', '1e-7', 'null', 'true', '[1]', '__proto__', 'a"b\\c\u2028é'],
]
const CLIENTS = 6

const client = fc.nat(CLIENTS - 1)
const id = fc.constantFrom(...ALIKE)
const pick = fc.nat()
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 16, arbitrary: fc.record({ do: fc.constant('ask' as const), client, id }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('ask' as const), client, id, token: id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('initialize' as const), client, id }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('cancel' as const), client, id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), client }) },
  { weight: 16, arbitrary: fc.record({ do: fc.constant('answer' as const), pick, fail: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('answerAgain' as const), pick }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('progress' as const), pick }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'tellAll' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'garbage' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'late' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'crash' }) },
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'up' }) },
)

export interface Size {
  clients: number
  /** Of each client, under ids that all use. */
  calls: number
  runs: number
}

/** Enough to catch every fault that was ever seeded, and done within some seconds. */
const REDUCED: Size = { clients: 40, calls: 50, runs: 3 }

/** Throws, with fast-check's seed in the message, if `MuxClass` loses, doubles or misdirects a message. */
export function promise(MuxClass: typeof Mux, { clients, calls, runs }: Size = REDUCED): void {
  const short = fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
    const model = new MuxModel(MuxClass, CLIENTS)
    for (const one of steps) model.take(one)
    model.finish()
  })
  fc.assert(short, { numRuns: 200 })
  const long = fc.property(fc.nat(), (seed) => {
    const model = new MuxModel(MuxClass, clients)
    for (const one of longOrder(seededRandom(seed), clients, calls)) model.take(one)
    model.finish()
    if (model.requests !== clients * calls) throw new Error(`${model.requests} requests were made`)
  })
  // Another seed would say nothing simpler.
  fc.assert(long, { numRuns: runs, endOnFailure: true })
}

/** Each client asks under each id once, in an order of its own; about as often, the child answers. */
function* longOrder(random: () => number, clients: number, calls: number): Generator<Step> {
  const nat = (below: number): number => Math.floor(random() * below)
  const left = Array.from({ length: clients }, (_, index) => ({
    client: index,
    ids: shuffled(
      Array.from({ length: calls }, (_, call) => idOf(call)),
      nat,
    ),
    /** Asked lately. */
    last: [] as JsonRpcId[],
  }))
  const idAgain = (last: readonly JsonRpcId[]): JsonRpcId => last[nat(last.length)] ?? ''
  yield { do: 'up' }
  while (left.length > 0) {
    const at = nat(left.length)
    const one = left[at]
    if (!one) break
    const dice = random() * 100
    if (dice < 47) {
      const own = one.ids.pop() ?? ''
      one.last = [own, ...one.last.slice(0, 9)]
      // Few tokens, so that many clients have the same.
      const token = nat(3) === 0 ? { token: idOf(nat(8)) } : {}
      yield { do: 'ask', client: one.client, id: own, ...token }
      if (one.ids.length === 0) left.splice(at, 1)
    } else if (dice < 88) yield { do: 'answer', pick: nat(2 ** 30), fail: nat(5) === 0 }
    else if (dice < 92) yield { do: 'cancel', client: one.client, id: idAgain(one.last) }
    else if (dice < 97) yield { do: 'progress', pick: nat(2 ** 30) }
    else if (dice < 98) yield { do: 'answerAgain', pick: nat(2 ** 30) }
    else if (dice < 99) yield { do: 'initialize', client: one.client, id: idAgain(one.last) }
    else if (dice < 99.7) yield { do: 'up' }
    else if (dice < 99.8) yield { do: 'leave', client: one.client }
    else if (dice < 99.88) yield { do: 'tellAll' }
    else if (dice < 99.97) yield { do: 'garbage' }
    else if (dice < 99.98) yield { do: 'late' }
    else yield { do: 'crash' }
  }
}

/** Numbers, negative, fractional, and strings that look like them. */
function idOf(call: number): JsonRpcId {
  const number = [call >> 1, -(call >> 1) - 1, (call >> 1) + 0.5][(call >> 1) % 3] ?? 0
  return call % 2 ? String(number) : number
}

function shuffled<T>(list: T[], nat: (below: number) => number): T[] {
  for (let index = list.length - 1; index > 0; index--) {
    const other = nat(index + 1)
    const [a, b] = [list[index] as T, list[other] as T]
    list[index] = b
    list[other] = a
  }
  return list
}
