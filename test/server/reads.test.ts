import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Agent, Link, Task } from '../../protocol/swarm.ts'
import { FakeRelay } from '../helpers/fakeRelay.ts'
import { records3, runningStores3, type Stores3 } from '../helpers/recordings.ts'
import { startTestServer, type TestServer, VIEWER } from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'

describe('lists of the recorded swarm', () => {
  let relay: FakeRelay
  let server: TestServer
  let stores: Stores3
  beforeAll(async () => {
    relay = await new FakeRelay().start()
    stores = runningStores3()
    relay.records.set(records3(stores))
    server = await startTestServer({ type: 'relay', host: '127.0.0.1', port: relay.port })
    await until(async () => (await server.ask('/api/v1/bots/health')).json().mode === 'live')
  })
  afterAll(async () => {
    await server.stop()
    await relay.stop()
  })
  const ask = (path: string, headers: Record<string, string> = {}) =>
    server.ask(`/api/v1/bots/${path}`, { headers: { ...VIEWER, ...headers } })
  const agents = async (query = '') => (await ask(`agents${query}`)).json().agents as Agent[]
  const names = async (query: string) => (await agents(query)).map(({ name }) => name)
  /** Changes what claude-flow has, and waits until the API shows it. */
  const change = async (edit: (of: Stores3) => void) => {
    const before = (await ask('agents')).json().seq as number
    edit(stores)
    relay.set(records3(stores))
    await until(async () => ((await ask('agents')).json().seq as number) > before)
  }

  test('are filtered by fields, by several values, by text, by time', async () => {
    const all = await agents()
    const of = (matches: (agent: Agent) => boolean) => all.filter(matches).map(({ name }) => name)
    expect(all.length).toBeGreaterThan(6)
    expect(await names('?type=coder')).toEqual(of(({ type }) => type === 'coder'))
    expect(await names('?type=coder,tester')).toEqual(of(({ type }) => type === 'coder' || type === 'tester'))
    expect(await names('?status=idle,offline')).toEqual(of(({ status }) => ['idle', 'offline'].includes(status)))
    expect(await names('?kind=observed')).toEqual([])
    expect(await names('?origin=claude-flow&kind=registered')).toEqual(of(() => true))
    expect(await names('?q=BUILD')).toEqual(of(({ name }) => name.includes('build')))
    expect(await names('?attention=true')).toEqual([])
    expect(await names('?attention=false&sourceId=source-of-the-test')).toEqual(of(() => true))
    const last = [...all].sort((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1))[0]?.updatedAt ?? ''
    const isLast = of(({ updatedAt }) => updatedAt === last)
    for (const spelled of [last, last.replace('Z', '%2B00:00'), Date.parse(last)])
      expect(await names(`?updatedSince=${spelled}`)).toEqual(isLast)
    const swarmId = all.find((agent) => agent.swarmId !== null)?.swarmId ?? ''
    expect(await names(`?swarmId=${encodeURIComponent(swarmId)}`)).toEqual(of((agent) => agent.swarmId === swarmId))
  })

  test('[B3] are sorted up and down, and come in pages that hold all of them once', async () => {
    const up = await names('?sort=name')
    expect(up).toEqual([...up].sort())
    expect(await names('?sort=-name')).toEqual([...up].reverse())
    const found: string[] = []
    let cursor = ''
    for (;;) {
      const page = (await ask(`agents?sort=name&limit=3${cursor}`)).json() as unknown as {
        agents: Agent[]
        next: string | null
        total: number
        count: number
      }
      expect([page.total, page.count]).toEqual([up.length, page.agents.length])
      found.push(...page.agents.map(({ name }) => name))
      if (page.next === null) break
      cursor = `&cursor=${page.next}`
    }
    expect(found).toEqual(up)
  })

  test.each([
    ['agents?status=asleep', 'status'],
    ['agents?statu=idle', 'statu'],
    ['agents?limit=0', 'limit'],
    ['agents?limit=10001', 'limit'],
    ['agents?limit=1e2', 'limit'],
    ['agents?sort=rev', 'sort'],
    ['agents?cursor=nonsense', 'cursor'],
    ['agents?updatedSince=yesterday', 'updatedSince'],
    ['tasks?updatedSince=99999999999999999', 'updatedSince'],
    ['activity?since=2026-02-30T00:00:00Z', 'since'],
    ['agents?attention=yes', 'attention'],
    ['status?verbose=1', 'verbose'],
    ['activity?cursor=1.2', 'cursor'],
    ['activity?limit=1001', 'limit'],
    ['data?include=secrets', 'include'],
  ])('%s is 400 and names what is wrong', async (path, name) => {
    const answer = await ask(path)
    expect(answer.status).toBe(400)
    expect(answer.text).toContain(name)
  })

  test('of tasks, swarms and links have filters of their own, and single ones can be had', async () => {
    const { tasks } = (await ask('tasks')).json() as unknown as { tasks: Task[] }
    expect(tasks).toHaveLength(1)
    const [task] = tasks
    expect((await ask(`tasks/${encodeURIComponent(task?.id ?? '')}`)).json().task).toEqual(task)
    expect((await ask(`tasks?assignedTo=${encodeURIComponent(task?.assignedTo[0] ?? '')}`)).json().total).toBe(1)
    expect((await ask('tasks?assignedTo=nobody')).json().total).toBe(0)
    expect((await ask('tasks?q=LOGIN&priority=high')).json().total).toBe(1)

    const { swarms } = (await ask('swarms?status=running')).json() as unknown as { swarms: { id: string }[] }
    expect(swarms).toHaveLength(1)
    expect((await ask(`swarms/${encodeURIComponent(swarms[0]?.id ?? '')}`)).json().swarm).toEqual(swarms[0])
    expect((await ask('swarms?topology=mesh')).json().total).toBe(0)

    const { links } = (await ask('links')).json() as unknown as { links: Link[] }
    const end = links[0]?.target ?? ''
    const atEnd = (await ask(`links?end=${encodeURIComponent(end)}`)).json() as unknown as { links: Link[] }
    expect(atEnd.links).toEqual(links.filter(({ source, target }) => source === end || target === end))
    expect((await ask('links?kind=message')).json().total).toBe(0)
    for (const kind of ['tasks', 'swarms']) expect((await ask(`${kind}/none`)).status).toBe(404)
  })

  test('all of it, or parts, in one answer with the whole totals', async () => {
    const whole = (await ask('data')).json() as unknown as Record<string, unknown[]>
    const part = (await ask('data?include=agents,tasks&limit=2')).json()
    expect(Object.keys(part)).toEqual(['success', 'mode', 'epoch', 'seq', 'totals', 'agents', 'tasks'])
    expect(part.agents).toEqual(whole.agents?.slice(0, 2))
    expect(part.totals).toEqual({ agents: whole.agents?.length, tasks: 1 })
    const none = (await ask('data?swarmId=none')).json()
    expect(none.totals).toEqual({ agents: 0, links: 0, tasks: 0, swarms: 0 })
  })

  describe('[B2] are not sent again', () => {
    const paths = [
      'agents',
      'agents?status=idle',
      'tasks',
      'swarms',
      'links',
      'activity',
      'data',
      'status',
      'agents/source-of-the-test%2Fqueen',
    ]
    test.each(paths)('%s: 304 without a body, until something changes', async (path) => {
      const first = await ask(path)
      const tag = first.headers.etag ?? ''
      expect(tag).toMatch(/^"[\w-]{27}"$/)
      for (const known of [tag, `W/${tag}`, `"other", ${tag}`]) {
        const again = await ask(path, { 'If-None-Match': known })
        expect([again.status, again.text, again.headers.etag]).toEqual([304, '', tag])
      }
      expect((await ask(path, { 'If-None-Match': '"other"' })).text).toBe(first.text)
      await change(({ agents: { agents } }) => {
        agents.queen = { ...agents.queen, health: ((agents.queen?.health as number) + 0.01) % 1 }
      })
      const changed = await ask(path, { 'If-None-Match': tag })
      expect(changed.status).toBe(200)
      expect(changed.headers.etag).not.toBe(tag)
    })

    test('each question has a tag of its own, and an alias the same', async () => {
      const tags = await Promise.all(paths.map(async (path) => (await ask(path)).headers.etag))
      expect(new Set(tags).size).toBe(paths.length)
      const alias = await server.ask('/api/bots/agents', { headers: VIEWER })
      expect(alias.headers.etag).toBe(tags[0])
    })

    test('nobody without a token learns whether anything changed', async () => {
      const { headers } = await ask('agents')
      const answer = await server.ask('/api/v1/bots/agents', { headers: { 'If-None-Match': headers.etag ?? '' } })
      expect(answer.status).toBe(401)
    })
  })

  describe('of what happened', () => {
    const id = 'source-of-the-test/builder-1'
    const activity = async (query = '') =>
      (await ask(`activity${query}`)).json() as unknown as {
        activity: {
          seq: number
          id: string
          what: string
          kind: string
          status: string | null
          before: string | null
          receivedAt: string
        }[]
        next: string | null
        complete: boolean
      }

    test('tell the change of a status from what to what, the latest first', async () => {
      const was = (await agents('?q=builder-1'))[0]?.status
      await change(({ agents: { agents } }) => {
        agents['builder-1'] = { ...agents['builder-1'], status: 'failed' }
      })
      await change(({ agents: { agents } }) => {
        agents['builder-1'] = { ...agents['builder-1'], status: 'busy' }
      })
      const { activity: told } = await activity(`?id=${encodeURIComponent(id)}`)
      expect(told.slice(0, 2).map(({ before, status }) => [before, status])).toEqual([
        ['error', 'busy'],
        [was, 'error'],
      ])
      expect(told.at(-1)).toMatchObject({ before: null, what: 'upserted' })
      const order = told.map(({ seq }) => seq)
      expect(order).toEqual([...order].sort((a, b) => b - a))
      // The last on a page knows what was before it as well.
      const { activity: page } = await activity(`?id=${encodeURIComponent(id)}&limit=1`)
      expect(page).toEqual(told.slice(0, 1))
    })

    test('come in pages that hold all of it once, and none twice', async () => {
      const whole = await activity('?limit=1000')
      expect(whole).toMatchObject({ next: null, complete: true })
      const found: unknown[] = []
      let cursor = ''
      for (;;) {
        const page = await activity(`?limit=7${cursor}`)
        found.push(...page.activity)
        if (page.next === null) break
        cursor = `&cursor=${page.next}`
      }
      expect(found).toEqual(whole.activity)
    })

    test('are filtered by kind, end and time', async () => {
      await change(({ agents: { agents } }) => delete agents.reader)
      const { activity: ended } = await activity('?what=retired&kind=agent')
      expect(ended[0]).toMatchObject({
        id: 'source-of-the-test/reader',
        what: 'retired',
        status: null,
        before: expect.any(String),
      })
      const { activity: kinds } = await activity('?kind=swarm,task')
      expect(new Set(kinds.map(({ kind }) => kind))).toEqual(new Set(['swarm', 'task']))
      const since = ended[0]?.receivedAt ?? ''
      const { activity: late } = await activity(`?since=${since}`)
      expect(late.length).toBeGreaterThan(0)
      for (const { receivedAt } of late) expect(receivedAt >= since).toBe(true)
    })
  })
})
