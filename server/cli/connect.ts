// `npm start -- connect`: has a project's Claude Code report to this server, or takes that back.

import { hostname } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { dataDirPath, openDataDir, openProjectDir, projectDirPath } from '../../platform/dataDir.ts'
import { canBeStarted } from '../../platform/programs.ts'
import { findSecret, readSecret, SECRETS } from '../../platform/secrets.ts'
import { type Options, type Place, placeOf, runFileOf } from '../config.ts'
import { expectedIngestUrl, ingestUrlOf } from '../connect/ingestUrl.ts'
import { isRunning, readRunFile } from '../runFile.ts'
import { commandLine } from './commandLine.ts'
import { print } from './print.ts'
import { statusOf } from './status.ts'

/** Stands in what is shown where the token will stand. */
const NO_TOKEN_YET = '<ingest token>'

export interface ConnectCommandOptions {
  mcp: boolean
  remove: boolean
  dryRun: boolean
  replaceTelemetry: boolean
}

export function connectCommand(): Command {
  return new Command('connect')
    .description("has this project's Claude Code report here: its hooks and its telemetry")
    .option('--mcp', "and use claude-flow through this project's relay", false)
    .option('--remove', 'takes it back, exactly', false)
    .option('--dry-run', 'shows what would be written, line by line, and writes nothing', false)
    .option('--replace-telemetry', 'has telemetry come here that goes elsewhere now', false)
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<Options & ConnectCommandOptions>()
      process.exitCode = (await connect(options)) ? 0 : 1
    })
}

async function connect(options: Options & ConnectCommandOptions, env = process.env): Promise<boolean> {
  const { planConnect, planRemove } = await import('../connect/connect.ts')
  const { changeSummary } = await import('../connect/changeSummary.ts')
  const { shownDiff } = await import('../connect/shownDiff.ts')
  const place = placeOf(options, env)
  const { project, given, world } = place
  if (options.mcp && !options.remove && world.type === 'no-claude-flow') {
    say('--mcp is for claude-flow, and --no-claude-flow (or CLAUDE_FLOW_OFF) does without: leave out one of them.')
    return false
  }
  const { url, isRunningNow } = serverUrl(place, options)
  // What only looks, or takes back, makes neither folders nor tokens.
  const mayMake = !options.dryRun && !options.remove
  const dataDir = mayMake ? openDataDir(place.dataDir) : dataDirPath(place.dataDir)
  const ingestToken = mayMake
    ? readSecret('ingest', dataDir, env)
    : (findSecret('ingest', dataDir, env)?.secret ?? NO_TOKEN_YET)
  const plan = {
    project,
    projectDir: mayMake ? openProjectDir(dataDir, project) : projectDirPath(dataDir, project),
    target: { url, ingestToken, hostName: hostname() },
    replaceTelemetry: options.replaceTelemetry,
  }
  const planned = options.remove ? planRemove(plan) : await planConnect(plan)
  if (planned.type === 'refused' && !options.dryRun) {
    say(`Nothing was written: ${planned.reason}`)
    return false
  }
  const { before, after, notes } = planned
  if (before === after)
    say(options.remove ? 'Claude Code does not report here.' : `Claude Code reports to ${url} already.`)
  else say(`${changeSummary(planned, options.dryRun)}\n\n${shownDiff(before, after, ingestToken)}\n`)
  for (const note of notes) say(note)
  if (planned.type === 'refused') {
    say(`Nothing was written (--dry-run), and nothing would be: ${planned.reason}`)
    return false
  }
  if (!options.dryRun) planned.carryOut()
  if (before !== after) {
    const takeBack = commandLine(given, 'connect', '--remove')
    say(doneIn(options, { path: planned.path, isExact: notes.length === 0, takeBack }))
  }
  if (!options.remove && !canBeStarted('curl', project, env.PATH ?? ''))
    say('The hooks send by curl, which is not on the PATH: install it, or nothing arrives.')
  if (!options.remove && !isRunningNow)
    say(`No server runs for this project yet (it is looked for at ${url}). Start it: ${commandLine(given, null)}`)
  if (options.mcp) return connectMcp(options, place, plan.projectDir, env)
  const { rememberedMcpUrl } = await import('../connect/mcpMemory.ts')
  const kept = options.remove ? rememberedMcpUrl(plan.projectDir) : null
  if (kept !== null) {
    const takeBack = commandLine(given, 'connect', '--remove', '--mcp')
    say(`Claude Code goes on using claude-flow through ${kept}. To take that back, too: ${takeBack}`)
  }
  return true
}

