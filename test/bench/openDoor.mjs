// The door for hooks, as a sender has it that keeps its connection.

import { connect } from 'node:net'

/** A kept connection with one hook at a time, by hand: a client library would need the other core for itself. */
export async function openDoor(/** @type {number} */ port, /** @type {string} */ token) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  /** @type {(() => void) | null} */
  let answered = null
  let tail = ''
  let closing = false
  socket.setEncoding('latin1').on('data', (text) => {
    tail += text
    const end = tail.indexOf('\r\n\r\n{}')
    if (end === -1) return
    if (!tail.startsWith('HTTP/1.1 200')) throw new Error(tail)
    tail = ''
    answered?.()
  })
  socket.on('close', () => {
    if (!closing) throw new Error('the server closed a connection')
  })
  const head = `POST /api/v1/ingest/claude-code/hooks HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n`
  return {
    /** Resolves to how long the answer took. @returns {Promise<number>} */
    post: (/** @type {string} */ body) =>
      new Promise((resolve) => {
        const beganMs = performance.now()
        answered = () => resolve(performance.now() - beganMs)
        socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
      }),
    close: () => {
      closing = true
      socket.destroy()
    },
  }
}
/** @typedef {Awaited<ReturnType<typeof openDoor>>} Door */
