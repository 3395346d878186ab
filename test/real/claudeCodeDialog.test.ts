// The real Claude Code that asks somebody: who waits for a person is shown while it waits. And when it is killed, that is shown.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Agent } from '../../protocol/swarm.ts'
import { ClaudeCodeDialog, DIALOG_ARGS } from './claudeCodeDialog.ts'
import { ConnectedProject } from './connectedProject.ts'

let place: ConnectedProject
beforeEach(() => {
  place = new ConnectedProject()
})
afterEach(() => place.close())

const isMain = ({ parentId }: Agent): boolean => parentId === null
const untilAsked = async (reason: string, isAsking: (agent: Agent) => boolean): Promise<void> => {
  const agents = await place.untilAgents((found) => found.some(({ attention }) => attention !== null))
  const asking = agents.filter(({ attention }) => attention !== null)
  expect(asking.map(({ attention }) => attention?.reason)).toEqual([reason])
  expect(asking.every(isAsking)).toBe(true)
}
const untilNobodyAsks = () => place.untilAgents((found) => found.every(({ attention }) => attention === null))

it('shows who waits for a person until that is answered, and that a killed session is gone', async () => {
  const file = join(place.project, 'go')
  // Two minutes at most: should the test die first, nobody is left to end it.
  const waits = `for _ in $(seq 1200); do [ -f ${file} ] && break; sleep 0.1; done`
  const question = {
    question: 'Which one?',
    header: 'Choice',
    multiSelect: false,
    options: ['This', 'That'].map((label) => ({ label, description: label })),
  }
  const call = (name: string, input: object) => [{ type: 'tool_use' as const, name, input }]
  const model = await place.startModel(({ prompt, results }) => {
    if (!prompt.includes('PART')) {
      if (results.length === 0) {
        return call('Agent', { description: 'Do a part', prompt: 'PART: go', subagent_type: 'general-purpose' })
      }
      if (results.length === 1) return call('AskUserQuestion', { questions: [question] })
      return call('Bash', { command: 'sleep 60', description: 'Sleeps' })
    }
    if (results.length === 0) return call('Bash', { command: `${waits}; touch asked`, description: 'Waits' })
    if (results.length === 1) return call('Bash', { command: 'touch denied', description: 'Is denied' })
    return [{ type: 'text', text: 'Part done.' }]
  })
  await place.startServer()
  expect(await place.command('connect')).toMatchObject({ code: 0 })
  const running = place.claude(model, ...DIALOG_ARGS)
  const dialog = new ClaudeCodeDialog(running)
  dialog.prompt('Do the work')

  // A subagent asks; what it asked for then runs, and it waits for nobody any more.
  const first = await dialog.ask()
  await untilAsked('permission: Bash', (agent) => !isMain(agent))
  dialog.allow(first)
  const working = await untilNobodyAsks()
  expect(working.find((agent) => !isMain(agent))).toMatchObject({ status: 'busy', activity: 'Bash' })
  writeFileSync(file, '')

  const second = await dialog.ask()
  await untilAsked('permission: Bash', (agent) => !isMain(agent))
  dialog.deny(second)
  await place.untilAgents((found) => found.some((agent) => !isMain(agent) && agent.status === 'offline'))

  const third = await dialog.ask()
  expect(third.tool).toBe('AskUserQuestion')
  await untilAsked('question', isMain)
  dialog.allow({ ...third, input: { ...third.input, answers: { 'Which one?': 'This' } } })
  await untilNobodyAsks()

  // What only sleeps is not asked for.
  await place.untilAgents((found) => found.some((agent) => isMain(agent) && agent.activity === 'Bash'))
  running.process.kill('SIGKILL')
  const agents = await place.untilAgents((found) => found.every(({ status }) => status === 'offline'))
  expect(agents.find(isMain)).toMatchObject({ endedReason: 'process gone', openTools: [], attention: null })
})