function doneIn(
  { dryRun, remove }: ConnectCommandOptions,
  { path, isExact, takeBack }: { path: string; isExact: boolean; takeBack: string },
): string {
  if (dryRun) return 'Nothing was written (--dry-run).'
  if (remove) {
    const how = isExact ? 'the settings are as they were' : 'nothing of ours is left there'
    return `Done in ${path}: ${how}. Sessions that run go on reporting until they end.`
  }
  return `Written to ${path}. Sessions of Claude Code that start from now on report here.\nTo take it back: ${takeBack}`
}

/** Where this project's server is; else where it will be. */
function serverUrl(place: Place, options: Options): { url: string; isRunningNow: boolean } {
  const found = readRunFile(runFileOf(place))
  if (found !== null && isRunning(found.pid)) return { url: ingestUrlOf(found.url), isRunningNow: true }
  return { url: expectedIngestUrl(options), isRunningNow: false }
}

/** Of the relay beside the running server, which may have been given another one than ours (`null`: it is not known), or none. */
async function runningRelayPort(place: Place, env: NodeJS.ProcessEnv): Promise<{ port: string | null } | 'no relay'> {
  const report = await statusOf(place, env)
  const sources = report.running ? report.health.sources : []
  const relay = sources.find(({ kind }) => kind === 'claude-flow')
  if (relay?.url) return { port: new URL(relay.url).port }
  return relay === undefined && sources.some(({ kind }) => kind === 'claude-code') ? 'no relay' : { port: null }
}

async function connectMcp(
  options: ConnectCommandOptions,
  place: Place,
  projectDir: string,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  const { forgetMcpUrl, rememberedMcpUrl, rememberMcpUrl } = await import('../connect/mcpMemory.ts')
  const { addCommand, addMcpServer, inShell, removeCommand, removeMcpServer } = await import('../connect/mcpServer.ts')
  const { world, project, dataDir } = place
  if (world.type !== 'local' && world.type !== 'remote') return true
  const running = world.type === 'local' ? await runningRelayPort(place, env) : { port: null }
  if (running === 'no relay' && !options.remove) {
    say(
      'The server that runs does without claude-flow (--no-claude-flow): there is no relay that Claude Code could use.',
    )
    return false
  }
  const url =
    world.type === 'local'
      ? `http://localhost:${(running === 'no relay' ? null : running.port) ?? world.relayPort}/mcp`
      : `${world.tls ? 'https' : 'http'}://${world.host}:${world.port}/mcp`
  const { variable, file } = SECRETS.relay
  if (!options.dryRun && !options.remove) readSecret('relay', dataDir, env)
  const token = findSecret('relay', dataDir, env)
  const target = { url, tokenFile: token ? token.path : join(dataDir, file), tokenVariable: variable }
  const command = inShell(options.remove ? removeCommand() : addCommand(target))
  if (options.dryRun) {
    say(`Would run: ${command}`)
    return true
  }
  const former = rememberedMcpUrl(projectDir)
  const outcome = options.remove
    ? await removeMcpServer(project, former === null ? [url] : [url, former])
    : await addMcpServer(project, target, former)
  if (typeof outcome === 'object') {
    say(
      `claude-flow was not ${options.remove ? 'taken from' : 'given to'} Claude Code: ${outcome.failed}\nBy hand: ${command}`,
    )
    return false
  }
  if (options.remove) forgetMcpUrl(projectDir)
  else rememberMcpUrl(projectDir, url)
  const done = options.remove
    ? 'Claude Code no longer uses claude-flow through the relay.'
    : `Claude Code uses claude-flow through ${url}.`
  say(outcome === 'not there' ? 'Claude Code does not use claude-flow through this relay.' : done)
  return true
}

const say = (text: string): void => print(`${text}\n`)
