// The MCP server behind each contestant: so cheap that it is never what is measured. It looks for the id only, whatever
// its type, and answers with prepared text.

/** The size of the real answer of claude-flow 3.43 with a dozen agents. */
const AGENT_LIST_BYTES = 4_700
const NEWLINE = 0x0a
const QUOTE = 0x22
const ID_KEY = '"id":'

const INITIALIZED = {
  protocolVersion: '2024-11-05',
  capabilities: { tools: {} },
  serverInfo: { name: 'echo', version: '1.0.0' },
}

const agent = (/** @type {number} */ index) => ({
  agentId: `agent-1764000000000-k3jx9${index}`,
  agentType: 'coder',
  status: 'busy',
  health: 1,
  taskCount: index,
  createdAt: '2026-11-23T21:07:25.000Z',
  lastActivity: '2026-11-23T21:09:41.512Z',
  domain: 'web "shop"',
  config: { role: 'coder', topology: 'hierarchical-mesh', provider: 'anthropic' },
})

function agentList() {
  const agents = []
  const text = () => JSON.stringify({ agents, total: agents.length })
  while (JSON.stringify(text()).length < AGENT_LIST_BYTES - 300) agents.push(agent(agents.length))
  return text()
}

/** What stands behind the id. */
const tailOf = (/** @type {object} */ result) => `,"result":${JSON.stringify(result)}}\n`
const textResult = (/** @type {string} */ text) => ({ content: [{ type: 'text', text }] })
const TAILS = {
  initialize: tailOf(INITIALIZED),
  echo: tailOf(textResult('hello')),
  agentList: tailOf(textResult(agentList())),
}

/** Of the line from `start` to `end`; empty: there is none, so it wants no answer. */
function answerTo(/** @type {Buffer} */ chunk, /** @type {number} */ start, /** @type {number} */ end) {
  const key = chunk.indexOf(ID_KEY, start)
  if (key === -1 || key >= end) return ''
  const from = key + ID_KEY.length
  let to = from + 1
  if (chunk[from] === QUOTE) to = chunk.indexOf(QUOTE, to) + 1
  else while (chunk[to] >= 0x30 && chunk[to] <= 0x39) to++
  const line = chunk.latin1Slice(start, end)
  const tail = line.includes('"agent_list"') ? 'agentList' : line.includes('"initialize"') ? 'initialize' : 'echo'
  return `{"jsonrpc":"2.0","id":${chunk.latin1Slice(from, to)}${TAILS[tail]}`
}

let rest = Buffer.alloc(0)
process.stdin.on('data', (/** @type {Buffer} */ data) => {
  const chunk = rest.length > 0 ? Buffer.concat([rest, data]) : data
  let answers = ''
  let start = 0
  for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
    answers += answerTo(chunk, start, end)
    start = end + 1
  }
  rest = chunk.subarray(start)
  if (answers !== '') process.stdout.write(answers, 'latin1')
})
process.stdin.on('end', () => process.exit(0))
