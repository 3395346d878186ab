import { expect, test } from 'vitest'
import { Mux } from '../../relay/mux.ts'
import { type Bug, mutant } from '../helpers/mutant.ts'
import { BrokenPromise } from '../helpers/muxModel.ts'
import { promise } from '../helpers/muxPromise.ts'

type MuxModule = typeof import('../../relay/mux.ts')

test('[X1] [X2] [X5] [X7] [X8] [X9] [X12] [X14] no order of events loses, doubles or misdirects a message', () => {
  promise(Mux)
}, 60_000)

/** `says`: what the model must find, where there is more than one way to break the promise. */
const BUGS: readonly (Bug & { bug: string; says?: RegExp })[] = [
  {
    bug: 'string ids that look like numbers come back as numbers',
    file: 'relay/mux.ts',
    find: '#forward({ client, id }, raw',
    replace: '#forward({ client, id: Number(id) || id }, raw',
  },
  {
    bug: 'a cancelled request stays, so its late answer is passed on',
    file: 'relay/pending.ts',
    find: 'undefined : this.take(id)',
    replace: 'undefined : this.get(id)',
  },
  {
    bug: 'a client cancels what is another’s',
    file: 'relay/pending.ts',
    find: 'this.#byClient.get(client)?.byOriginalId.get(originalId)',
    replace:
      '[...this.#byClient.values()].map((one) => one.byOriginalId.get(originalId)).find((one) => one !== undefined)',
  },
  {
    bug: 'progress goes to all',
    file: 'relay/mux.ts',
    find: 'if (text !== null) this.#edge.toClient(pending.owner.client, text)',
    replace: 'if (text !== null) for (const client of this.#clients.ids()) this.#edge.toClient(client, text)',
    says: /after \{"do":"progress".* the clients got/,
  },
  {
    bug: 'progress comes under our token instead of the client’s',
    file: 'relay/mux.ts',
    find: 'progressToken: pending.progressToken',
    replace: 'progressToken: pending.id',
  },
  {
    bug: 'what was pending when the child went is still pending',
    file: 'relay/pending.ts',
    find: 'return this.#takeWhere(() => true)',
    replace: 'return [...this.#byId.values()]',
  },
  {
    bug: 'our own ids are used again too soon',
    file: 'relay/pending.ts',
    find: 'const id = ++this.#lastId',
    replace: 'this.#lastId = (this.#lastId % 8) + 1\n    const id = this.#lastId',
  },
  {
    bug: 'a second request under the same id takes the place of the first',
    file: 'relay/pending.ts',
    find: 'requests.count++',
    replace: 'requests.count++\n      this.take(requests.byOriginalId.get(owner.id) ?? 0)',
  },
  {
    bug: 'initialize is answered to another who waits for it',
    file: 'relay/mux.ts',
    find: 'push({ client, id, asked })',
    replace: 'push({ client: this.#awaitingInitialize[0]?.client ?? client, id, asked })',
  },
  {
    bug: 'a request that took too long is given up, and its late answer is passed on',
    file: 'relay/mux.ts',
    find: '#giveUp(pending: Pending): void {\n    this.#pending.take(pending.id)',
    replace: '#giveUp(pending: Pending): void {',
    says: /after \{"do":"answer".* the clients got/,
  },
  {
    bug: 'an id within the payload is taken for the message’s own',
    file: 'relay/idBytes.ts',
    find: 'if (depth === 1 && isKey) {',
    replace: 'if (!found) {',
  },
  {
    bug: 'a client that leaves leaves its requests behind',
    file: 'relay/mux.ts',
    find: 'of this.#pending.takeAllOf(client)',
    replace: 'of this.#pending.takeAllOf(-1)',
  },
  {
    bug: 'the child is asked before it is initialised',
    file: 'relay/mux.ts',
    find: "if (this.#phase.state === 'up' || raw.method === 'initialize') this",
    replace: 'this',
  },
  {
    bug: 'what waited for the child is asked in another order',
    file: 'relay/mux.ts',
    find: 'for (const pending of [...this.#pending.values()]) if (pending.held !== null)',
    replace: 'for (const pending of [...this.#pending.values()].reverse()) if (pending.held !== null)',
  },
]

function failureOf(act: () => void): Error | null {
  try {
    act()
    return null
  } catch (error) {
    return error as Error
  }
}

test.each(BUGS)(
  'the promise catches: $bug',
  async (bug) => {
    const { Mux: Faulty } = await mutant<MuxModule>('relay/mux.ts', bug)
    // In the model's own words: a bug that makes something throw would show nothing about the promise.
    const failure = failureOf(() => promise(Faulty))
    expect(failure?.message).toMatch(/seed/i)
    expect(failure?.cause).toBeInstanceOf(BrokenPromise)
    expect(String(failure?.cause)).toMatch(bug.says ?? /./)
  },
  60_000,
)
