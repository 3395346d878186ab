// The table of docs/health.md against running processes: a real server, a real relay and its child are killed and stopped
// (SIGSTOP: a hang as it is), and each cell is read from what the server answers.

import { rmSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { healthTable } from '../helpers/healthTable.ts'
import { RelayClient } from '../helpers/relayClient.ts'
import { cleanup, fakeChild, temporaryFolder } from '../helpers/relayFiles.ts'
import { type Running, startRelayProcess, startServerProcess, writeRecordedProject } from '../helpers/swarmscope.ts'
import { ask, TOKENS } from '../helpers/testServer.ts'
import { until } from '../helpers/until.ts'

const SEEN_WITHIN_MS = 2_000
const ANSWERED_WITHIN_MS = 50
const DRAINED_WITHIN_MS = 10_000
const QUESTIONS = 20
const PATHS = ['/livez', '/readyz', '/api/v1/bots/health'] as const

type State = 'up' | 'down' | 'hung'
const STATES: readonly State[] = ['up', 'down', 'hung']
const TABLE = healthTable()
const rowOf = (...cell: string[]) => TABLE.find((row) => cell.every((word, at) => row[at] === word)) ?? []

/** How long each change took to be seen. */
const seen: Record<string, string | number>[] = []
afterAll(() => console.table(seen))

interface Swarm {
  port: number
  server: Running
  relay: Running
  childPid: number
  client: RelayClient
  /** While it is there, claude-flow ends as soon as it is started. */
  crashes: (is: boolean) => void
}

async function start(): Promise<Swarm> {
  const folder = temporaryFolder('health')
  const project = join(folder, 'project')
  writeRecordedProject(project)
  const broken = join(folder, 'broken')
  const { file, args } = fakeChild()
  const command = join(folder, 'claude-flow.sh')
  const words = [file, ...args].map((word) => `"${word}"`).join(' ')
  writeFileSync(command, `[ -e "${broken}" ] && exit 3\nexec ${words}\n`)
  const relay = await startRelayProcess({
    args: ['--port', '0', '--project', project, '--data-dir', join(folder, 'relay'), '--child', 'eager'],
    env: { SWARMSCOPE_RELAY_TOKEN: TOKENS.relay, CLAUDE_FLOW_COMMAND: `sh "${command}"` },
  })
  cleanup(() => relay.kill())
  const client = await RelayClient.connect(relay.url, TOKENS.relay)
  cleanup(() => client.socket.terminate())
  const facts = await client.call('facts')
  const { pid: childPid } = JSON.parse(facts.result?.content[0].text ?? '') as { pid: number }
  // A stopped one does not end by itself.
  cleanup(() => signal(childPid, 'SIGKILL'))
  const server = await startServerProcess({
    args: ['--port', '0', '--data-dir', join(folder, 'server')],
    env: {
      CLAUDE_FLOW_HOST: '127.0.0.1',
      CLAUDE_FLOW_PORT: new URL(relay.url).port,
      SWARMSCOPE_RELAY_TOKEN: TOKENS.relay,
      SWARMSCOPE_LOG_LEVEL: 'warn',
    },
  })
  cleanup(() => server.kill())
  const port = Number(new URL(server.url).port)
  await until(async () => (await healthOf(port)).status === 'healthy')
  const crashes = (is: boolean) => (is ? writeFileSync(broken, '') : rmSync(broken, { force: true }))
  return { port, server, relay, childPid, client, crashes }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

interface Health {
  status: string
  code: string | null
  mode: string
  sources: { lastError: { code: string } | null }[]
}
const healthOf = async (port: number) => (await ask(port, '/api/v1/bots/health')).json() as unknown as Health

/** The row that the server itself tells, in the table's words. */
async function tellsRow(port: number): Promise<string[]> {
  const answers = await Promise.all([ask(port, PATHS[0]), ask(port, PATHS[1]), ask(port, PATHS[2])])
  expect(
    answers.slice(0, 2).map(({ text }) => text),
    'the probes say nothing else',
  ).toEqual(['', ''])
  const { status, code, mode, sources } = JSON.parse(answers[2].text) as Health
  const sourceCode = sources[0]?.lastError?.code ?? null
  return [...answers.map((answer) => String(answer.status)), status, String(code), mode, String(sourceCode)]
}

/** From `since` on, until the server says so. */
async function isSeen(change: string, port: number, code: string | null, sinceMs: number): Promise<void> {
  await until(async () => (await healthOf(port)).code === code, 10 * SEEN_WITHIN_MS)
  const ms = Math.round(performance.now() - sinceMs)
  seen.push({ change, ms, load: loadavg()[0] ?? 0 })
  expect(ms, change).toBeLessThanOrEqual(SEEN_WITHIN_MS)
}

const codeOf = (relay: State, child: State): string | null => {
  const code = rowOf(relay, child, 'running')[7] ?? ''
  return code === 'null' ? null : code
}

async function childBecomes(state: State, swarm: Swarm): Promise<void> {
  if (state === 'up') return
  const sinceMs = performance.now()
  if (state === 'down') {
    swarm.crashes(true)
    signal(swarm.childPid, 'SIGKILL')
  } else {
    signal(swarm.childPid, 'SIGSTOP')
    // Whether it hangs is found out only while somebody waits for it.
    swarm.client.call('echo', { value: 1 }).catch(() => undefined)
  }
  await isSeen(`child ${state}`, swarm.port, codeOf('up', state), sinceMs)
}

async function relayBecomes(state: State, child: State, { relay, port }: Swarm): Promise<void> {
  if (state === 'up') return
  const sinceMs = performance.now()
  signal(relay.process.pid ?? 0, state === 'down' ? 'SIGKILL' : 'SIGSTOP')
  await isSeen(`relay ${state}, child ${child}`, port, codeOf(state, child), sinceMs)
}

/** The best of some: the machine may be busy, but who waited for the relay would be slow each time. */
async function answerMs(port: number, path: string): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let n = 0; n < QUESTIONS; n++) {
    const beganMs = performance.now()
    await ask(port, path)
    best = Math.min(best, performance.now() - beganMs)
  }
  return best
}

