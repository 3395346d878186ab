// Hooks that were answered and not read yet. Bounded by number and bytes: what has no room is dropped and counted, and what
// begins or ends something only when nothing lesser is left.

import type { Machine } from '../sources/claudeCode/machine.ts'

export interface WaitingHook {
  bytes: Buffer
  receivedAtMs: number
  machine: Machine
  /** As the hook's headers said it; `null`: nothing. */
  pid: number | null
}

export interface HookQueueOptions {
  maxHooks: number
  maxBytes: number
}

/** Tool calls and the like come in floods, and the next stop or prompt closes what a lost one left open. */
const ACTIVITY: ReadonlySet<string> = new Set([
  'PreToolUse',
  'PostToolUse',
  'PostToolUseFailure',
  'PostToolBatch',
  'MessageDisplay',
  'FileChanged',
  'InstructionsLoaded',
  'UserPromptExpansion',
])
const EVENT_MARK = Buffer.from('"hook_event_name":"')
/** What the real ones say before it is some hundred bytes long. */
const MARK_WITHIN_BYTES = 4_096
const MAX_NAME_BYTES = 64
/** A subagent's work and its call are tied by these alone. */
const AGENT_CALLS: readonly Buffer[] = [Buffer.from('"tool_name":"Agent"'), Buffer.from('"tool_name":"Task"')]

/** Looked up in the raw bytes: it only decides what is dropped first, so a wrong answer does little harm. */
export function isActivity(bytes: Buffer): boolean {
  const head = bytes.subarray(0, MARK_WITHIN_BYTES)
  const mark = head.indexOf(EVENT_MARK)
  // One that does not look like the real ones is not worth more than they are.
  if (mark === -1) return true
  const begin = mark + EVENT_MARK.length
  const name = head.toString('latin1', begin, Math.min(head.indexOf('"', begin), begin + MAX_NAME_BYTES))
  return ACTIVITY.has(name) && !AGENT_CALLS.some((call) => head.includes(call))
}

interface Entry extends WaitingHook {
  order: number
}

/** First in, first out, whatever the kind. */
export class HookQueue {
  readonly dropped = { activity: 0, lifecycle: 0 }
  readonly #options: HookQueueOptions
  readonly #activity = new Fifo<Entry>()
  readonly #lifecycle = new Fifo<Entry>()
  #bytes = 0
  #order = 0

  constructor(options: HookQueueOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#activity.size + this.#lifecycle.size
  }

  get bytes(): number {
    return this.#bytes
  }

  push(hook: WaitingHook): void {
    const activity = isActivity(hook.bytes)
    while (!this.#hasRoomFor(hook.bytes.length)) {
      const oldest = activity ? undefined : this.#activity.shift()
      if (!oldest) {
        this.dropped[activity ? 'activity' : 'lifecycle']++
        return
      }
      this.#bytes -= oldest.bytes.length
      this.dropped.activity++
    }
    this.#bytes += hook.bytes.length
    ;(activity ? this.#activity : this.#lifecycle).push({ ...hook, order: this.#order++ })
  }

  shift(): WaitingHook | undefined {
    const [a, b] = [this.#activity.peek(), this.#lifecycle.peek()]
    const first = a && (!b || a.order < b.order) ? this.#activity.shift() : this.#lifecycle.shift()
    if (first) this.#bytes -= first.bytes.length
    return first
  }

  #hasRoomFor(bytes: number): boolean {
    return this.size < this.#options.maxHooks && this.#bytes + bytes <= this.#options.maxBytes
  }
}

/** `Array.shift` moves all that is left; here the front is given back in large pieces. */
class Fifo<T> {
  #items: T[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  peek(): T | undefined {
    return this.#items[this.#head]
  }

  shift(): T | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#head++
    if (this.#head === this.#items.length || this.#head > 4_096) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}
