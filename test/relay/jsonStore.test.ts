import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAgents3 } from '../../protocol/claudeFlow.ts'
import { JsonStore } from '../../relay/watch/jsonStore.ts'
import type { Reading } from '../../relay/watch/reading.ts'
import { put, temporaryFolder } from '../helpers/relayFiles.ts'

const FILE = 'store.json'
const FORMAT = { kind: 'agent', list: 'agents', parse: readAgents3 } as const

/** A store's text from its members, some of them perhaps twice. */
const textOf = (members: readonly (readonly [key: string, value: unknown])[]): string =>
  `{"agents": {${members.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(', ')}}}`

class Follower {
  readonly root = temporaryFolder()
  readonly store = new JsonStore(join(this.root, FILE), FORMAT)
  /** Native id → status. */
  known = new Map<string, string | null>()
  since: string | null = null

  async read(text: string): Promise<Reading> {
    put(this.root, FILE, text)
    const reading = await this.store.read(this.since)
    const { change } = reading
    this.since = reading.id
    if (change.type === 'whole') this.known.clear()
    else for (const { nativeId } of change.gone) expect(this.known.delete(nativeId)).toBe(true)
    for (const { nativeId, data } of change.type === 'whole' ? change.records : change.put) {
      this.known.set(nativeId, (data as { status: string | null }).status)
    }
    return reading
  }
}

describe('a store that is read again', () => {
  const agent = (status: string) => ({ status })

  test('[R9] is as if it were read whole, with entries that come twice, too', async () => {
    const key = fc.constantFrom('a', 'b', 'c', '', '__proto__', `${'long'.repeat(70)}1`, `${'long'.repeat(70)}2`)
    const value = fc.oneof(fc.constantFrom('idle', 'busy').map(agent), fc.constantFrom(5, null, 'text', []))
    const members = fc.array(fc.tuple(key, value), { maxLength: 8 })
    const write = fc.record({ at: fc.nat(8), remove: fc.nat(3), insert: members, isHalf: fc.boolean() })
    let deltas = 0
    await fc.assert(
      fc.asyncProperty(members, fc.array(write, { maxLength: 6 }), async (first, writes) => {
        const follower = new Follower()
        const list = [...first]
        await follower.read(textOf(list))
        for (const { at, remove, insert, isHalf } of writes) {
          list.splice(at, remove, ...insert)
          const text = textOf(list)
          if (isHalf) await expect(follower.read(text.slice(0, -1))).rejects.toThrow(SyntaxError)
          const { change } = await follower.read(text)
          if (change.type === 'delta') deltas++
          const whole = readAgents3(JSON.parse(text))
          const expected = new Map(whole.map(({ nativeId, data }) => [nativeId, (data as { status: string }).status]))
          expect(Object.fromEntries(follower.known)).toEqual(Object.fromEntries(expected))
        }
      }),
      { numRuns: 200 },
    )
    expect(deltas).toBeGreaterThan(100)
  })

  test('tells only what is different in what is read of it', async () => {
    const follower = new Follower()
    await follower.read(
      textOf([
        ['a', agent('idle')],
        ['b', { status: 'idle', config: 1 }],
      ]),
    )
    const { change } = await follower.read(
      textOf([
        ['b', { status: 'idle', config: 2 }],
        ['c', agent('busy')],
      ]),
    )
    expect(change).toMatchObject({
      type: 'delta',
      put: [{ nativeId: 'c', data: { status: 'busy' } }],
      gone: [{ kind: 'agent', nativeId: 'a', generation: 3 }],
    })
  })

  test('is given whole to whoever does not know its last reading', async () => {
    const follower = new Follower()
    const text = textOf([['a', agent('idle')]])
    await follower.read(text)
    for (const since of [null, 'another']) {
      follower.since = since
      expect((await follower.read(text)).change).toMatchObject({ type: 'whole', records: [{ nativeId: 'a' }] })
    }
    follower.store.forget()
    expect((await follower.read(text)).change.type).toBe('whole')
  })

  test('is not read beyond its bound', async () => {
    const root = temporaryFolder()
    put(root, FILE, textOf([['a', agent('x'.repeat(100))]]))
    await expect(new JsonStore(join(root, FILE), FORMAT, 100).read(null)).rejects.toThrow('bytes')
  })
})
