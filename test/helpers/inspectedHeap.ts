// How much a process of ours really holds: asked through Node's inspector, which first has everything collected that
// nobody needs. The process is started with `NODE_OPTIONS=--inspect=127.0.0.1:0`.

import { once } from 'node:events'
import { WebSocket } from 'ws'

export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' }

/** Objects, and the buffers that they hold. `stderr`: where Node says at which address its inspector listens. */
export async function heldBytes(stderr: string): Promise<number> {
  const url = /^Debugger listening on (\S+)$/m.exec(stderr)?.[1]
  if (!url) throw new Error(`no inspector: ${stderr.slice(0, 500)}`)
  const socket = new WebSocket(url)
  await once(socket, 'open')
  let lastId = 0
  const ask = async (method: string, params = {}) => {
    const id = ++lastId
    socket.send(JSON.stringify({ id, method, params }))
    for (;;) {
      const [data] = await once(socket, 'message')
      const message = JSON.parse(String(data))
      if (message.id === id) return message.result
    }
  }
  try {
    // Buffers are freed a moment after the objects that hold them.
    for (let times = 0; times < 2; times++) await ask('HeapProfiler.collectGarbage')
    const expression = 'const { heapUsed, external } = process.memoryUsage(); heapUsed + external'
    const { result } = await ask('Runtime.evaluate', { expression: `{ ${expression} }` })
    return result.value
  } finally {
    socket.close()
    await once(socket, 'close')
  }
}
