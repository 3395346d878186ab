// The relay's two doors for others: the official MCP clients and the real Claude Code, with the real claude-flow behind.

import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client as Client2, StreamableHTTPClientTransport as Http2 } from '@modelcontextprotocol/client'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as Http1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { WebSocketClientTransport } from '@modelcontextprotocol/sdk/client/websocket.js'
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { RelayClient } from '../helpers/relayClient.ts'
import { puts, runRelay, TOKEN } from '../helpers/relayInProcess.ts'
import { startRelayProcess, temporaryFolder } from '../helpers/swarmscope.ts'
import { until } from '../helpers/until.ts'
import { runClaudeCode } from './claudeCode.ts'
import { commandOf, programOf } from './claudeFlowProcess.ts'
import { startFakeModel } from './fakeModel.ts'

const TOOLS = 353
const AGENTS_URI = 'claude-flow://agents'

const cleanUps: (() => unknown)[] = []
const temporary = (name: string): string => {
  const { path, remove } = temporaryFolder(name)
  cleanUps.push(remove)
  return path
}

let project: string
let token: string
let wsUrl: string
let httpUrl: string
/** Said hello and subscribed on `/ws`. */
let subscriber: RelayClient

beforeEach(async () => {
  const parent = temporary('project')
  project = join(parent, 'my-app')
  mkdirSync(project)
  const dataDir = temporary('data')
  const args = ['--port', '0', '--data-dir', dataDir, '--project', project, '--claude-flow', commandOf('3.43.0')]
  const relay = await startRelayProcess({ args })
  cleanUps.push(() => relay.stop())
  wsUrl = relay.url
  httpUrl = relay.url.replace(/^ws:/, 'http:').replace(/\/ws$/, '/mcp')
  token = readFileSync(join(dataDir, 'relay.token'), 'utf8').trim()
  subscriber = await RelayClient.connect(wsUrl, token)
  cleanUps.push(() => subscriber.close())
  await subscriber.request('swarmscope/hello', { version: '0.0.0', protocol: { min: 1, max: 1 } })
  await subscriber.request('swarmscope/subscribe', { epoch: null, rev: 0 })
})
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const authorized = () => ({ requestInit: { headers: { Authorization: `Bearer ${token}` } } })

/** What both lines of the SDK's client have, as far as it is used here. */
interface Asker {
  listTools(): Promise<{ tools: unknown[] }>
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<unknown>
  readResource(of: { uri: string }): Promise<{ contents: unknown[] }>
}

async function useIt(client: Asker, agentId: string): Promise<void> {
  expect((await client.listTools()).tools).toHaveLength(TOOLS)
  await client.callTool({ name: 'agent_spawn', arguments: { agentType: 'coder', agentId } })
  await subscriber.until(puts(agentId))
  await until(async () => {
    const { contents } = await client.readResource({ uri: AGENTS_URI })
    const [{ text }] = contents as [{ text: string }]
    return (JSON.parse(text) as { agents: { nativeId: string }[] }).agents.some(({ nativeId }) => nativeId === agentId)
  })
  const { params } = await subscriber.until(({ method }) => method === 'swarmscope/calls')
  expect(params.calls).toMatchObject([{ tool: 'agent_spawn', outcome: 'ok' }])
}

async function connect1(transport: Http1 | WebSocketClientTransport): Promise<Client1> {
  const client = new Client1({ name: 'official', version: '1' })
  // The SDK's own types do not agree with each other under `exactOptionalPropertyTypes`.
  await client.connect(transport as Parameters<Client1['connect']>[0])
  cleanUps.push(() => client.close())
  expect(client.getServerVersion()).toMatchObject({ name: 'ruflo' })
  expect(client.getInstructions()).toContain('"my-app"')
  return client
}

/** The SDK's WebSocket client takes no headers, and the global that Node 20 has not. */
function withGlobalWebSocket(): void {
  class Authorized extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols, { headers: { Authorization: `Bearer ${token}` } })
    }
  }
  const before = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket')
  Object.defineProperty(globalThis, 'WebSocket', { value: Authorized, configurable: true, writable: true })
  cleanUps.push(() => {
    if (before) Object.defineProperty(globalThis, 'WebSocket', before)
    else Reflect.deleteProperty(globalThis, 'WebSocket')
  })
}

