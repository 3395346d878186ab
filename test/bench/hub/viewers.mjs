// A process full of viewers that only look at when each frame comes. Told what to do by IPC.

import { WebSocket } from 'ws'

const MARK = Buffer.from('t=')
const TO = Buffer.from('"to":')
const SNAPSHOT = Buffer.from('{"type":"snapshot"')
const STATUS = Buffer.from('{"type":"status"')
const PING = Buffer.from('{"type":"ping"')
const PONG = JSON.stringify({ type: 'pong' })
const FRAME = Buffer.from('{"type":"frame"')
const now = () => performance.timeOrigin + performance.now()
const startsWith = (/** @type {Buffer} */ data, /** @type {Buffer} */ head) =>
  data.length >= head.length && data.compare(head, 0, head.length, 0, head.length) === 0

/** @type {Map<WebSocket, number>} each with the seq that it is at */
const sockets = new Map()
/** @type {number[]} */
let delaysMs = []
let messages = 0

const numberAfter = (/** @type {Buffer} */ data, /** @type {Buffer} */ mark, /** @type {string} */ end) => {
  const at = data.indexOf(mark) + mark.length
  return Number(data.toString('latin1', at, data.indexOf(end, at)))
}

/**
 * Ready when each has a snapshot, or resumed.
 * @param {{ viewers: number, port: number, token: string | null, resume?: { epoch: string, seq: number } | null }} options
 */
function open({ viewers, port, token, resume = null }) {
  const hello = JSON.stringify({ type: 'hello', protocol: { min: 1, max: 1 }, version: 'bench', resume })
  const opened = Array.from({ length: viewers }, () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/stream`, token ? ['swarmscope.v1'] : [], {
      headers: token ? { Authorization: `Bearer ${token}` } : {},
      perMessageDeflate: false,
    })
    sockets.set(socket, resume?.seq ?? 0)
    if (token) socket.on('open', () => socket.send(hello))
    return new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.on('close', (code) => {
        if (sockets.has(socket)) throw new Error(`a viewer was closed with ${code}`)
      })
      socket.on('message', (/** @type {Buffer} */ data) => {
        messages++
        if (startsWith(data, PING)) socket.send(PONG)
        if (startsWith(data, resume ? STATUS : SNAPSHOT)) resolve(undefined)
        if (!startsWith(data, FRAME)) return
        delaysMs.push(now() - numberAfter(data, MARK, ';'))
        sockets.set(socket, numberAfter(data, TO, ','))
      })
    })
  })
  return Promise.all(opened).then(() => true)
}

/** @type {Record<string, (command: any) => unknown>} */
const commands = {
  open,
  /** Once all are at `seq`: how long each frame took since the last answer, and how many messages came in all. */
  at: async ({ seq }) => {
    while ([...sockets.values()].some((at) => at < seq)) await new Promise((resolve) => setTimeout(resolve, 5))
    const taken = { delaysMs, messages }
    delaysMs = []
    return taken
  },
  close: () => {
    const all = [...sockets.keys()]
    sockets.clear()
    for (const socket of all) socket.terminate()
    return true
  },
}
process.on('message', async (/** @type {{ do: string }} */ command) =>
  process.send?.(await commands[command.do]?.(command)),
)
process.on('disconnect', () => process.exit())
