// A WebSocket that was let in, and then sends whatever bytes it is told to: right frames, wrong ones, none.

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface FrameOptions {
  opcode?: number
  fin?: boolean
  /** Bits that nobody agreed on: 1, 2, 4. */
  reserved?: number
  masked?: boolean
  /** What the header says, where it is not the truth. */
  length?: number | bigint
}

/** One frame of a client's, by default a whole text. */
export function frameOf(
  payload: Buffer,
  { opcode = OPCODE.text, fin = true, reserved = 0, masked = true, length = payload.length }: FrameOptions = {},
): Buffer {
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode
  const mask = masked ? 0x80 : 0
  let head: Buffer
  if (length < 126) {
    head = Buffer.from([first, mask | Number(length)])
  } else if (length < 65_536) {
    head = Buffer.from([first, mask | 126, 0, 0])
    head.writeUInt16BE(Number(length), 2)
  } else {
    head = Buffer.from([first, mask | 127, 0, 0, 0, 0, 0, 0, 0, 0])
    head.writeBigUInt64BE(BigInt(length), 2)
  }
  // Masked with zeros, as the protocol allows: the payload stands there as it is.
  return Buffer.concat(masked ? [head, Buffer.alloc(4), payload] : [head, payload])
}

/** Connects and is let in; the answer's frames are read and thrown away. */
export async function openRawWebSocket(url: string, token: string): Promise<Socket> {
  const { hostname, port, pathname, host } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  socket.on('error', () => socket.destroy()) // it is cut for what it sends: as wanted
  await once(socket, 'connect')
  const lines = [
    `GET ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    `Authorization: Bearer ${token}`,
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  const [answer] = await once(socket, 'data')
  if (!String(answer).startsWith('HTTP/1.1 101 ')) throw new Error(`not let in: ${answer}`)
  socket.resume()
  return socket
}
