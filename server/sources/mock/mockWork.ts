// What the agents of the demo are said to do: tools on files that do not exist, for a login page that nobody wants.

import type { Random } from './random.ts'

export interface MockTool {
  name: string
  detail: string | null
}

export const ROLES = [
  'coder',
  'coder',
  'coder',
  'tester',
  'reviewer',
  'researcher',
  'analyst',
  'architect',
  'documenter',
] as const

const TOOLS: Readonly<Record<string, readonly string[]>> = {
  coordinator: ['SendMessage', 'TaskUpdate', 'Read plan.md'],
  coder: ['Edit form.tsx', 'Write session.ts', 'Edit routes.ts', 'Bash', 'Grep'],
  tester: ['Write login.spec.ts', 'Bash', 'Read coverage.html'],
  reviewer: ['Read form.tsx', 'Read session.ts', 'Grep'],
  researcher: ['WebFetch', 'WebSearch', 'Read rfc6749.txt'],
  analyst: ['Bash', 'Read flame.svg'],
  architect: ['Read ARCHITECTURE.md', 'Write modules.md'],
  documenter: ['Edit README.md', 'Read CHANGELOG.md'],
}

const TASKS: Readonly<Record<string, readonly string[]>> = {
  coder: ['Build the login form', 'Keep the session', 'Add the API routes'],
  tester: ['Test the login', 'Find what is not covered'],
  reviewer: ['Review the login form', 'Review the session'],
  researcher: ['Find out about OAuth', 'Look for prior art'],
  analyst: ['Find out why the login is slow'],
  architect: ['Divide the modules'],
  documenter: ['Describe the login'],
}

export const QUEENS_TASK = 'Add a login page'
/** What two who do not know of each other are said to have written. */
export const SHARED_FILE = 'form.tsx'

export function pickTool(random: Random, type: string): MockTool {
  const [name = '', detail = null] = random.pick(TOOLS[type] ?? ['Read']).split(' ')
  return { name, detail }
}

export const pickTask = (random: Random, type: string): string | null => random.pick(TASKS[type] ?? [null])

export const toolText = ({ name, detail }: MockTool): string => (detail === null ? name : `${name} ${detail}`)
