// Each command of the bots API against the real claude-flow, of both generations: what it did is seen as everything else
// is, by the events that follow.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Agent, Swarm, Task } from '../../protocol/swarm.ts'
import { expectDescribed } from '../helpers/describedApi.ts'
import { startServerProcess, temporaryFolder } from '../helpers/swarmscope.ts'
import { until } from '../helpers/until.ts'
import { commandOf, type RealVersion } from './claudeFlowProcess.ts'

const cleanUps: (() => unknown)[] = []
const temporary = (name: string): string => {
  const { path, remove } = temporaryFolder(name)
  cleanUps.push(remove)
  return path
}
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

type Json = Record<string, unknown>

/** The server with its relay, as `npm start` has them, on an empty project; each answer is held against its description. */
class Api {
  readonly #origin: string
  readonly #token: string

  private constructor(url: URL) {
    this.#origin = url.origin
    this.#token = new URLSearchParams(url.hash.slice(1)).get('token') ?? ''
  }

  static async start(version: RealVersion): Promise<Api> {
    const given = [
      '--project',
      temporary('project'),
      '--data-dir',
      temporary('data'),
      '--claude-flow',
      commandOf(version),
    ]
    const running = await startServerProcess({ args: [...given, '--port', '0', '--relay-port', '0'] })
    cleanUps.push(() => running.stop())
    const api = new Api(new URL(running.url))
    await until(async () => (await api.get('agents')).mode === 'live', 30_000)
    return api
  }

  get = async (path: string) => (await this.ask('GET', path)).body

