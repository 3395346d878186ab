// The whole road with the real claude-flow, from its own process to the page.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Agent, Mode, SourceStatus } from '../../protocol/swarm.ts'
import { launchBrowser } from '../helpers/browser.ts'
import { openPage, pageStats } from '../helpers/page.ts'
import { RelayClient } from '../helpers/relayClient.ts'
import { type Running, startServerProcess, temporaryFolder } from '../helpers/swarmscope.ts'
import { until } from '../helpers/until.ts'
import { ClaudeFlowProcess, commandOf, type RealVersion } from './claudeFlowProcess.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())

let project: string
let dataDir: string
const cleanUps: (() => unknown)[] = []
const temporary = (name: string): string => {
  const { path, remove } = temporaryFolder(name)
  cleanUps.push(remove)
  return path
}
beforeEach(() => {
  project = temporary('project')
  dataDir = temporary('data')
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** The server with its relay, as `npm start` has them, on an empty project. */
class Swarmscope {
  readonly #running: Running
  readonly #origin: string
  readonly #token: string

  private constructor(running: Running) {
    this.#running = running
    const url = new URL(running.url)
    this.#origin = url.origin
    this.#token = new URLSearchParams(url.hash.slice(1)).get('token') ?? ''
  }

  static async start(version: RealVersion): Promise<Swarmscope> {
    const running = await startServerProcess({
      args: [
        '--project',
        project,
        '--data-dir',
        dataDir,
        '--port',
        '0',
        '--relay-port',
        '0',
        '--claude-flow',
        commandOf(version),
      ],
    })
    cleanUps.push(() => running.stop())
    return new Swarmscope(running)
  }

  get link(): string {
    return this.#running.url
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#origin}/api/v1/bots/${path}`, { headers: this.#headers })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }

  async post(path: string, body: object): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.#origin}/api/v1/bots/${path}`, {
      method: 'POST',
      headers: { ...this.#headers, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (await response.json()) as Record<string, unknown>
  }

  agents = () => this.get<{ mode: Mode; count: number; agents: Agent[] }>('agents')

  /** Looks until the API's agents are as they should be. */
  async untilAgents(areRight: (agents: Agent[]) => boolean): Promise<Agent[]> {
    let agents: Agent[] = []
    await until(async () => {
      const answer = await this.agents()
      agents = answer.mode === 'live' ? answer.agents : []
      return areRight(agents)
    }, 20_000)
    return agents
  }

  /** The one relay's address; the server's own token for it stands in the data dir. */
  async relayUrl(): Promise<string> {
    const { sources } = await this.get<{ sources: SourceStatus[] }>('health')
    const url = sources.find((source) => source.kind === 'claude-flow')?.url
    if (!url) throw new Error(`no relay among ${JSON.stringify(sources)}`)
    return url
  }

  get #headers() {
    return { Authorization: `Bearer ${this.#token}` }
  }
}

const namesOf = (agents: readonly Agent[]) => agents.map(({ name }) => name).sort()
const named = (agents: readonly Agent[], name: string) => agents.find((agent) => agent.name === name)

/** How many tool calls claude-flow 3 has receipts of. */
function receipts(): number {
  const path = join(project, '.claude-flow/policy/state.json')
  if (!existsSync(path)) return 0
  return (JSON.parse(readFileSync(path, 'utf8')) as { receipts: unknown[] }).receipts.length
}

/** The page shows these agents in its list, and draws as many. */
async function expectOnPage(swarmscope: Swarmscope, names: readonly string[]): Promise<void> {
  const page = await openPage(browser, swarmscope.link)
  try {
    for (const name of names) await page.locator('[data-testid=agent-row]').filter({ hasText: name }).waitFor()
    expect(await pageStats(page)).toMatchObject({ mode: 'live', agents: names.length })
    await page.waitForFunction(() => globalThis.swarmscope.stats().drawCalls > 0)
    expect(await page.getByText('MOCK').count()).toBe(0)
  } finally {
    await page.context().close()
  }
}

describe('claude-flow 3.43.0', () => {
  it('is seen through its files, whoever spawns, and watching it costs no tool call', async () => {
    const swarmscope = await Swarmscope.start('3.43.0')
    const other = await ClaudeFlowProcess.start('3.43.0', project)
    cleanUps.push(() => other.end())

    await other.call('swarm_init', { topology: 'hierarchical', maxAgents: 8 })
    await other.call('agent_spawn', { agentType: 'hierarchical-coordinator', agentId: 'queen' })
    await other.call('agent_spawn', { agentType: 'coder', agentId: 'builder' })
    await other.call('agent_spawn', { agentType: 'tester', agentId: 'checker' })
    const agents = await swarmscope.untilAgents(({ length }) => length === 3)
    expect(namesOf(agents)).toEqual(['builder', 'checker', 'queen'])
    expect(named(agents, 'queen')).toMatchObject({
      origin: 'claude-flow',
      kind: 'registered',
      mock: false,
      status: 'idle',
      health: 1,
      tokens: null,
      costUsd: null,
      cpuUsage: null,
      memoryBytes: null,
    })

    const { taskId } = await other.call('task_create', { type: 'feature', description: 'Add a login page' })
    await other.call('task_assign', { taskId, agentIds: ['builder'] })
    await other.call('agent_update', { agentId: 'checker', status: 'busy' })
    await swarmscope.untilAgents(
      (list) => named(list, 'builder')?.status === 'active' && named(list, 'checker')?.status === 'busy',
    )
    await expectOnPage(swarmscope, ['queen', 'builder', 'checker'])

    await other.call('agent_terminate', { agentId: 'checker' })
    await swarmscope.untilAgents((list) => {
      const gone = named(list, 'checker')
      return !gone || gone.status === 'offline'
    })
    // A second and more of watching an idle swarm: the safety net has looked at the files, too.
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    expect(receipts()).toBe(other.calls)
  })

  it('takes commands from the API, and their effect comes back as agents', async () => {
    const swarmscope = await Swarmscope.start('3.43.0')
    await until(async () => (await swarmscope.agents()).mode === 'live', 20_000)
    const swarm = await swarmscope.post('initialize-swarm', { topology: 'mesh', agentTypes: ['coder', 'tester'] })
    expect(swarm).toMatchObject({ success: true })
    expect(await swarmscope.post('spawn-agent-hybrid', { agentType: 'researcher' })).toMatchObject({ success: true })
    const agents = await swarmscope.untilAgents(({ length }) => length === 3)
    expect(agents.map(({ type }) => type).sort()).toEqual(['coder', 'researcher', 'tester'])
    // One swarm_init and three agent_spawn: commands alone leave receipts.
    expect(receipts()).toBe(4)
  })
})

describe('claude-flow 2.7.47', () => {
  it('is seen through the relay, and what it invents is not shown', async () => {
    const swarmscope = await Swarmscope.start('2.7.47')
    // With nothing behind it, its agent_list would invent three agents.
    await until(async () => (await swarmscope.agents()).mode === 'live', 20_000)
    expect((await swarmscope.agents()).agents).toEqual([])

    const client = await RelayClient.connect(
      await swarmscope.relayUrl(),
      readFileSync(join(dataDir, 'relay.token'), 'utf8').trim(),
    )
    cleanUps.push(() => client.close())
    await client.request('initialize', {
      protocolVersion: '2024-11-05',
      capabilities: {},
      clientInfo: { name: 'test', version: '0' },
    })
    const { swarmId } = await client.ask('swarm_init', { topology: 'hierarchical', maxAgents: 8, strategy: 'adaptive' })
    await client.ask('agent_spawn', { type: 'coordinator', name: 'Queen', swarmId })
    await client.ask('agent_spawn', { type: 'coder', name: 'Builder', swarmId })
    const agents = await swarmscope.untilAgents(({ length }) => length === 2)
    expect(namesOf(agents)).toEqual(['Builder', 'Queen'])
    expect(named(agents, 'Queen')).toMatchObject({
      origin: 'claude-flow',
      kind: 'registered',
      mock: false,
      type: 'coordinator',
    })
    await expectOnPage(swarmscope, ['Queen', 'Builder'])
  })
})
