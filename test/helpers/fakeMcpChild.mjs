// A stand-in for claude-flow's MCP server on stdio, with every bad habit on request: each is a tool (see `tools`).
// Options: --as 2|3|other (default 3), --exit-at-start CODE, --never-ready, --refuse-initialize, --stay-after-eof (and
// after SIGTERM), --grandchild.

import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: {
    as: { type: 'string', default: '3' },
    'exit-at-start': { type: 'string' },
    'never-ready': { type: 'boolean', default: false },
    'refuse-initialize': { type: 'boolean', default: false },
    'stay-after-eof': { type: 'boolean', default: false },
    grandchild: { type: 'boolean', default: false },
  },
})

const SERVER_INFO = {
  2: { name: 'claude-flow', version: '2.7.47' },
  3: { name: 'ruflo', version: '3.0.0' },
  other: { name: 'other', version: '1.0.0' },
}
const CAPABILITIES = { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } }

const write = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
const result = (id, value) => write({ jsonrpc: '2.0', id, result: value })
const failure = (id, code, message) => write({ jsonrpc: '2.0', id, error: { code, message } })
const toolResult = (id, value) => result(id, { content: [{ type: 'text', text: JSON.stringify(value) }] })

const stayAlive = () => setInterval(() => seen.length, 1000)

/** What came in besides requests. */
const seen = []
/** Requests that wait for `release`, or for SIGUSR2. */
const held = new Map()
process.on('SIGUSR2', () => {
  for (const [key, id] of held) toolResult(id, key)
  held.clear()
})
/** 2.x's memory. */
const swarms = new Map()
let activeSwarm = null
let isSilent = false
let count = 0
let lists = 0

const grandchild = options.grandchild
  ? spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  : null

const INVENTED = ['coordinator', 'researcher', 'coder'].map((type, index) => ({
  id: `agent-${index + 1}`,
  name: `${type}-1`,
  type,
  status: 'active',
  capabilities: [],
}))

const tools2 = {
  swarm_init(id, { topology = 'mesh' }) {
    activeSwarm = `swarm_${process.pid}_${++count}`
    swarms.set(activeSwarm, [])
    toolResult(id, { success: true, swarmId: activeSwarm, topology, maxAgents: 5, status: 'initialized' })
  },
  agent_spawn(id, { type, name, swarmId = activeSwarm }) {
    const agent = { id: `agent_${process.pid}_${++count}`, swarmId, name, type, status: 'active', capabilities: '[]' }
    swarms.set(swarmId, [...(swarms.get(swarmId) ?? []), agent])
    toolResult(id, { success: true, agentId: agent.id, type, name, status: 'active' })
  },
  agent_list(id, { swarmId = activeSwarm }) {
    lists++
    const agents = swarms.get(swarmId) ?? []
    toolResult(id, { success: true, swarmId: swarmId ?? 'mock-swarm', agents: agents.length > 0 ? agents : INVENTED })
  },
  task_orchestrate(id, { task }) {
    toolResult(id, { success: true, taskId: `task_${++count}`, task, priority: 'high', status: 'pending' })
  },
}

const STORE = '.claude-flow/agents/store.json'
function readStore() {
  try {
    return JSON.parse(readFileSync(STORE, 'utf8'))
  } catch {
    return { agents: {} }
  }
}

const tools3 = {
  agent_spawn(id, { agentId, agentType = 'coder' }) {
    const store = readStore()
    store.agents[agentId] = { agentId, agentType, status: 'idle', health: 1, taskCount: 0, createdAt: new Date() }
    mkdirSync('.claude-flow/agents', { recursive: true })
    writeFileSync(STORE, JSON.stringify(store, null, 2))
    toolResult(id, { success: true, agentId, agentType, status: 'registered' })
  },
  agent_terminate(id, { agentId }) {
    const store = readStore()
    const isThere = Object.hasOwn(store.agents, agentId)
    delete store.agents[agentId]
    if (isThere) writeFileSync(STORE, JSON.stringify(store, null, 2))
    toolResult(
      id,
      isThere ? { success: true, agentId, terminated: true } : { success: false, error: 'Agent not found' },
    )
  },
  agent_list(id) {
    lists++
    toolResult(id, { agents: Object.values(readStore().agents), total: 0 })
  },
}

