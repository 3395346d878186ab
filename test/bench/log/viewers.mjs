// A process full of viewers, each with a state of its own to which it applies what it is sent, as a page does. Told what to
// do by IPC.

import { WebSocket } from 'ws'
import { RevisionedStore, SnapshotAssembly } from '../../../dist/node/protocol/frames.js'
import { stateHash } from './stateHash.mjs'

const HELLO = JSON.stringify({ type: 'hello', protocol: { min: 1, max: 1 }, version: 'bench', resume: null })
const PONG = '{"type":"pong"}'

/** What each is sent is the same bytes: read once here, where a hundred pages share a processor, and applied by each. */
const KEPT_MESSAGES = 200
/** @type {Map<number, { data: Buffer, message: any }[]>} */
const messagesByLength = new Map()
/** @type {number[]} */
const lengths = []

function parsed(/** @type {Buffer} */ data) {
  const known = messagesByLength.get(data.length) ?? []
  const same = known.find((one) => one.data.equals(data))
  if (same) return same.message
  const message = JSON.parse(data.toString())
  messagesByLength.set(data.length, [...known, { data, message }])
  lengths.push(data.length)
  if (lengths.length > KEPT_MESSAGES) {
    const oldest = /** @type {number} */ (lengths.shift())
    const rest = (messagesByLength.get(oldest) ?? []).slice(1)
    if (rest.length > 0) messagesByLength.set(oldest, rest)
    else messagesByLength.delete(oldest)
  }
  return message
}

/** @type {Set<{ socket: WebSocket, store: any }>} */
const viewers = new Set()
let frames = 0
let snapshots = 0
let closed = 0
let changed = () => undefined

function open(/** @type {{ port: number, token: string }} */ { port, token }) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/stream`, ['swarmscope.v1'], {
    headers: { Authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  })
  const store = new RevisionedStore('none')
  const assembly = new SnapshotAssembly()
  const viewer = { socket, store }
  viewers.add(viewer)
  socket.on('open', () => socket.send(HELLO))
  // As a page does; that it was too slow is told as a figure.
  socket.on('close', () => {
    closed++
    viewers.delete(viewer)
    open({ port, token }).catch(() => process.exit(1))
  })
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', (/** @type {Buffer} */ data) => {
      const message = parsed(data)
      if (message.type === 'ping') socket.send(PONG)
      else if (message.type === 'frame') {
        frames++
        if (store.apply(message) === 'gap') throw new Error('a gap')
        changed()
      } else if (message.type === 'snapshot') {
        const snapshot = assembly.add(message)
        if (snapshot === 'broken') throw new Error('a broken snapshot')
        if (snapshot === 'incomplete') return
        snapshots++
        store.load(snapshot)
        changed()
        resolve(undefined)
      }
    })
  })
}

/** @type {Record<string, (command: any) => unknown>} */
const commands = {
  open: ({ count, ...to }) => Promise.all(Array.from({ length: count }, () => open(to))).then(() => true),
  /** Once all are at `seq`: the hashes of their states, each once, and what they were sent. */
  at: async ({ seq }) => {
    while ([...viewers].some(({ store }) => store.seq < seq)) {
      await new Promise((resolve) => {
        changed = () => void resolve(undefined)
      })
    }
    const some = [...viewers].filter((_, index) => index % 10 === 0)
    return { hashes: [...new Set(some.map(({ store }) => stateHash(store)))], frames, snapshots, closed }
  },
}
process.on('message', async (/** @type {{ do: string }} */ command) =>
  process.send?.(await commands[command.do]?.(command)),
)
process.on('disconnect', () => process.exit())
