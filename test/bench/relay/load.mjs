// The load, in a process of its own: clients that keep some requests in flight, on raw sockets with prepared bytes, so
// that the contestants and not this are what is measured. Each answer must be one that its client waits for.
// Takes its task as JSON in the first argument, gives the result as JSON on stdout.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { cpuUs } from '../procStat.mjs'

/**
 * @typedef {object} LoadTask
 * @property {{ url: string, headers: Record<string, string> } | { file: string, args: string[] }} target a WebSocket, or a
 *   program to be spoken to on stdio
 * @property {number | null} pid whose CPU time is measured
 * @property {number} clients
 * @property {number} inFlight per client
 * @property {string} tool
 * @property {number} warmUpMs
 * @property {number} measureMs
 *
 * @typedef {object} LoadResult
 * @property {number} requests answered in the measured time
 * @property {number} seconds
 * @property {number} p50Ms
 * @property {number} p99Ms
 * @property {number | null} cpuUs
 */

/** @type {LoadTask} */
const task = JSON.parse(process.argv[2] ?? '')
const { target, clients, inFlight, tool, warmUpMs, measureMs, pid } = task

const SLOTS = clients * inFlight
/** An id is `FIRST_ID + round * MAX_SLOTS + slot`: always nine digits, so that a frame needs only these replaced. */
const FIRST_ID = 100_000_000
const MAX_SLOTS = 10_000
const ID_DIGITS = 9
const ID_KEY = Buffer.from('"id":')
const NEWLINE = 0x0a

const request = JSON.stringify({
  jsonrpc: '2.0',
  id: FIRST_ID,
  method: 'tools/call',
  params: { name: tool, arguments: tool === 'echo' ? { value: 'hello' } : {} },
})

/** @type {number[]} */
const expected = Array.from({ length: SLOTS }, (_, slot) => FIRST_ID + slot)
const sentAtMs = new Float64Array(SLOTS)
let latencies = new Float64Array(1 << 20)
let answered = 0
let outstanding = 0
let isMeasuring = false
let isStopping = false
/** @type {() => void} */
let onDrained = () => undefined

/** With room for the id at `idAt`. */
class Template {
  constructor(/** @type {Buffer} */ bytes) {
    this.bytes = bytes
    this.idAt = bytes.indexOf(String(FIRST_ID))
  }

  /** One write for all that is sent in the same moment. */
  fill(/** @type {readonly number[]} */ ids) {
    const { bytes, idAt } = this
    const all = Buffer.allocUnsafe(bytes.length * ids.length)
    ids.forEach((id, index) => {
      const start = index * bytes.length
      bytes.copy(all, start)
      for (let digit = ID_DIGITS - 1, left = id; digit >= 0; digit--, left = Math.floor(left / 10)) {
        all[start + idAt + digit] = 0x30 + (left % 10)
      }
    })
    return all
  }
}

function fail(/** @type {string} */ message) {
  process.stderr.write(`load: ${message}\n`)
  process.exit(1)
}

/** The id in the answer from `start` to `end`: a cheap look, no parsing. */
function idOf(/** @type {Buffer} */ data, /** @type {number} */ start, /** @type {number} */ end) {
  const key = data.indexOf(ID_KEY, start)
  if (key === -1 || key >= end) return fail(`an answer without id: ${data.toString('utf8', start, end).slice(0, 200)}`)
  let id = 0
  for (let at = key + ID_KEY.length; data[at] >= 0x30 && data[at] <= 0x39; at++) id = id * 10 + data[at] - 0x30
  return id
}

/** One client: `slots` first to last are its own; `write` puts bytes on its line. */
class Client {
  #next = []

  constructor(
    /** @type {number} */ index,
    /** @type {Template} */ template,
    /** @type {(bytes: Buffer) => void} */ write,
  ) {
    this.first = index * inFlight
    this.template = template
    this.write = write
  }

  start() {
    for (let slot = this.first; slot < this.first + inFlight; slot++) this.#next.push(slot)
    outstanding += inFlight
    this.flush()
  }

  answer(/** @type {number} */ id) {
    const slot = (id - FIRST_ID) % MAX_SLOTS
    if (!(slot >= this.first && slot < this.first + inFlight && expected[slot] === id)) fail(`nobody asked for ${id}`)
    if (isMeasuring) {
      if (answered === latencies.length) {
        const larger = new Float64Array(answered * 2)
        larger.set(latencies)
        latencies = larger
      }
      latencies[answered++] = performance.now() - sentAtMs[slot]
    }
    expected[slot] += MAX_SLOTS
    if (!isStopping) this.#next.push(slot)
    else if (--outstanding === 0) onDrained()
  }

  /** Asks again in place of what was answered. */
  flush() {
    const slots = this.#next
    if (slots.length === 0) return
    this.#next = []
    const nowMs = performance.now()
    for (const slot of slots) sentAtMs[slot] = nowMs
    this.write(this.template.fill(slots.map((slot) => expected[slot] ?? 0)))
  }
}