const tools = {
  echo: (id, { value }) => toolResult(id, value),
  /** Answers when released. */
  slow: (id, { key }) => held.set(key, id),
  release(id, { key }) {
    const heldId = held.get(key)
    held.delete(key)
    if (heldId !== undefined) toolResult(heldId, key)
    toolResult(id, heldId !== undefined)
  },
  /** Answers in its own time. */
  late: (id, { ms, value }) => setTimeout(() => toolResult(id, value), ms),
  /** Never answers this one, but all others. */
  hang: () => seen.push('hang'),
  /** From now on it reads, and answers nothing at all. */
  goSilent() {
    isSilent = true
  },
  /** From now on it does not even read. */
  stopReading() {
    process.stdin.pause()
    stayAlive()
  },
  die(_id, { code = 1 }) {
    process.exit(code)
  },
  /** The answer, without a newline, and death. */
  noNewline(id, { value }) {
    const answer = { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: JSON.stringify(value) }] } }
    process.stdout.write(JSON.stringify(answer), () => process.exit(1))
  },
  garbage(id, { value }) {
    process.stdout.write('not json\n\n[1,2]\n"text"\n{"jsonrpc":"2.0"}\n{"id":{}}\n\u0000\n')
    write({ jsonrpc: '2.0', error: { code: -32601, message: 'Method not found' } })
    write({ jsonrpc: '2.0', id: 999_999_999, result: {} })
    write({ jsonrpc: '2.0', id: 'never asked', result: {} })
    toolResult(id, value)
  },
  nothing: (id) => write({ jsonrpc: '2.0', id }),
  /** What is given, as it is, under the request's id. */
  odd: (id, { answer }) => write({ ...answer, id }),
  longLine(_id, { bytes }) {
    process.stdout.write('x'.repeat(bytes))
  },
  /** An answer that can be read, but not written again. */
  deep(id, { levels }) {
    const value = `${'['.repeat(levels)}${']'.repeat(levels)}`
    process.stdout.write(`{"jsonrpc":"2.0","id":${id},"result":{"content":[],"structuredContent":{"deep":${value}}}}\n`)
  },
  flood(id, { bytes }) {
    toolResult(id, 'x'.repeat(bytes))
  },
  progress(id, { steps }, meta) {
    for (let progress = 1; progress <= steps; progress++) {
      const params = { progressToken: meta?.progressToken, progress, total: steps }
      write({ jsonrpc: '2.0', method: 'notifications/progress', params })
    }
    toolResult(id, 'done')
  },
  askClient(id) {
    write({ jsonrpc: '2.0', id: 'ask-1', method: 'sampling/createMessage', params: {} })
    toolResult(id, 'asked')
  },
  tellAll(id) {
    write({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' })
    write({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'hello' } })
    toolResult(id, 'told')
  },
  complain(id, { text }) {
    process.stderr.write(`${text}\n`, () => toolResult(id, 'complained'))
  },
  closeInput(id) {
    process.stdin.destroy()
    closeSync(0)
    toolResult(id, 'closed')
    stayAlive()
  },
  facts: (id) =>
    toolResult(id, {
      pid: process.pid,
      grandchild: grandchild?.pid ?? null,
      cwd: process.cwd(),
      env: Object.keys(process.env),
      seen,
      lists,
    }),
  ...(options.as === '2' ? tools2 : tools3),
}

function initialize(id) {
  if (options['never-ready']) return
  if (options['refuse-initialize']) {
    failure(id, -32603, 'not today')
    return
  }
  const serverInfo = SERVER_INFO[options.as]
  if (options.as === '2') write({ jsonrpc: '2.0', method: 'server.initialized', params: { serverInfo } })
  result(id, { protocolVersion: '2024-11-05', capabilities: CAPABILITIES, serverInfo })
}

function receive(message) {
  const { id, method, params } = message
  if (isSilent) return
  if (id === undefined || !method) {
    seen.push(message)
    if (method && options.as === '2') write({ jsonrpc: '2.0', error: { code: -32601, message: 'Method not found' } })
    return
  }
  if (method === 'initialize') initialize(id)
  else if (method === 'tools/list') result(id, { tools: Object.keys(tools).map((name) => ({ name })) })
  else if (method !== 'tools/call') failure(id, -32601, 'Method not found')
  else if (!Object.hasOwn(tools, params?.name)) failure(id, -32601, `Unknown tool ${params?.name}`)
  else tools[params.name](id, params.arguments ?? {}, params._meta)
}

if (options['exit-at-start'] !== undefined) {
  process.stderr.write('it is broken, token=abcdef123456\n', () => process.exit(Number(options['exit-at-start'])))
} else {
  const lines = createInterface({ input: process.stdin })
  // One that stopped reading leaves also what it has read already.
  lines.on('line', (line) => {
    if (!process.stdin.isPaused()) receive(JSON.parse(line))
  })
  lines.on('close', () => {
    if (options['stay-after-eof']) stayAlive()
    else if (!process.stdin.destroyed) process.exit(0)
  })
  if (options['stay-after-eof']) process.on('SIGTERM', () => process.stderr.write('no\n'))
}
