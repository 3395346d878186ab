// `npm start -- doctor`: checks each link of the road from claude-flow and Claude Code to the page, and says what to do.

import { Command } from 'commander'
import { type Options, placeOf } from '../config.ts'
import type { Check, CheckState } from '../doctor/check.ts'
import { print } from './print.ts'

const MARKS: Readonly<Record<CheckState, string>> = { ok: '✔', warning: '!', broken: '✘', skipped: '–' }
const EXIT_CODES: Readonly<Record<CheckState, number>> = { ok: 0, skipped: 0, warning: 1, broken: 2 }

export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'checks each link of the road, and says what to do; exit code 0: all well, 1: with warnings, 2: broken',
    )
    .option('--json', 'as JSON', false)
    .action(async (_options, command: Command) => {
      const { diagnose } = await import('../doctor/doctor.ts')
      const options = command.optsWithGlobals<Options & { json: boolean }>()
      const checks = await diagnose(placeOf(options), options)
      print(options.json ? `${JSON.stringify(checks, null, 2)}\n` : doctorText(checks))
      process.exitCode = Math.max(...checks.map(({ state }) => EXIT_CODES[state]))
    })
}

export function doctorText(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length)) + 2
  // What a file or another program says is foreign text: it may move no cursor.
  const plain = (text: string) => text.replace(/[\p{Cc}\p{Cf}]/gu, '·')
  return checks
    .flatMap(({ name, state, found, fix }) => [
      `${MARKS[state]} ${name.padEnd(width)}${plain(found)}`,
      ...(fix === null ? [] : [`  ${' '.repeat(width)}→ ${plain(fix)}`]),
    ])
    .map((line) => `${line}\n`)
    .join('')
}
