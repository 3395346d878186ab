// `npm start -- backup FILE`: a copy of this project's event log, while its server runs or not.

import { resolve } from 'node:path'
import { Command } from 'commander'
import { eventLogFileOf, type Options, placeOf } from '../config.ts'

export function backupCommand(): Command {
  return new Command('backup')
    .description("copies this project's event log to a file; put in its place, it is what a server starts with")
    .argument('<file>', 'must not exist yet')
    .action(async (file: string, _options, command: Command) => {
      const { backUp } = await import('../log/backup.ts')
      const target = resolve(process.env.INIT_CWD ?? process.cwd(), file)
      backUp(eventLogFileOf(placeOf(command.optsWithGlobals<Options>())), target)
      process.stdout.write(`Backed up to ${target}\n`)
    })
}
