// `npm start -- logs`: the last lines of the log of this project's server, and with -f those that come.

import { Command, InvalidArgumentError } from 'commander'
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

const DEFAULT_LINES = 50
const MAX_LINES = 100_000

interface LogsOptions {
  follow: boolean
  lines: number
  relay: boolean
  json: boolean
}

export function logsCommand(): Command {
  return new Command('logs')
    .description("prints the last lines of the log of this project's server")
    .option('-f, --follow', 'and then each new line, until Ctrl-C', false)
    .option('-n, --lines <n>', 'how many', lineCount, DEFAULT_LINES)
    .option('--relay', 'the log of the relay that is started beside it', false)
    .option('--json', 'as they stand in the file; so they are printed anyway where no terminal is', false)
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Options & LogsOptions>()
      const place = placeOf(options)
      await printLog(options.relay ? relayLogFileOf(place) : logFileFor(place), options)
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

async function printLog(file: string, { follow, lines, json }: LogsOptions): Promise<void> {
  const { stdout, stderr } = process
  const pretty = prettyFactory({
    colorize: true,
    ignore: 'pid,hostname,name',
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss',
  })
  const print = (line: string) => stdout.write(json || !stdout.isTTY ? `${line}\n` : pretty(line))
  if (!follow) {
    try {
      for (const line of await lastLines(file, lines)) print(line)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      throw new Error(`there is no log yet (${file}): nothing was started for this project and data dir`)
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
