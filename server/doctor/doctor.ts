// Every link of the road, in the order in which data goes along it.

import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { hostname } from 'node:os'
import { findSecret } from '../../platform/secrets.ts'
import type { HealthAnswer } from '../cli/askServer.ts'
import { statusOf } from '../cli/status.ts'
import type { Options, Place } from '../config.ts'
import { expectedIngestUrl, ingestUrlOf } from '../connect/ingestUrl.ts'
import { type Check, skipped } from './check.ts'
import { checkClaudeCode, checkClaudeFlow, checkNode } from './programChecks.ts'
import { checkArrivals, checkClock, checkDoors, checkServer } from './serverChecks.ts'
import { checkHooks, checkTelemetry, checkTokens } from './settingsChecks.ts'

const CLOCK_TIMEOUT_MS = 3_000

export async function diagnose(place: Place, options: Options, env: NodeJS.ProcessEnv = process.env): Promise<Check[]> {
  const { project, world, dataDir } = place
  const report = await statusOf(place, env)
  // As `connect` writes it, and as Claude Code sends.
  const url = report.running ? ingestUrlOf(report.url) : expectedIngestUrl(options)
  const ingestToken = findSecret('ingest', dataDir, env)?.secret ?? null
  // The folder always: it is told where nobody sees from which one this was asked.
  const given = { ...place.given, project }
  const settings = { project, url, ingestToken, given, env }
  const health = report.running ? report.health : null
  const hooks = checkHooks(settings)
  const kinds = health?.sources.filter(({ state }) => state !== 'never').map(({ kind }) => kind) ?? []
  const isOff = health !== null && isWithoutClaudeFlow(health)
  const hasClaudeCode = hooks.state === 'ok' || kinds.includes('claude-code')
  return [
    checkNode(),
    checkClaudeFlow({ world, project, path: env.PATH, running: health?.claudeFlow ?? null, isOff, hasClaudeCode }),
    checkTokens(dataDir, env),
    ...(await checkServer(report, url, given)),
    ...(world.type === 'remote' ? [checkClock(`Clock of ${world.host}`, await dateOf(world), Date.now())] : []),
    await checkClaudeCode(env.PATH),
    hooks,
    checkTelemetry(settings),
    ...(report.running ? await checkDoors(url, ingestToken, given) : [skipped('Doors', 'no server runs')]),
    ...(health ? checkArrivals(health, given) : []),
  ]
}

/** It shows what is real, and is connected to nobody. */
const isWithoutClaudeFlow = ({ sources }: HealthAnswer): boolean =>
  sources.some(({ kind }) => kind === 'claude-code') && !sources.some(({ kind }) => kind === 'claude-flow')

/** What the machine of a relay takes the time to be; by its answer to anybody. */
function dateOf(world: Extract<Place['world'], { type: 'remote' }>): Promise<string | undefined> {
  if (world.host === hostname()) return Promise.resolve(new Date().toUTCString())
  return new Promise((resolve) => {
    const options = {
      host: world.host,
      port: world.port,
      path: '/health',
      agent: false,
      signal: AbortSignal.timeout(CLOCK_TIMEOUT_MS),
      ...(world.tls?.ca ? { ca: world.tls.ca } : {}),
    }
    const asked = (world.tls ? httpsRequest : httpRequest)(options, (response) => {
      response.resume()
      resolve(response.headers.date)
    })
    // That it does not answer is told where the relay is checked.
    asked.on('error', () => resolve(undefined))
    asked.end()
  })
}
