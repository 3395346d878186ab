// A project whose Claude Code reports to a server, all of it real: the built server with its relay and claude-flow, connected
// by `connect` as its users do.

import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Agent, Link, Mode, SourceStatus } from '../../protocol/swarm.ts'
import type { Check } from '../../server/doctor/check.ts'
import { ROOT, type Running, startServerProcess, temporaryFolder } from '../helpers/swarmscope.ts'
import { until } from '../helpers/until.ts'
import { claudeCodeEnv, type RunningClaudeCode, startClaudeCode } from './claudeCode.ts'
import { commandOf } from './claudeFlowProcess.ts'
import { type FakeModel, type Script, startFakeModel } from './fakeModel.ts'

const MAIN = join(ROOT, 'dist/node/server/main.js')

export interface CommandOutcome {
  code: number
  output: string
}

export class ConnectedProject {
  readonly home: string
  readonly project: string
  readonly dataDir: string
  readonly #remove: () => void
  readonly #closers: (() => Promise<unknown>)[] = []
  #server: Running | null = null

  /** Nothing is started, and nothing connected yet. */
  constructor() {
    const { path, remove } = temporaryFolder('connected')
    this.#remove = remove
    const folder = (name: string) => join(path, name)
    this.home = folder('home')
    this.project = folder('my-app')
    this.dataDir = folder('data')
    for (const made of [this.home, this.project]) mkdirSync(made)
  }

  /** On the same port as before, if there was one. */
  async startServer(): Promise<Running> {
    const port = this.#server ? new URL(this.#server.url).port : '0'
    const place = ['--project', this.project, '--data-dir', this.dataDir]
    const args = [...place, '--port', port, '--relay-port', '0', '--claude-flow', commandOf('3.43.0')]
    const server = await startServerProcess({ args })
    this.#server = server
    this.#closers.push(() => server.stop())
    await until(async () => (await this.get<{ mode: Mode }>('health')).mode === 'live', 30_000)
    return server
  }

  get server(): Running {
    if (!this.#server) throw new Error('no server was started')
    return this.#server
  }

  async startModel(script: Script): Promise<FakeModel> {
    const model = await startFakeModel(script)
    this.#closers.push(() => model.close())
    return model
  }

  /** One of our commands: `connect`, `doctor`, … with `claude` on the PATH. */
  command(name: string, ...args: string[]): Promise<CommandOutcome> {
    const all = [MAIN, name, ...args, '--project', this.project, '--data-dir', this.dataDir]
    const env = claudeCodeEnv({ home: this.home, modelUrl: 'http://127.0.0.1:9' })
    return new Promise((resolve) => {
      execFile(process.execPath, all, { env }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr })
      })
    })
  }

  async doctor(): Promise<{ code: number; checks: Check[] }> {
    const { code, output } = await this.command('doctor', '--json', '--claude-flow', commandOf('3.43.0'))
    return { code, checks: JSON.parse(output) as Check[] }
  }

  /** `claude -p`: it does as the model says, and ends; with `DIALOG_ARGS` it waits to be spoken to. */
  claude(model: FakeModel, ...args: string[]): RunningClaudeCode & { sessionId: string } {
    const sessionId = randomUUID()
    const keepsStdin = args.includes('--input-format')
    const prompt = keepsStdin ? [] : ['Do the work']
    const all = ['-p', ...prompt, '--session-id', sessionId, '--output-format', 'stream-json', '--verbose', ...args]
    const place = { home: this.home, cwd: this.project }
    const running = startClaudeCode({ ...place, args: all, modelUrl: model.url, keepsStdin })
    this.#closers.push(async () => {
      running.process.kill('SIGKILL')
      await running.ended
    })
    return { ...running, sessionId }
  }

  async get<T>(path: string): Promise<T> {
    const { origin, hash } = new URL(this.server.url)
    const token = new URLSearchParams(hash.slice(1)).get('token')
    const response = await fetch(`${origin}/api/v1/bots/${path}`, { headers: { Authorization: `Bearer ${token}` } })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }

  allAgents = async (): Promise<Agent[]> => (await this.get<{ agents: Agent[] }>('agents?limit=500')).agents

  /** Of Claude Code alone. */
  agents = async (): Promise<Agent[]> => (await this.allAgents()).filter(({ origin }) => origin === 'claude-code')

  async untilAgents(areRight: (agents: Agent[]) => boolean, timeoutMs = 20_000): Promise<Agent[]> {
    let agents: Agent[] = []
    try {
      await until(async () => {
        agents = await this.agents()
        return areRight(agents)
      }, timeoutMs)
    } catch (error) {
      throw new Error(`not so: ${JSON.stringify(agents, null, 1)}`, { cause: error })
    }
    return agents
  }

  links = async (): Promise<Link[]> => (await this.get<{ links: Link[] }>('links?limit=500')).links

  source = async (): Promise<SourceStatus | undefined> =>
    (await this.get<{ sources: SourceStatus[] }>('health')).sources.find(({ kind }) => kind === 'claude-code')

  /** An agent's statuses as they followed each other. */
  async statusesOf({ id }: Agent): Promise<string[]> {
    const path = `activity?kind=agent&limit=500&id=${encodeURIComponent(id)}`
    const { activity } = await this.get<{ activity: { status: string; before: string | null }[] }>(path)
    return activity
      .reverse()
      .filter(({ status, before }) => status !== before)
      .map(({ status }) => status)
  }

  settings = (): string => readFileSync(this.settingsFile, 'utf8')

  get settingsFile(): string {
    return join(this.project, '.claude/settings.local.json')
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close()
    this.#remove()
  }
}
