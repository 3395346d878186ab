// What is on its way to one client, and its bounds: a client that reads slowly, or not at all, must not grow our memory.

/** The part of a `ws` socket that is needed here. */
export interface SendSocket {
  send(data: Buffer, options: { binary: boolean; fin: boolean }, done: (error?: Error | null) => void): void
}

/** Larger messages go in pieces, so that a slow but living reader is seen to make progress. */
const PIECE_BYTES = 256 * 1024
/**
 * What a waiting message costs besides its bytes (its buffer, frame, write request and callback), or tiny ones grow us many
 * times beyond the bound. With it 64 KiB of the tiniest, one read of the child's output and so one turn, still fit into 1 MiB.
 */
const MESSAGE_OVERHEAD_BYTES = 448
/** Until then the socket had no fair chance to take what is in flight: two large answers may be asked for in one packet. */
const FRESH_MS = 100

export interface SendQueueOptions {
  socket: SendSocket
  /** What may wait beyond the message in flight, each message with its overhead. */
  maxQueuedBytes: number
  /** The bound is passed; nothing is sent any more. */
  onOverflow: () => void
  nowMs?: () => number
}

interface Message {
  /** Left to be taken. */
  bytes: number
  /** What it counts against the bound while it waits. */
  charge: number
}

export class SendQueue {
  readonly #options: SendQueueOptions
  readonly #nowMs: () => number
  /** What the socket has not taken yet, oldest first. */
  #messages: Message[] = []
  #bytes = 0
  /** Of the messages, those that are not paced; the first of them is the one in flight. */
  #counted: Message[] = []
  #charged = 0
  #sent = 0
  #taken = 0
  #lastProgressMs = 0
  #isOver = false
  #waiting: { after: number; action: () => void }[] = []

  constructor(options: SendQueueOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? (() => performance.now())
  }

  /** Bytes that the socket has not taken yet. */
  get bytes(): number {
    return this.#bytes
  }

  /** For how long the socket has taken nothing although there is something. */
  get stalledForMs(): number {
    return this.#bytes === 0 ? 0 : this.#nowMs() - this.#lastProgressMs
  }

  send(message: Buffer | string): void {
    this.#send(message, true)
  }

  /**
   * For a sender that itself waits for `onceDrained` between its messages: at most one of them is on its way, so they
   * need no bound, and must not be what makes a lawful answer behind them one too many.
   */
  sendPaced(text: string): void {
    this.#send(text, false)
  }

  #send(content: Buffer | string, counts: boolean): void {
    if (this.#isOver) return
    const data = typeof content === 'string' ? Buffer.from(content) : content
    let charge = counts ? data.length + MESSAGE_OVERHEAD_BYTES : 0
    if (counts && this.#wouldOverflow(charge)) {
      if (!this.#mayPipeline(data.length)) {
        this.close()
        this.#options.onOverflow()
        return
      }
      charge = 0
    }
    if (this.#messages.length === 0) this.#lastProgressMs = this.#nowMs()
    const message = { bytes: data.length, charge }
    this.#messages.push(message)
    this.#bytes += data.length
    if (counts) this.#counted.push(message)
    this.#charged += charge
    this.#sent++
    for (let start = 0; start < data.length; start += PIECE_BYTES) {
      const piece = data.subarray(start, start + PIECE_BYTES)
      const fin = start + PIECE_BYTES >= data.length
      this.#options.socket.send(piece, { binary: false, fin }, (error) => this.#took(message, piece.length, error))
    }
  }

  /** The one in flight may have any size, also behind a paced one. */
  #wouldOverflow(charge: number): boolean {
    const [inFlight] = this.#counted
    return inFlight !== undefined && this.#charged - inFlight.charge + charge > this.#options.maxQueuedBytes
  }

  /** Larger than the bound it could never wait behind anything: one such may, behind one that is in flight only just now. */
  #mayPipeline(bytes: number): boolean {
    const isAlone = this.#counted.every(({ charge }, index) => index === 0 || charge > 0)
    return bytes > this.#options.maxQueuedBytes && isAlone && this.stalledForMs < FRESH_MS
  }

  /** Runs `action` as soon as everything that was sent before has left: at once if it has. */
  onceDrained(action: () => void): void {
    if (this.#taken === this.#sent) action()
    else this.#waiting.push({ after: this.#sent, action })
  }

  close(): void {
    this.#isOver = true
    this.#messages = []
    this.#waiting = []
    this.#bytes = 0
    this.#counted = []
    this.#charged = 0
  }

  #took(message: Message, bytes: number, error: Error | null | undefined): void {
    if (this.#isOver) return
    if (error) {
      this.close() // the socket's own `close` tells the rest
      return
    }
    this.#bytes -= bytes
    message.bytes -= bytes
    this.#lastProgressMs = this.#nowMs()
    if (message.bytes > 0) return
    this.#messages.shift()
    if (this.#counted[0] === message) this.#counted.shift()
    this.#charged -= message.charge
    this.#taken++
    while (this.#waiting[0] && this.#waiting[0].after <= this.#taken) this.#waiting.shift()?.action()
  }
}
