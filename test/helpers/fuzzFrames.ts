// What a client that was let in could send to break a relay, from a seeded source: text that is nearly right, frames
// that are none, ids and nesting without measure.

import { type FrameOptions, frameOf, OPCODE } from './rawWebSocket.ts'

export interface FuzzedFrame {
  bytes: Buffer
  /** It is a breach of the WebSocket protocol or of a bound: the relay must close this socket for it. */
  isFatal: boolean
}

const MESSAGES: readonly object[] = [
  { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { value: 'hé😀"\\' } } },
  { jsonrpc: '2.0', id: 'a', method: 'tools/call', params: { name: 'echo', _meta: { progressToken: 'p' } } },
  { jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} },
  { jsonrpc: '2.0', id: 3, method: 'initialize', params: { protocolVersion: '2025-11-25', clientInfo: { name: 'x' } } },
  { jsonrpc: '2.0', id: 4, method: 'resources/read', params: { uri: 'claude-flow://agents' } },
  { jsonrpc: '2.0', id: 5, method: 'resources/subscribe', params: { uri: 'claude-flow://agents' } },
  { jsonrpc: '2.0', id: 6, method: 'swarmscope/hello', params: { version: '1', protocol: { min: 1, max: 1 } } },
  { jsonrpc: '2.0', id: 7, method: 'swarmscope/subscribe', params: { epoch: null, rev: 0 } },
  { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1, reason: 'x' } },
  { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } },
  { jsonrpc: '2.0', id: 8, result: { a: 1 } },
  { jsonrpc: '2.0', id: 'ask-1', error: { code: -1, message: 'no' } },
]
const METHODS = [
  'tools/call',
  'tools/list',
  'ping',
  'resources/list',
  'resources/read',
  'swarmscope/hello',
  '__proto__',
  '',
]
const TOKENS = [
  'null',
  'true',
  '1e999',
  '-0',
  '"__proto__":',
  '"id":',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\n',
  '\u0000',
  '😀',
]
const SCALARS = [null, true, false, 0, -1, 1.5, 1e308, 2 ** 53 + 2, '', 'x', '__proto__', '\u2028', 'constructor']

const MAX_DEPTH = 300_000
const MAX_ID_BYTES = 200_000
/** One more than a relay takes by default. */
const OVERSIZED_BYTES = 1024 * 1024 + 1