describe('docs/health.md', () => {
  test.each(STATES.flatMap((relay) => STATES.map((child) => [relay, child] as const)))(
    'relay %s, child %s: the server says what stands there, running and draining, at once and within 50 ms',
    async (relay, child) => {
      const swarm = await start()
      await childBecomes(child, swarm)
      await relayBecomes(relay, child, swarm)
      expect(await tellsRow(swarm.port)).toEqual(rowOf(relay, child, 'running').slice(3))
      for (const path of PATHS) expect(await answerMs(swarm.port, path), path).toBeLessThan(ANSWERED_WITHIN_MS)

      const stoppedMs = performance.now()
      swarm.server.process.kill('SIGTERM')
      await until(async () => (await ask(swarm.port, '/readyz')).status === 503, SEEN_WITHIN_MS)
      expect(await tellsRow(swarm.port)).toEqual(rowOf(relay, child, 'draining').slice(3))
      expect(await swarm.server.exited).toBe(0)
      expect(performance.now() - stoppedMs).toBeLessThan(DRAINED_WITHIN_MS)
    },
  )

  test('what is well again is seen within 2 s: a relay that goes on, a child that is started again', async () => {
    const swarm = await start()
    await childBecomes('down', swarm)
    const { port, relay } = swarm
    await relayBecomes('hung', 'down', swarm)
    let sinceMs = performance.now()
    signal(relay.process.pid ?? 0, 'SIGCONT')
    await isSeen('relay well again', port, codeOf('up', 'down'), sinceMs)
    swarm.crashes(false)
    // The relay tries it again by itself, after pauses that have begun to grow; what it says then is seen at once.
    sinceMs = performance.now()
    await until(async () => (await healthOf(port)).status === 'healthy', 10 * SEEN_WITHIN_MS)
    seen.push({
      change: 'child well again (after its pause)',
      ms: Math.round(performance.now() - sinceMs),
      load: loadavg()[0] ?? 0,
    })
  })
})
