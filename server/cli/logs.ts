// `npm start -- logs`: the last lines of the log of this project's server, and with -f those that come.

import { Command, InvalidArgumentError, Option } from 'commander'
import { prettyFactory } from 'pino-pretty'
import { followFile, lastLines } from '../../platform/followFile.ts'
import {
  allRunning,
  isMadeUp,
  logFileOf,
  type Options,
  type Place,
  placeOf,
  relayLogFileOf,
  runFileOf,
} from '../config.ts'
import { runningAt } from '../runFile.ts'
import { commandLine } from './commandLine.ts'

const DEFAULT_LINES = 50
const MAX_LINES = 100_000

interface LogsOptions {
  follow: boolean
  lines: number
  relay: boolean
  json: boolean
  pretty: boolean
}

export function logsCommand(): Command {
  return new Command('logs')
    .description("prints the last lines of the log of this project's server: on a terminal as text, else as JSON")
    .option('-f, --follow', 'and then each new line, until Ctrl-C', false)
    .option('-n, --lines <n>', 'how many', lineCount, DEFAULT_LINES)
    .option('--relay', 'the log of the relay that is started beside it', false)
    .addOption(new Option('--json', 'as JSON, on a terminal too: a line as it stands in the file').default(false))
    .addOption(
      new Option('--pretty', 'as text, into a pipe or a file too, there without colours')
        .default(false)
        .conflicts('json'),
    )
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Options & LogsOptions>()
      const place = placeOf(options)
      const start = commandLine(place.given, null)
      const missing = options.relay ? 'no relay was started' : 'nothing was started'
      const hint = `${missing} for this project and data dir. Start it: ${start}`
      await printLog(options.relay ? relayLogFileOf(place) : logFileFor(place), hint, options)
    })
}

/** Of the real server; of a demo or a replay where only that runs, or where it was named (`logs --demo`). */
function logFileFor(place: Place): string {
  if (isMadeUp(place.world)) return logFileOf(place)
  const running = allRunning(place).find((each) => runningAt(runFileOf(each)) !== null)
  return logFileOf(running ?? place)
}

function lineCount(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > MAX_LINES) {
    throw new InvalidArgumentError(`The number of lines is a whole number from 0 to ${MAX_LINES}.`)
  }
  return value
}

/** `hint`: why there may be none. */
async function printLog(
  file: string,
  hint: string,
  { follow, lines, json, pretty: isText }: LogsOptions,
): Promise<void> {
  const { stdout, stderr } = process
  const pretty = prettyFactory({
    colorize: stdout.isTTY === true,
    ignore: 'pid,hostname,name',
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss',
  })
  const print = (line: string) => stdout.write(isText || (stdout.isTTY && !json) ? pretty(line) : `${line}\n`)
  if (!follow) {
    try {
      for (const line of await lastLines(file, lines)) print(line)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      throw new Error(`there is no log yet (${file}): ${hint}`)
    }
    return
  }
  await new Promise<void>((resolve, reject) => {
    const stop = followFile(file, { lines, onLine: print, onError: reject })
    const end = () => {
      stop()
      resolve()
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end)
    // Whoever reads has seen enough (`| head`).
    stdout.on('error', end)
    stderr.write(`following ${file}\n`)
  })
}