export class FrameFuzzer {
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  next(): FuzzedFrame {
    const dice = this.#random() * 1_000
    if (dice < 400) return this.#text(this.#mutated())
    if (dice < 600) return this.#text(JSON.stringify(this.#structured()))
    if (dice < 700) return this.#text(this.#truncated())
    if (dice < 780) return whole(frameOf(this.#binary(), { opcode: OPCODE.binary }))
    if (dice < 840) return this.#fragmented()
    if (dice < 890) return this.#text(this.#nested())
    if (dice < 910) return this.#text(this.#hugeId())
    if (dice < 940) return fatal(frameOf(this.#notUtf8()))
    if (dice < 999) return this.#notAFrame()
    return this.#oversized()
  }

  #nat(below: number): number {
    return Math.floor(this.#random() * below)
  }

  #oneOf<T>(list: readonly T[]): T {
    return list[this.#nat(list.length)] as T
  }

  /** As often around 10 as around `most`. */
  #size(most: number): number {
    return Math.floor(10 * (most / 10) ** this.#random())
  }

  #text(text: string): FuzzedFrame {
    return whole(frameOf(Buffer.from(text)))
  }

  #message(): string {
    return JSON.stringify(this.#oneOf(MESSAGES))
  }

  #mutated(): string {
    let text = this.#message()
    for (let times = 1 + this.#nat(4); times > 0; times--) {
      const at = this.#nat(text.length)
      const end = Math.min(text.length, at + 1 + this.#nat(8))
      const part = [
        () => '',
        () => this.#oneOf(TOKENS),
        () => text.slice(at, end).repeat(2),
        () => String.fromCharCode(this.#nat(0x300)),
        () => text.slice(this.#nat(text.length)),
      ]
      text = text.slice(0, at) + this.#oneOf(part)() + text.slice(this.#nat(2) ? end : at)
    }
    return text
  }

  #truncated(): string {
    const text = this.#message()
    return text.slice(0, this.#nat(text.length))
  }

  /** Right JSON, in which everything may have the wrong type. */
  #structured(): unknown {
    const message: Record<string, unknown> = {}
    const put = (key: string, usual: unknown) => {
      const dice = this.#nat(8)
      if (dice > 1) message[key] = usual
      else if (dice === 1) message[key] = this.#value(3)
    }
    put('jsonrpc', '2.0')
    put('id', this.#oneOf(SCALARS))
    put('method', this.#oneOf(METHODS))
    put('params', {
      name: 'echo',
      arguments: this.#value(3),
      uri: this.#value(1),
      _meta: { progressToken: this.#value(1) },
    })
    return this.#nat(20) === 0 ? [message, message] : message
  }

  #value(depth: number): unknown {
    const dice = depth === 0 ? 0 : this.#nat(4)
    if (dice < 2) return this.#oneOf(SCALARS)
    const list = Array.from({ length: this.#nat(4) }, () => this.#value(depth - 1))
    return dice === 2 ? list : Object.fromEntries(list.map((value) => [String(this.#oneOf(SCALARS)), value]))
  }

  #nested(): string {
    const depth = this.#size(MAX_DEPTH)
    const [open, close] = this.#oneOf([
      ['[', ']'],
      ['{"a":', '}'],
    ] as const)
    const deep = `${open.repeat(depth)}1${this.#nat(4) ? close.repeat(depth) : ''}`
    const around = [
      deep,
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"value":${deep}}}}`,
      `{"jsonrpc":"2.0","id":${deep},"method":"tools/list"}`,
      `{"jsonrpc":"2.0","method":"notifications/x","params":{"x":${deep}}}`,
    ]
    // Five bytes a level, twice: never more than a message may have.
    return this.#oneOf(around).slice(0, OVERSIZED_BYTES - 1)
  }

  #hugeId(): string {
    const id = this.#oneOf([
      () => JSON.stringify(this.#oneOf(['x', '"', '\\', '😀']).repeat(this.#size(MAX_ID_BYTES / 4))),
      () => '9'.repeat(this.#size(MAX_ID_BYTES)),
      () => `1e${'9'.repeat(this.#size(100))}`,
      () => `-0.${'0'.repeat(this.#size(1_000))}1`,
    ])()
    return `{"jsonrpc":"2.0","id":${id},"method":"${this.#oneOf(METHODS)}","params":{"name":"echo"}}`
  }

  #bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.#nat(256)))
  }

  #binary(): Buffer {
    return this.#nat(2) ? this.#bytes(this.#nat(200)) : Buffer.from(this.#mutated())
  }

  #notUtf8(): Buffer {
    const broken = this.#oneOf([[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]])
    return Buffer.concat([Buffer.from(this.#message()), Buffer.from(broken), Buffer.from('"')])
  }

  /** A message in pieces, some of them empty, with pings between. */
  #fragmented(): FuzzedFrame {
    const payload = Buffer.from(this.#nat(2) ? this.#message() : this.#mutated())
    const frames: Buffer[] = []
    let at = 0
    for (let piece = 0; at < payload.length; piece++) {
      const end = Math.min(payload.length, at + this.#nat(60))
      const opcode = piece === 0 ? OPCODE.text : OPCODE.continuation
      frames.push(frameOf(payload.subarray(at, end), { opcode, fin: end === payload.length }))
      if (end < payload.length && this.#nat(3) === 0) {
        frames.push(frameOf(this.#bytes(this.#nat(125)), { opcode: this.#oneOf([OPCODE.ping, OPCODE.pong]) }))
      }
      at = end
    }
    return whole(Buffer.concat(frames))
  }

  #notAFrame(): FuzzedFrame {
    const payload = Buffer.from(this.#message())
    const faults: FrameOptions[] = [
      { reserved: 1 + this.#nat(7) },
      { opcode: this.#oneOf([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) },
      { masked: false },
      { opcode: OPCODE.continuation },
      { opcode: OPCODE.ping, fin: false },
    ]
    const kinds = [
      () => frameOf(payload, this.#oneOf(faults)),
      () => frameOf(Buffer.alloc(126 + this.#nat(1_000)), { opcode: OPCODE.ping }),
      () => frameOf(this.#bytes(1), { opcode: OPCODE.close }),
      () => frameOf(Buffer.from([0x00, this.#nat(256)]), { opcode: OPCODE.close }),
      // The next message begins before the last has ended.
      () => Buffer.concat([frameOf(payload, { fin: false }), frameOf(payload)]),
      // No client masks so; what follows is any length, and anything.
      () => Buffer.concat([Buffer.from([0x81, this.#nat(128)]), this.#bytes(200)]),
    ]
    return fatal(this.#oneOf(kinds)())
  }

  #oversized(): FuzzedFrame {
    const kinds = [
      () => frameOf(Buffer.alloc(OVERSIZED_BYTES, 'x')),
      // Only the header comes; nobody may set the memory aside for it.
      () => frameOf(Buffer.from('x'), { length: this.#oneOf([2n ** 31n, 2n ** 40n, 2n ** 53n, 2n ** 63n]) }),
      () => {
        const piece = Buffer.alloc(200_000, 'x')
        const more = Array.from({ length: 5 }, () => frameOf(piece, { opcode: OPCODE.continuation, fin: false }))
        return Buffer.concat([frameOf(piece, { fin: false }), ...more])
      },
    ]
    return fatal(this.#oneOf(kinds)())
  }
}

const whole = (bytes: Buffer): FuzzedFrame => ({ bytes, isFatal: false })
const fatal = (bytes: Buffer): FuzzedFrame => ({ bytes, isFatal: true })
