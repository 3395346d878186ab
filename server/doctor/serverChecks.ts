// The running server: whether it is there, what it hears, and whether its doors let Claude Code in.

import { createServer, request } from 'node:http'
import { listen } from '../../platform/listen.ts'
import type { HealthAnswer, SourceAnswer } from '../cli/askServer.ts'
import { reachable } from '../cli/askServer.ts'
import { commandLine } from '../cli/commandLine.ts'
import { EXIT, type StatusReport } from '../cli/status.ts'
import type { Given } from '../config.ts'
import { HOOKS_PATH } from '../ingest/paths.ts'
import { broken, type Check, ok, skipped, warning } from './check.ts'

const TIMEOUT_MS = 3_000
/** Telemetry comes with the time of its machine: a clock that is this far off puts things in the wrong order. */
const MAX_SKEW_MS = 2_000
/** Of the counts beside a source those of what is missing in the picture. */
const LOSS = /Dropped|Failed|Late|Malformed|^(?:refused|busy|tooManyAgents)$/

const seeLog = (given: Given): string => `See ${commandLine(given, 'logs')}`

/** `expected`: where one is looked for. `given`: by which the commands are named that are told. */
export async function checkServer(report: StatusReport, expected: string, given: Given = {}): Promise<Check[]> {
  if (report.running) {
    const { health, url, exitCode } = report
    const found = `${health.status} at ${url} (version ${health.version})`
    const server =
      exitCode === EXIT.healthy ? ok('Server', found) : warning('Server', found, `${seeLog(given)}, and below`)
    return [server, ...health.sources.filter(({ kind }) => kind === 'claude-flow').map(checkRelay)]
  }
  const { hostname } = new URL(expected)
  const host = hostname === 'localhost' ? '127.0.0.1' : reachable(hostname)
  const port = Number(new URL(expected).port)
  const isTaken = report.url === null && !(await isPortFree({ host, port }))
  return [
    broken('Server', report.reason, report.suggestion),
    isTaken
      ? broken('Port', `${port} is taken by another program`, commandLine(without(given, 'port'), null, '--port', 'N'))
      : skipped('Port', `${port}, free`),
  ]
}

function without(given: Given, name: keyof Given): Given {
  const { [name]: _, ...others } = given
  return others
}

async function isPortFree({ host, port }: { host: string; port: number }): Promise<boolean> {
  const probe = createServer()
  try {
    await listen(probe, { host, port, option: '--port', patienceMs: 0 })
  } catch {
    return false
  }
  await new Promise((resolve) => probe.close(resolve))
  return true
}

function checkRelay({ url, state, lastError }: SourceAnswer): Check {
  // The same is said of claude-flow itself.
  if (state === 'never') return skipped('Relay', 'it runs, and has no claude-flow to share')
  const found = `${state}${url === null ? '' : ` at ${url}`}`
  if (lastError)
    return broken('Relay', `${found}: ${lastError.error} (${lastError.code})`, lastError.details.suggestion)
  if (state === 'live' || state === 'limited') return ok('Relay', found)
  return warning('Relay', found, 'It is being connected: ask again in a moment')
}

/** Both doors, tried with something that changes nothing, by the address that Claude Code is given. */
export async function checkDoors(url: string, ingestToken: string | null, given: Given = {}): Promise<Check[]> {
  if (ingestToken === null) return [skipped('Doors', 'there is no ingest token yet')]
  const doors = [
    { name: 'Hook door', path: HOOKS_PATH, body: '{"hook_event_name":"SwarmscopeDoctor"}' },
    { name: 'Telemetry door', path: '/v1/logs', body: '{"resourceLogs":[]}' },
  ]
  return Promise.all(doors.map((door) => checkDoor(door, url, ingestToken, given)))
}

async function checkDoor(
  door: { name: string; path: string; body: string },
  url: string,
  token: string,
  given: Given,
): Promise<Check> {
  const { name, path, body } = door
  try {
    const status = await post(new URL(path, url), token, body)
    if (status === 200) return ok(name, `${path} answers at ${url}`)
    if (status === 401) {
      return broken(
        name,
        'the server knows another ingest token',
        'Same --data-dir (or SWARMSCOPE_INGEST_TOKEN) here and there?',
      )
    }
    if (status === 421) {
      const { hostname } = new URL(url)
      return broken(
        name,
        `the server is not called ${hostname}`,
        `Start it so: ${commandLine(given, null, '--allow-host', hostname)}`,
      )
    }
    return broken(name, `${path} answers ${status} at ${url}`, seeLog(given))
  } catch (error) {
    const reason = (error as Error).message || (error as NodeJS.ErrnoException).code
    return broken(name, `${path} does not answer at ${url}: ${reason}`, seeLog(given))
  }
}

/** What has arrived from Claude Code since the server began. */
export function checkArrivals({ sources, uptimeSeconds }: HealthAnswer, given: Given = {}): Check[] {
  const source = sources.find(({ kind }) => kind === 'claude-code')
  if (!source) return [skipped('Arriving', 'this server does not show Claude Code')]
  const counts = source.counts ?? {}
  const since = `in ${Math.ceil(uptimeSeconds / 60)} min`
  const arriving = (name: string, count: number, what: string): Check =>
    count > 0
      ? ok(name, `${count} ${what} ${since}, ${source.state} now`)
      : warning(
          name,
          `no ${what} yet ${since}`,
          'Start a new session of Claude Code in the project: those that run were started without',
        )
  const lost = Object.entries(counts).filter(([what, count]) => count > 0 && LOSS.test(what))
  // All are counted that came, our own probes too.
  const { hooks = 0, hooksIgnored = 0, hooksMalformed = 0 } = counts
  return [
    arriving('Hooks arriving', hooks - hooksIgnored - hooksMalformed, 'hooks'),
    arriving('Telemetry arriving', counts.telemetry ?? 0, 'records'),
    ...(lost.length === 0
      ? []
      : [warning('Lost', lost.map(([what, count]) => `${what}: ${count}`).join(', '), seeLog(given))]),
  ]
}

/** `date`: as the other end tells it, to the second. */
export function checkClock(name: string, date: string | undefined, nowMs: number): Check {
  const theirMs = Date.parse(date ?? '')
  if (Number.isNaN(theirMs)) return skipped(name, 'the other end does not tell its time')
  // It is cut to the second.
  const skewMs = Math.max(0, Math.abs(theirMs + 500 - nowMs) - 500)
  if (skewMs <= MAX_SKEW_MS) return ok(name, 'agrees')
  return broken(name, `${Math.round(skewMs / 1000)} s off`, 'Set the clocks of both machines (NTP)')
}

/** Resolves to the status. */
function post(url: URL, token: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        method: 'POST',
        host: reachable(url.hostname),
        port: url.port,
        path: url.pathname,
        agent: false,
        headers: {
          Host: url.host,
          Authorization: `Bearer ${token}`,
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
        },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
      (response) => {
        response.resume()
        response.on('error', reject)
        response.on('end', () => resolve(response.statusCode ?? 0))
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}
