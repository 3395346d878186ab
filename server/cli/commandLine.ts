// Commands of ours in what a user is told, as this very user has to type them: with the folders, ports and the like that were
// given. One place for all of them, so that none is told without.

import { basename } from 'node:path'
import type { Option } from 'commander'
import { shellWord } from '../../platform/shellWord.ts'
import type { PageCommands } from '../../protocol/viewerWire.ts'
import { type Config, createCommand, type Given, type Options } from '../config.ts'

/** Which data, and whose. */
const PLACE = ['project', 'dataDir', 'demo', 'replay'] as const
/** Where a server is looked for that does not run yet. */
const ADDRESS = ['host', 'port', 'plainPort', 'tls', 'tlsCert', 'tlsKey'] as const
/** What each command beside the server goes by; a start takes all that was given. */
const CONCERNS = {
  status: PLACE,
  logs: PLACE,
  backup: PLACE,
  connect: [...PLACE, ...ADDRESS, 'relayPort'],
  doctor: [...PLACE, ...ADDRESS, 'relayPort', 'claudeFlow'],
} as const satisfies Record<string, readonly (keyof Options)[]>
export type Beside = keyof typeof CONCERNS

/** `null`: the start of a server. */
export function commandLine(given: Given, command: Beside | null, ...more: readonly string[]): string {
  const concerns: ReadonlySet<string> | null = command && new Set(CONCERNS[command])
  const options = createCommand().options.filter((option) => concerns?.has(option.attributeName()) ?? true)
  const words = [...(command ? [command] : []), ...options.flatMap((option) => wordsOf(option, given)), ...more]
  // As it was started: by npm from its folder, or as an installed program.
  const program = basename(process.argv[1] ?? '') === 'swarmscope' ? ['swarmscope'] : ['npm', 'start']
  return [...program, ...(program.length > 1 && words.length > 0 ? ['--'] : []), ...words].map(shellWord).join(' ')
}

/** For the page: nobody knows in which folder they are typed. */
export function pageCommands({ project, given }: Pick<Config, 'project' | 'given'>): PageCommands {
  const place = { project, ...(given.dataDir === undefined ? {} : { dataDir: given.dataDir }) }
  return { connect: commandLine(place, 'connect'), doctor: commandLine(place, 'doctor') }
}

function wordsOf(option: Option, given: Given): string[] {
  const value: unknown = given[option.attributeName() as keyof Options]
  const { long: flag = '', negate, defaultValue } = option
  if (flag === null || value === undefined || value === defaultValue) return []
  if (negate) return value === false ? [flag] : []
  if (typeof value === 'boolean') return value ? [flag] : []
  return (Array.isArray(value) ? value : [value]).flatMap((each) => [flag, String(each)])
}
