// The real Claude Code of a project in git, where no server runs: it does the same as ever, and says nothing of us. A server that
// is started meanwhile sees it from then on, and what `connect` wrote goes as it came.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { until } from '../helpers/until.ts'
import { ConnectedProject } from './connectedProject.ts'
import type { Script } from './fakeModel.ts'
import { Gate } from './gate.ts'

let place: ConnectedProject
beforeEach(() => {
  place = new ConnectedProject()
})
afterEach(() => place.close())

const git = (...args: string[]): string => {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', HOME: place.home }
  return execFileSync('git', ['-C', place.project, ...args], { env, encoding: 'utf8' })
}
const TOOLS = ['--allowedTools', 'Bash'] as const
const bash = (command: string) => [
  { type: 'tool_use' as const, name: 'Bash', input: { command, description: 'Works' } },
]

/** What the model was asked, turn by turn: all that the tools' hooks could have changed. */
async function asked(): Promise<string[]> {
  const turns: string[] = []
  const script: Script = ({ prompt, results }) => {
    turns.push(JSON.stringify({ prompt, results }))
    return results.length < 2 ? bash(`echo ${results.length}`) : [{ type: 'text', text: 'Done.' }]
  }
  const { code, stderr } = await place.claude(await place.startModel(script), ...TOOLS).ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return turns
}

it('where git would keep the settings nothing is written; else they are, and go without a trace', async () => {
  git('init', '-q')
  const refused = await place.command('connect', '--mcp')
  expect(refused).toMatchObject({ code: 1 })
  expect(refused.output).toContain('.gitignore')
  expect(existsSync(join(place.project, '.claude'))).toBe(false)

  writeFileSync(join(place.project, '.gitignore'), '.claude/settings.local.json\n')
  git('add', '.gitignore')
  git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-qm', 'one')
  expect(await place.command('connect', '--mcp')).toMatchObject({ code: 0 })
  expect(git('status', '--porcelain')).toBe('')
  const claudeFile = join(place.home, '.claude.json')
  const servers = () => (existsSync(claudeFile) ? readFileSync(claudeFile, 'utf8') : '')
  expect(servers()).toContain('/mcp"')
  expect(await place.command('connect', '--mcp', '--remove')).toMatchObject({ code: 0 })
  expect(existsSync(join(place.project, '.claude'))).toBe(false)
  expect(servers()).not.toContain('/mcp"')
})

it('without a server a session does the same as without hooks; one that is started meanwhile sees it from then on', async () => {
  const before = await asked()
  const server = await place.startServer()
  expect(await place.command('connect')).toMatchObject({ code: 0 })
  await server.stop()
  expect((await place.doctor()).code).toBe(2)
  expect(await asked()).toEqual(before)

  const gate = new Gate()
  const model = await place.startModel(({ results }) =>
    results.length === 0 ? bash('echo 0') : gate.passed(bash('sleep 60')),
  )
  const running = place.claude(model, ...TOOLS)
  await until(() => model.handedOut.length === 2, 30_000)
  await place.startServer()
  gate.open()
  await place.untilAgents(([agent]) => agent?.activity === 'Bash')
  running.process.kill('SIGKILL')
  await place.untilAgents(([agent]) => agent?.status === 'offline' && agent.endedReason === 'process gone')
})
