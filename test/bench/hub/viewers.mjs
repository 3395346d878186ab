// A process full of viewers that only look at when each frame comes. Told what to do by IPC.

import { WebSocket } from 'ws'

const HELLO = JSON.stringify({ type: 'hello', protocol: { min: 1, max: 1 }, version: 'bench', resume: null })
const MARK = Buffer.from('t=')
const SNAPSHOT = Buffer.from('{"type":"snapshot"')
const FRAME = Buffer.from('{"type":"frame"')
const now = () => performance.timeOrigin + performance.now()
const startsWith = (/** @type {Buffer} */ data, /** @type {Buffer} */ head) =>
  data.compare(head, 0, head.length, 0, head.length) === 0

/** @type {WebSocket[]} */
const sockets = []
/** @type {number[]} */
let delaysMs = []
let frames = 0

/** @param {{ viewers: number, port: number, token: string | null }} options */
function open({ viewers, port, token }) {
  const opened = Array.from({ length: viewers }, () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/stream`, token ? ['swarmscope.v1'] : [], {
      headers: token ? { Authorization: `Bearer ${token}` } : {},
      perMessageDeflate: false,
    })
    sockets.push(socket)
    if (token) socket.on('open', () => socket.send(HELLO))
    return new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.on('message', (/** @type {Buffer} */ data) => {
        if (startsWith(data, SNAPSHOT)) resolve(undefined)
        if (!startsWith(data, FRAME)) return
        frames++
        const at = data.indexOf(MARK) + MARK.length
        delaysMs.push(now() - Number(data.toString('latin1', at, data.indexOf(';', at))))
      })
    })
  })
  return Promise.all(opened).then(() => true)
}

/** @type {Record<string, (command: any) => unknown>} */
const commands = {
  open,
  /** Once so many frames have come in all; then what they took. */
  frames: async ({ count }) => {
    while (frames < count) await new Promise((resolve) => setTimeout(resolve, 2))
    const taken = { delaysMs, frames }
    delaysMs = []
    frames = 0
    return taken
  },
  close: () => {
    for (const socket of sockets.splice(0)) socket.terminate()
    return true
  },
}
process.on('message', async (/** @type {{ do: string }} */ command) =>
  process.send?.(await commands[command.do]?.(command)),
)
process.on('disconnect', () => process.exit())
