import { expect, test } from 'vitest'
import type { RelayLimits } from '../../relay/limits.ts'
import { runRelay } from '../helpers/relayInProcess.ts'
import { until } from '../helpers/until.ts'

/** Short, but in proportion to the real ones: whether the child lives is asked long before a request is given up. */
const LIMITS: Partial<RelayLimits> = { requestTimeoutMs: 800, probeAfterMs: 100, probeTimeoutMs: 100 }

test.each(['goSilent', 'stopReading'])(
  '[X14] [X15] a child that answers nothing any more (%s) is noticed and replaced; each request gets one error',
  async (habit) => {
    const { connect, relay } = await runRelay({ limits: LIMITS })
    const [one, other] = await Promise.all([connect(), connect()])
    const { pid } = await one.ask('facts')
    one.send({ jsonrpc: '2.0', id: 'habit', method: 'tools/call', params: { name: habit } })
    const pending = [one, other].flatMap((client) => [1, 2, 3].map((id) => client.call('echo', { value: id }, id)))
    for (const { error } of await Promise.all(pending)) {
      expect(error?.data?.code).toBeOneOf(['CHILD_TIMEOUT', 'CHILD_SILENT'])
    }
    await until(() => relay.state.child.restarts === 1 && relay.state.child.state === 'up')
    expect((await one.ask('facts')).pid).not.toBe(pid)
    expect(await other.ask('echo', { value: 'back' })).toBe('back')
    expect(relay.state.child.lastError).toBe(null)
    for (const id of [1, 2, 3]) {
      for (const client of [one, other]) expect(client.received.filter((message) => message.id === id)).toHaveLength(1)
    }
  },
)

test('[X14] an answer that comes too late is an error, once, and the child that gave it stays', async () => {
  const { connect, relay } = await runRelay({ limits: LIMITS })
  const client = await connect()
  const { pid } = await client.ask('facts')
  const { error } = await client.call('late', { ms: 1_500, value: 1 }, 'x')
  expect(error?.data?.code).toBe('CHILD_TIMEOUT')
  await until(() => relay.counters.lateAnswers === 1)
  expect(client.received.filter(({ id }) => id === 'x')).toHaveLength(1)
  const { pid: later, seen } = await client.ask('facts')
  expect(later).toBe(pid)
  expect(seen.map(({ method }: { method?: string }) => method)).toContain('notifications/cancelled')
})

test('[X15] a child that is busy with one request and answers the question whether it lives is left alone', async () => {
  const { connect, relay } = await runRelay({ limits: { ...LIMITS, requestTimeoutMs: 10_000 } })
  const client = await connect()
  // Ten times as long as it takes until it is asked.
  expect((await client.call('late', { ms: 1_000, value: 1 })).error).toBeUndefined()
  expect(relay.state.child).toMatchObject({ state: 'up', restarts: 0 })
})