describe('the official MCP clients', () => {
  it('SDK 1 over WebSocket', async () => {
    withGlobalWebSocket()
    await useIt(await connect1(new WebSocketClientTransport(new URL(wsUrl))), 'by-websocket')
  })

  it('SDK 1 over Streamable HTTP, with a subscription', async () => {
    const client = await connect1(new Http1(new URL(httpUrl), authorized()))
    const updated: string[] = []
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void updated.push(params.uri))
    await client.subscribeResource({ uri: AGENTS_URI })
    await useIt(client, 'by-http')
    await until(() => updated.includes(AGENTS_URI))
    await (client.transport as Http1).terminateSession()
  })

  it('SDK 2 over Streamable HTTP, by the revision of 2026-07-28', async () => {
    const client = new Client2(
      { name: 'official', version: '2' },
      { versionNegotiation: { mode: { pin: '2026-07-28' } } },
    )
    await client.connect(new Http2(new URL(httpUrl), authorized()))
    cleanUps.push(() => client.close())
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
    expect(client.getInstructions()).toContain('"my-app"')
    await useIt(client, 'by-modern-http')
  })

  it('SDK 2 finds the newest revision by itself', async () => {
    const client = new Client2({ name: 'official', version: '2' }, { versionNegotiation: { mode: 'auto' } })
    await client.connect(new Http2(new URL(httpUrl), authorized()))
    cleanUps.push(() => client.close())
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
    expect((await client.listTools()).tools).toHaveLength(TOOLS)
  })
})

describe('the real Claude Code', () => {
  it("shares the relay's claude-flow, added as the README says, and its agents are seen as frames", async () => {
    const asked: string[] = []
    const model = await startFakeModel(
      ({ tools, results }) => {
        const spawn = tools.find((name) => name === 'mcp__claude-flow__agent_spawn')
        if (!spawn || results.length > 0) return [{ type: 'text', text: 'All done.' }]
        return [{ type: 'tool_use', name: spawn, input: { agentType: 'coder', agentId: 'from-claude' } }]
      },
      (body) => asked.push(body),
    )
    cleanUps.push(() => model.close())
    const options = { home: temporary('home'), cwd: project, modelUrl: model.url }
    const add = ['mcp', 'add', '--transport', 'http', 'claude-flow', httpUrl]
    await runClaudeCode({ ...options, args: [...add, '--header', `Authorization: Bearer ${token}`] })
    expect(await runClaudeCode({ ...options, args: ['mcp', 'list'] })).toMatch(
      /claude-flow: \S+ \(HTTP\) - .*Connected/,
    )

    const print = [
      '-p',
      'Do the work',
      '--allowedTools',
      'mcp__claude-flow',
      '--output-format',
      'stream-json',
      '--verbose',
    ]
    const output = await runClaudeCode({ ...options, args: print })
    const frame = await subscriber.until(puts('from-claude'))
    expect(frame.method).toBe('swarmscope/frame')
    const called = await subscriber.until(({ method }) => method === 'swarmscope/calls')
    expect(called.params.calls).toMatchObject([{ tool: 'agent_spawn', outcome: 'ok', client: { name: 'claude-code' } }])
    expect(output).toContain('"mcp_servers":[{"name":"claude-flow","status":"connected"')
    expect(output).toContain('All done.')
    // The model was told whose claude-flow it is.
    expect(asked.some((body) => body.includes('works in the project folder'))).toBe(true)
  })

  it('goes on with a relay that was started again, and is not confused by comments in its streams', async () => {
    const command = { file: process.execPath, args: [programOf('3.43.0'), 'mcp', 'start'] }
    const limits = { sseKeepAliveMs: 20 }
    const start = (port: number) => runRelay({ command, project, port, limits })
    const first = await start(0)
    const model = await startFakeModel(async ({ tools, results }) => {
      const spawn = tools.find((name) => name === 'mcp__claude-flow__agent_spawn')
      if (!spawn || results.length > 1) return [{ type: 'text', text: `Done: ${JSON.stringify(results)}` }]
      if (results.length === 1) {
        // On the same port, and knows of no session.
        await first.relay.close()
        await start(first.relay.port)
      }
      const agentId = results.length === 0 ? 'before' : 'after'
      return [{ type: 'tool_use', name: spawn, input: { agentType: 'coder', agentId } }]
    })
    cleanUps.push(() => model.close())
    const servers = {
      'claude-flow': {
        type: 'http',
        url: `${first.origin}/mcp`,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Claude Code fills it in from its environment
        headers: { Authorization: 'Bearer ${SWARMSCOPE_RELAY_TOKEN}' },
      },
    }
    const config = JSON.stringify({ mcpServers: servers })
    const print = [
      '-p',
      'Do the work',
      '--mcp-config',
      config,
      '--strict-mcp-config',
      '--allowedTools',
      'mcp__claude-flow',
    ]
    const output = await runClaudeCode({
      home: temporary('home'),
      cwd: project,
      modelUrl: model.url,
      args: print,
      env: { SWARMSCOPE_RELAY_TOKEN: TOKEN },
    })
    await subscriber.until(puts('before'))
    await subscriber.until(puts('after'))
    for (const agentId of ['before', 'after']) expect(output).toContain(`\\"agentId\\": \\"${agentId}\\"`)
  })
})
