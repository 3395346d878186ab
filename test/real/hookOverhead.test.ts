// What a tool call of the real Claude Code pays for being seen. Printed, for the README; held to bounds that a loaded machine
// keeps, too.

import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { HOOKS_PATH } from '../../server/ingest/paths.ts'
import { ConnectedProject } from './connectedProject.ts'

const CALLS = 25
const ROUNDS = 2
/** The first ones pay for what is loaded then. */
const WARM_UP = 5
/** Each takes two seconds. */
const CALLS_THAT_HANG = 3
/** A second is what a hook may take: a call that pays less waits for none that hangs. */
const MAX_EXTRA_MS = 1_000
const TIMEOUT_MS = 10 * 60_000

interface Settings {
  hooks: Record<string, unknown>
  env: Record<string, string>
}

let place: ConnectedProject
const closers: (() => unknown)[] = []
beforeEach(() => {
  place = new ConnectedProject()
})
afterEach(async () => {
  for (const close of closers.splice(0)) close()
  await place.close()
})

/** A port of its own: nobody listens there, or somebody who never answers. */
async function otherPlace(who: 'nobody' | 'somebody silent'): Promise<string> {
  const silent = createServer()
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as AddressInfo
  if (who === 'nobody') await new Promise((resolve) => silent.close(resolve))
  else closers.push(() => silent.close())
  return `http://localhost:${port}`
}

/** From the model's answer, which calls a tool, to the question that brings its result: ms, one for each call. */
async function callTimes(settings: string, calls = CALLS): Promise<{ times: number[]; stderr: string }> {
  writeFileSync(place.settingsFile, settings)
  const file = join(place.project, 'small.txt')
  writeFileSync(file, 'small')
  const times: number[] = []
  let answeredAt = 0
  const model = await place.startModel(({ results }) => {
    if (results.length > WARM_UP) times.push(performance.now() - answeredAt)
    const isOver = results.length >= calls + WARM_UP
    answeredAt = performance.now()
    if (isOver) return [{ type: 'text', text: 'Done.' }]
    // What was read before is not read again.
    const input = { file_path: file, offset: 1, limit: results.length + 1 }
    return [{ type: 'tool_use', name: 'Read', input }]
  })
  const { code, stderr } = await place.claude(model, '--allowedTools', 'Read').ended
  expect(code).toBe(0)
  expect(times).toHaveLength(calls)
  return { times, stderr }
}

const at = (times: readonly number[], share: number): number =>
  [...times].sort((a, b) => a - b)[Math.floor(times.length * share)] ?? 0
const tenth = (value: number): number => Math.round(value * 10) / 10

/** The same hooks in other forms. */
function formsOf({ hooks, env }: Settings, url: string) {
  const ofAll = (hook: object): Settings => ({
    hooks: Object.fromEntries(Object.keys(hooks).map((event) => [event, [{ hooks: [hook] }]])),
    env,
  })
  const headers = { Authorization: 'Bearer $SWARMSCOPE_INGEST_TOKEN' }
  const allowedEnvVars = ['SWARMSCOPE_INGEST_TOKEN']
  const waitedFor = JSON.parse(JSON.stringify({ hooks, env }).replaceAll('"async":true', '"async":false')) as Settings
  return {
    http: ofAll({ type: 'http', url: `${url}${HOOKS_PATH}`, timeout: 1, headers, allowedEnvVars }),
    waitedFor,
  }
}

it(
  'a tool call waits for none of its hooks, and nothing is said of them, whether a server runs, none does, or one hangs',
  async () => {
    const server = await place.startServer()
    expect(await place.command('connect')).toMatchObject({ code: 0 })
    const url = `http://localhost:${new URL(server.url).port}`
    const [nobody, silent] = [await otherPlace('nobody'), await otherPlace('somebody silent')]
    const ours = JSON.parse(place.settings()) as Settings
    const { http, waitedFor } = formsOf(ours, url)
    const sentTo = (to: string, settings: Settings) => JSON.stringify(settings).replaceAll(url, to)
    const ways = {
      'without hooks and telemetry': '{}',
      'as connect writes it': sentTo(url, ours),
      'as connect writes it, no server': sentTo(nobody, ours),
      'as connect writes it, a server that hangs': sentTo(silent, ours),
      'http hooks': sentTo(url, http),
      'http hooks, no server': sentTo(nobody, http),
      'commands that are waited for': sentTo(url, waitedFor),
    }
    type Way = keyof typeof ways
    const times: Partial<Record<Way | 'http hooks, a server that hangs', number[]>> = {}
    // In turns: what else the machine does hits all of them alike.
    for (let round = 0; round < ROUNDS; round++) {
      for (const [way, settings] of Object.entries(ways) as [Way, string][]) {
        const measured = await callTimes(settings)
        times[way] = [...(times[way] ?? []), ...measured.times]
        if (!way.startsWith('http')) expect(measured.stderr).toBe('')
      }
    }
    times['http hooks, a server that hangs'] = (await callTimes(sentTo(silent, http), CALLS_THAT_HANG)).times
    const bare = times['without hooks and telemetry'] ?? []
    for (const [way, all] of Object.entries(times)) {
      const [p50, p10] = [0.5, 0.1].map((share) => at(all, share) - at(bare, share)) as [number, number]
      console.log(
        JSON.stringify({ name: `extra of a tool call, ${way}`, p50: tenth(p50), p10: tenth(p10), unit: 'ms' }),
      )
      if (way.startsWith('as connect')) expect(p50).toBeLessThan(MAX_EXTRA_MS)
    }
    console.log(
      JSON.stringify({ name: 'a tool call', p50: tenth(at(bare, 0.5)), p10: tenth(at(bare, 0.1)), unit: 'ms' }),
    )
  },
  TIMEOUT_MS,
)