/** Cuts a stream into messages: `next` gives the end of the first one's payload and its start, or null. */
function messages(
  /** @type {(data: Buffer, at: number) => { start: number, end: number, next: number } | null} */ cut,
  /** @type {(data: Buffer, start: number, end: number) => void} */ onMessage,
) {
  let rest = Buffer.alloc(0)
  return (/** @type {Buffer} */ chunk) => {
    const data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let at = 0
    for (let part = cut(data, at); part; part = cut(data, at)) {
      if (part.end > part.start) onMessage(data, part.start, part.end)
      at = part.next
    }
    rest = data.subarray(at)
  }
}

const cutLine = (/** @type {Buffer} */ data, /** @type {number} */ at) => {
  const end = data.indexOf(NEWLINE, at)
  return end === -1 ? null : { start: at, end, next: end + 1 }
}

/** Whole text frames of a server (never masked); a ping is passed over: no run is long enough for its answer to count. */
const cutFrame = (/** @type {Buffer} */ data, /** @type {number} */ at) => {
  if (data.length < at + 2) return null
  const first = data[at]
  let length = data[at + 1]
  let start = at + 2
  if (length === 126) {
    if (data.length < at + 4) return null
    length = data.readUInt16BE(at + 2)
    start = at + 4
  } else if (length === 127) {
    fail('a frame of more than 64 KiB')
  }
  const end = start + length
  if (data.length < end) return null
  if (first === 0x89) return { start: end, end, next: end }
  if (first !== 0x81) fail(`an unexpected frame: ${first.toString(16)} ${data.toString('utf8', start, end)}`)
  return { start, end, next: end }
}

/** Masked with zeros, as the protocol allows: the payload stands there as it is. */
function frameOf(/** @type {string} */ text) {
  const payload = Buffer.from(text)
  const long = payload.length > 125
  const head = long ? [0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff] : [0x81, 0x80 | payload.length]
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload])
}

async function openSocket(
  /** @type {string} */ url,
  /** @type {Record<string, string>} */ headers,
  /** @type {number} */ index,
) {
  const { hostname, port, pathname, host } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  const lines = Object.entries({
    Host: host,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  })
  socket.write(`GET ${pathname} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  const [answer] = await once(socket, 'data')
  const head = answer.toString('latin1')
  if (!head.startsWith('HTTP/1.1 101 ') || !head.endsWith('\r\n\r\n')) fail(`no WebSocket: ${head}`)
  socket.on('close', () => {
    if (!isStopping) fail('a socket was closed')
  })
  const client = new Client(index, new Template(frameOf(request)), (bytes) => socket.write(bytes))
  const take = messages(cutFrame, (data, start, end) => client.answer(idOf(data, start, end)))
  socket.on('data', (chunk) => {
    take(chunk)
    client.flush()
  })
  return client
}

/** The floor: all slots on one program's stdio, nobody between. */
function openStdio(/** @type {string} */ file, /** @type {string[]} */ args) {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const template = new Template(Buffer.from(`${request}\n`))
  const all = Array.from({ length: clients }, (_, index) => new Client(index, template, (b) => child.stdin.write(b)))
  const take = messages(cutLine, (data, start, end) => {
    const id = idOf(data, start, end)
    all[Math.floor(((id - FIRST_ID) % MAX_SLOTS) / inFlight)]?.answer(id)
  })
  child.stdout.on('data', (chunk) => {
    take(chunk)
    for (const client of all) client.flush()
  })
  return { all, close: () => child.stdin.end() }
}

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function main() {
  /** @type {Client[]} */
  let all = []
  let close = () => undefined
  if ('file' in target) {
    const opened = openStdio(target.file, target.args)
    all = opened.all
    close = opened.close
  } else {
    for (let index = 0; index < clients; index++) all.push(await openSocket(target.url, target.headers, index))
  }
  for (const client of all) client.start()
  await pause(warmUpMs)
  isMeasuring = true
  const cpuBefore = pid === null ? 0 : cpuUs(pid)
  const beganMs = performance.now()
  await pause(measureMs)
  isMeasuring = false
  const tookMs = performance.now() - beganMs
  const cpu = pid === null ? null : cpuUs(pid) - cpuBefore
  // The rest is let run out, so that the next load finds nothing of this one's.
  const drained = new Promise((resolve) => {
    onDrained = () => resolve(undefined)
  })
  outstanding = SLOTS
  isStopping = true
  await drained
  close()
  const sorted = latencies.subarray(0, answered).sort()
  const at = (/** @type {number} */ share) => sorted[Math.min(answered - 1, Math.floor(answered * share))] ?? Number.NaN
  /** @type {LoadResult} */
  const result = { requests: answered, seconds: tookMs / 1_000, p50Ms: at(0.5), p99Ms: at(0.99), cpuUs: cpu }
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
}

await main()