  async ask(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
    const route = `/api/v1/bots/${path}`
    const response = await fetch(this.#origin + route, {
      method,
      headers: {
        Authorization: `Bearer ${this.#token}`,
        ...(body ? { 'Content-Type': 'application/json' } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await response.text()
    expectDescribed(method, route, { status: response.status, headers: Object.fromEntries(response.headers), text })
    return { status: response.status, body: JSON.parse(text) as Json }
  }

  async done(method: string, path: string, body?: object): Promise<Json> {
    const answer = await this.ask(method, path, body)
    expect(answer, `${method} ${path}`).toMatchObject({ status: 200, body: { success: true, mode: 'live' } })
    return answer.body
  }

  agent = async (nativeId: unknown) =>
    ((await this.get('agents')).agents as Agent[]).find((agent) => agent.nativeId === nativeId)
  task = async (nativeId: unknown) =>
    ((await this.get('tasks')).tasks as Task[]).find((task) => task.nativeId === nativeId)
  swarm = async (nativeId: unknown) =>
    ((await this.get('swarms')).swarms as Swarm[]).find((swarm) => swarm.nativeId === nativeId)
}

const seen = (condition: () => Promise<boolean>) => until(condition, 20_000)

describe('claude-flow 3.43.0', () => {
  let api: Api
  beforeEach(async () => {
    api = await Api.start('3.43.0')
  })

  it('does every command, and the effect of each is seen', async () => {
    const { swarmId } = await api.done('POST', 'swarms', { topology: 'mesh', maxAgents: 6, strategy: 'balanced' })
    await seen(async () => (await api.swarm(swarmId))?.status === 'running')
    expect(await api.swarm(swarmId)).toMatchObject({ topology: 'mesh', maxAgents: 6, strategy: 'balanced' })

    const spawned = await api.done('POST', 'agents', { agentType: 'coder', name: 'builder' })
    expect(spawned.agentId).toBe('builder')
    await seen(async () => (await api.agent('builder'))?.status === 'idle')
    const builder = (await api.agent('builder'))?.id ?? ''
    expect((await api.agent('builder'))?.swarmId).toBe((await api.swarm(swarmId))?.id)

    const { taskId } = await api.done('POST', 'tasks', { description: 'Add a login page', priority: 'high' })
    await seen(async () => (await api.task(taskId))?.status === 'pending')
    const task = (await api.task(taskId))?.id ?? ''

    // By the API's own ids.
    await api.done('POST', `tasks/${encodeURIComponent(task)}/assign`, { agentIds: [builder] })
    await seen(async () => (await api.task(taskId))?.assignedTo.includes(builder) === true)
    await seen(async () => (await api.agent('builder'))?.status === 'active')

    await api.done('POST', 'update', { taskId: task, progress: 0.5 })
    await seen(async () => (await api.task(taskId))?.progress === 0.5)
    await api.done('POST', 'update', { agentId: builder, status: 'busy', health: 0.5 })
    await seen(async () => (await api.agent('builder'))?.status === 'busy')
    expect((await api.agent('builder'))?.health).toBe(0.5)

    await api.done('DELETE', `tasks/${encodeURIComponent(task)}`)
    await seen(async () => (await api.task(taskId))?.status === 'cancelled')
    await api.done('DELETE', `agents/${encodeURIComponent(builder)}`)
    await seen(async () => ['offline', undefined].includes((await api.agent('builder'))?.status))

    const { activity } = await api.get(`activity?kind=agent&id=${encodeURIComponent(builder)}`)
    const statuses = (activity as { status: string; before: string }[])
      .reverse()
      .filter((it) => it.status !== it.before)
    expect(statuses.map(({ status }) => status).slice(0, 3)).toEqual(['idle', 'active', 'busy'])
  })

  it("does the original's commands too", async () => {
    const { swarmId, agents } = await api.done('POST', 'initialize-swarm', {
      topology: 'hierarchical',
      maxAgents: 8,
      strategy: 'adaptive',
      enableNeural: true,
      agentTypes: ['coordinator', 'coder'],
      customPrompt: 'Build a shop',
    })
    expect(agents).toMatchObject([
      { type: 'coordinator', success: true },
      { type: 'coder', success: true },
    ])
    await seen(async () => (await api.swarm(swarmId))?.agentIds.length === 2)
    const { agentId } = await api.done('POST', 'spawn-agent-hybrid', { agentType: 'tester' })
    await seen(async () => (await api.agent(agentId))?.type === 'tester')
    const { taskId } = await api.done('POST', 'tasks', { description: 'Test it', assignTo: [agentId] })
    await seen(async () => (await api.task(taskId)) !== undefined)
    await api.done('DELETE', `remove-task/${taskId}`)
    await seen(async () => (await api.task(taskId))?.status === 'cancelled')
  })

  it('is asked once for one idempotency key', async () => {
    const once = () => api.ask('POST', 'agents', { agentType: 'coder' }, { 'Idempotency-Key': 'one' })
    const answers = await Promise.all([once(), once(), once()])
    expect(new Set(answers.map(({ body }) => body.agentId)).size).toBe(1)
    await seen(async () => ((await api.get('agents')).total as number) > 0)
    expect((await api.get('agents')).total).toBe(1)
  })

  it('refuses what is not there, and what is not lawful, in its own words', async () => {
    expect((await api.ask('DELETE', 'agents/nobody')).body).toMatchObject({ code: 'NOT_FOUND' })
    expect((await api.ask('DELETE', 'tasks/none')).body).toMatchObject({ code: 'NOT_FOUND' })
    expect((await api.ask('POST', 'tasks/none/assign', { agentIds: ['a'] })).body).toMatchObject({ code: 'NOT_FOUND' })
    const torus = await api.ask('POST', 'swarms', { topology: 'torus' })
    expect(torus.body).toMatchObject({ code: 'TOOL_FAILED', details: { suggestion: expect.stringContaining('torus') } })
  })
})

describe('claude-flow 2.7.47', () => {
  it('does what it can, and what it would only say yes to is NOT_SUPPORTED_BY_CLAUDE_FLOW', async () => {
    const api = await Api.start('2.7.47')
    const refused = { success: false, code: 'NOT_SUPPORTED_BY_CLAUDE_FLOW' }
    // Before there is a swarm it would keep the task nowhere, and say `persisted: true`.
    expect((await api.ask('POST', 'tasks', { description: 'Add a login page' })).body).toMatchObject(refused)

    const { swarmId, agents } = await api.done('POST', 'initialize-swarm', { agentTypes: ['coordinator', 'coder'] })
    expect(agents).toMatchObject([{ success: true }, { success: true }])
    const { agentId } = await api.done('POST', 'agents', { agentType: 'tester', name: 'Checker', swarmId })
    await seen(async () => (await api.agent(agentId)) !== undefined)
    expect(await api.agent(agentId)).toMatchObject({ name: 'Checker', type: 'tester', mock: false, kind: 'registered' })
    await seen(async () => (await api.get('agents')).total === 3)

    const { taskId } = await api.done('POST', 'tasks', { description: 'Add a login page', priority: 'normal' })
    expect(taskId).toMatch(/^task_/)
    for (const [method, path, body] of [
      ['DELETE', `agents/${agentId}`],
      ['DELETE', `tasks/${taskId}`],
      ['DELETE', `remove-task/${taskId}`],
      ['POST', `tasks/${taskId}/assign`, { agentIds: [agentId] }],
      ['POST', 'tasks', { description: 'Test it', assignTo: [agentId] }],
      ['POST', 'update', { agentId, status: 'busy' }],
      ['POST', 'update', { taskId, progress: 0.5 }],
    ] as [string, string, object?][]) {
      expect(await api.ask(method, path, body), `${method} ${path}`).toMatchObject({ status: 501, body: refused })
    }
    expect((await api.get('agents')).total).toBe(3)
  })
})
