// `relay status`: what it says of a relay that is well, that ails, that is not there; and what it never says.

import { existsSync, writeFileSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { createServer, type Server } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { StatusConfig } from '../../relay/config.ts'
import { relayStatus } from '../../relay/status.ts'
import { duration, healthText } from '../../relay/statusText.ts'
import { readTls } from '../../relay/tls.ts'
import { writeCertificate } from '../helpers/certificateFiles.ts'
import { AGENTS, agentsStore, cleanup, fakeChild, put, temporaryFolder } from '../helpers/relayFiles.ts'
import { runRelay, TOKEN } from '../helpers/relayInProcess.ts'
import { until } from '../helpers/until.ts'

/** As after `relay status --port PORT` with a data folder that has nothing in it. */
const config = (port: number, more: Partial<StatusConfig> = {}): StatusConfig => ({
  host: '127.0.0.1',
  port,
  dataDir: join(temporaryFolder(), 'none'),
  tokenFile: undefined,
  tls: undefined,
  json: false,
  ...more,
})
const WITH_TOKEN = { SWARMSCOPE_RELAY_TOKEN: TOKEN }

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanup(() => server.close())
  return (server.address() as { port: number }).port
}

describe('relay status', () => {
  test('of a relay that is well: where, since when, project, claude-flow, clients, files and log; exit code 0', async () => {
    const logFile = join(temporaryFolder(), 'relay.log')
    writeFileSync(
      logFile,
      `${'{"level":30,"time":0,"name":"relay","msg":"old"}\n'.repeat(2_000)}{"level":40,"time":1764000000000,"name":"relay","pid":7,"msg":"the last"}\nhalf a li`,
    )
    const { relay, project, connect } = await runRelay({ logFile })
    put(project, AGENTS, agentsStore('a'))
    const client = await connect()
    await client.ask('echo', { value: 1 })
    const hanging = client.call('hang')
    await client.ask('echo', { value: 1 })
    await until(() => relay.state.hasState)
    const { text, exitCode } = await relayStatus(config(relay.port), WITH_TOKEN)
    expect(exitCode).toBe(0)
    const lines = text.split('\n').map((line) => line.trimEnd())
    expect(lines[0]).toMatch(
      new RegExp(
        `^Relay {8}healthy: ws://127.0.0.1:${relay.port}/ws, since 20\\S+Z \\(\\d+ s\\), pid ${process.pid}, `,
      ),
    )
    expect(text).toContain(`Project      ${project} on ${hostname()}\n`)
    expect(text).toContain(`claude-flow  up, ruflo 3.0.0, pid ${relay.childPid}, for 0 s, 0 restarts\n`)
    expect(text).toContain('Clients      1 connected, 1 request pending\n')
    expect(text).toContain(`Watching     ${AGENTS}\n`)
    expect(text).toContain(`Log          ${logFile}, its last lines:\n`)
    expect(text).toContain('  2025-11-24T16:00:00.000Z WARN the last pid=7\n')
    expect(text).not.toContain('half a li')
    expect(text.match(/ INFO old/g)).toHaveLength(7)
    expect(text).toContain(
      `claude mcp add --transport http claude-flow http://localhost:${relay.port}/mcp --header "Authorization: Bearer $SWARMSCOPE_RELAY_TOKEN"`,
    )
    expect(text).not.toContain(TOKEN)
    client.socket.terminate()
    await hanging.catch(() => undefined)
  })

  test('of a relay without claude-flow: why, and what to do; exit code 1', async () => {
    const { relay } = await runRelay({ command: null })
    const { text, exitCode } = await relayStatus(config(relay.port), WITH_TOKEN)
    expect(exitCode).toBe(1)
    expect(text).toContain('degraded: ws://')
    expect(text).toContain('claude-flow  missing: there is no command to start it with, 0 restarts\n')
    expect(text).toContain('             last error: claude-flow is not installed (CHILD_NOT_FOUND)\n')
    expect(text).toContain('npm install claude-flow')
    expect(text).toContain('Watching     no state of claude-flow was found yet\n')
    expect(text).not.toContain('Log ')
  })

  test('of a claude-flow that keeps stopping: its error and its last words, redacted', async () => {
    const { relay } = await runRelay({ command: fakeChild('--exit-at-start', '3') })
    await until(() => relay.state.child.lastError !== null)
    const { text, exitCode } = await relayStatus(config(relay.port), WITH_TOKEN)
    expect(exitCode).toBe(1)
    expect(text).toContain('last error: claude-flow stopped (CHILD_CRASHED)')
    expect(text).toContain('its last words:\n               it is broken, ')
    expect(text).not.toContain('abcdef123456')
  })

  test('of a relay that is ending: down, exit code 2', async () => {
    const { relay, connect } = await runRelay()
    const client = await connect()
    const hanging = client.call('hang')
    await client.ask('echo', { value: 1 })
    const closed = relay.close({ drainMs: 60_000 })
    const { text, exitCode } = await relayStatus(config(relay.port), WITH_TOKEN)
    expect([exitCode, text.split(':')[0]]).toEqual([2, 'Relay        down'])
    await relay.close()
    await Promise.all([closed, hanging])
  })

  test('without the token, or with a wrong one, says so and shows what anybody may see', async () => {
    const { relay, project } = await runRelay()
    await until(() => relay.state.child.state === 'up')
    const without = await relayStatus(config(relay.port), {})
    expect([without.exitCode, without.text]).toEqual([0, expect.stringContaining('Without its token it shows no more')])
    const wrong = await relayStatus(config(relay.port), { SWARMSCOPE_RELAY_TOKEN: 'wrong-wrong' })
    expect([wrong.exitCode, wrong.text]).toEqual([0, expect.stringContaining('The relay refused our token')])
    expect(without.text).toContain(
      'Claude Code  cannot use this claude-flow without its token: SWARMSCOPE_RELAY_TOKEN is not',
    )
    expect(wrong.text).toContain('Claude Code  cannot use this claude-flow without the token of this relay')
    for (const { text } of [without, wrong]) {
      expect(text).not.toContain(project)
      expect(text).not.toContain('claude mcp add')
    }
    const json = await relayStatus(config(relay.port, { json: true }), {})
    expect(JSON.parse(json.text)).toMatchObject({ reached: true, claudeCode: null })
  })

  test('takes the token from a file or the data folder, quotes its path for a shell, and makes none', async () => {
    const folder = temporaryFolder()
    const tokenFile = join(folder, "it's a token")
    writeFileSync(tokenFile, `${TOKEN}\n`, { mode: 0o600 })
    const { relay } = await runRelay()
    const fromFile = await relayStatus(config(relay.port, { tokenFile }), {})
    expect(fromFile.text).toContain(`$(cat '${folder}/it'\\''s a token')`)
    writeFileSync(join(folder, 'relay.token'), `${TOKEN}\n`, { mode: 0o600 })
    const fromFolder = await relayStatus(config(relay.port, { dataDir: folder }), {})
    expect(fromFolder.text).toContain(`"Authorization: Bearer $(cat ${folder}/relay.token)"`)
    for (const { text } of [fromFile, fromFolder]) {
      expect(text).toContain(`pid ${process.pid}`)
      expect(text).not.toContain(TOKEN)
    }
    const dataDir = join(folder, 'none')
    await relayStatus(config(relay.port, { dataDir }), {})
    expect(existsSync(dataDir)).toBe(false)
  })

  test('of a relay without a token: the line for Claude Code has no header', async () => {
    const { relay } = await runRelay({ token: null })
    const { text } = await relayStatus(config(relay.port), {})
    expect(text).toMatch(new RegExp(`claude-flow http://localhost:${relay.port}/mcp$`))
  })

  test('over TLS trusts the given certificate only, and tells TLS and plain HTTP apart', async () => {
    const folder = temporaryFolder()
    const { files } = await writeCertificate(folder)
    const { relay } = await runRelay({ tls: readTls(files).context })
    await until(() => relay.state.child.state === 'up')
    const trusting = await relayStatus(config(relay.port, { tls: { ca: files.cert } }), WITH_TOKEN)
    expect([trusting.exitCode, trusting.text]).toEqual([0, expect.stringContaining('healthy: wss://127.0.0.1')])
    expect(trusting.text).toContain(`https://localhost:${relay.port}/mcp`)
    const other = await writeCertificate(temporaryFolder())
    const distrusting = await relayStatus(config(relay.port, { tls: { ca: other.files.cert } }), WITH_TOKEN)
    expect([distrusting.exitCode, distrusting.text]).toEqual([2, expect.stringContaining('TLS_FAILED')])
    const withoutTls = await relayStatus(config(relay.port), WITH_TOKEN)
    expect([withoutTls.exitCode, withoutTls.text]).toEqual([2, expect.stringContaining('say --tls or --tls-ca FILE')])
    const plain = await runRelay()
    const wrongly = await relayStatus(config(plain.relay.port, { tls: { ca: files.cert } }), WITH_TOKEN)
    expect([wrongly.exitCode, wrongly.text]).toEqual([2, expect.stringContaining('speaks no TLS: leave out --tls')])
    await expect(relayStatus(config(1, { tls: { ca: '/nowhere' } }), {})).rejects.toThrow('--tls-ca /nowhere cannot be')
  })

  test('where nothing listens: the catalogue’s code and what to do, exit code 2', async () => {
    const server = createServer()
    const port = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    const { text, exitCode } = await relayStatus(config(port), {})
    expect(exitCode).toBe(2)
    expect(text).toBe(
      `Relay        down: Failed to connect to Claude Flow (CONNECTION_REFUSED)\n             Ensure the MCP WebSocket relay is running on 127.0.0.1:${port}`,
    )
  })

  test.each<[string, (port: number) => Server]>([
    ['another web server', () => createHttp((_request, response) => response.end('<html>hello</html>'))],
    ['one that answers JSON', () => createHttp((_request, response) => response.end('{"status":"ok"}'))],
    ['one that answers without end', () => createHttp((_, response) => response.end('x'.repeat(2_000_000)))],
    ['something that speaks no HTTP', () => createServer((socket) => socket.end('SSH-2.0-x\r\n'))],
  ])('where %s listens: NOT_A_RELAY, exit code 2', async (_name, create) => {
    const port = await listening(create(0))
    const { text, exitCode } = await relayStatus(config(port), WITH_TOKEN)
    expect([exitCode, text]).toEqual([2, expect.stringContaining('(NOT_A_RELAY)')])
  })

  test('as JSON has all of it, and no token', async () => {
    const { relay } = await runRelay()
    await until(() => relay.state.child.state === 'up')
    const { text } = await relayStatus(config(relay.port, { json: true }), WITH_TOKEN)
    expect(JSON.parse(text)).toMatchObject({
      host: '127.0.0.1',
      port: relay.port,
      reached: true,
      tokenRefused: false,
      health: { status: 'healthy', child: { pid: relay.childPid }, dropped: { lateAnswers: 0 } },
      log: null,
      claudeCode: expect.stringContaining('claude mcp add'),
    })
    expect(text).not.toContain(TOKEN)
    const failed = await relayStatus(config(1, { json: true }), {})
    expect(JSON.parse(failed.text)).toMatchObject({
      reached: false,
      error: { code: 'CONNECTION_REFUSED' },
      claudeCode: null,
    })
  })
})

describe('the text', () => {
  test('obeys no control character of those whom it quotes', () => {
    const evil = '\u001b[2J\u0007\r\u202e'
    const text = healthText({
      health: {
        status: 'degraded',
        version: '1',
        startedAt: new Date(0).toISOString(),
        project: { name: evil, host: evil },
        child: {
          state: evil,
          serverInfo: { name: evil, version: evil },
          restarts: 1,
          uptimeSeconds: null,
          errorCode: evil,
          stderr: [evil],
        },
        clients: 0,
        watching: [evil],
      },
      hint: evil,
      log: { file: evil, lines: [evil, JSON.stringify({ time: 1, level: 30, msg: evil, [evil]: evil })], error: null },
      claudeCode: { command: evil },
      nowMs: 0,
    })
    expect(text).not.toMatch(/[^\P{C}\n]/u)
    expect(text).toContain('·[2J···')
  })

  test.each([
    [0, '0 s'],
    [-5, '0 s'],
    [59.9, '59 s'],
    [60, '1 min'],
    [3_599, '59 min'],
    [3_600, '1 h 0 min'],
    [7_380, '2 h 3 min'],
    [86_400, '1 d 0 h'],
    [1_000_000, '11 d 13 h'],
  ])('%d s are %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text)
  })
})
