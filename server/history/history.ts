// The line to the history: a worker of its own reads the file, so that neither viewers nor commits wait for a look at the
// past. It is started when somebody asks, and ends when nobody has asked for a while.

import { Worker } from 'node:worker_threads'
import { SwarmscopeError } from '../../protocol/errors.ts'
import { logUnavailable, type PostedError, thrownError } from '../log/logError.ts'
import type { EventPage, EventQuery, HistoryOverview, PastState } from './historyFile.ts'

/** 15 MB that nobody needs. */
const IDLE_MS = 60_000
const MAX_CALLS = 32
/** A state of 10,000 agents is 10,000 strings that live until it is answered: with less they are copied from place to place. */
const YOUNG_MB = 96

export type HistoryCall =
  | { type: 'overview'; fromMs: number | null; toMs: number | null; maxBuckets: number }
  | { type: 'stateAt'; atMs: number; withVersions: boolean }
  | { type: 'events'; query: EventQuery }
  | { type: 'beginning'; fromMs: number }

/** A state of the past; of the object that it is answered with, what comes after the first fields: `"agents":[…],…}`, UTF-8. */
export interface PastStateText extends Omit<PastState, 'entities' | 'versions' | 'ended'> {
  rest: Uint8Array
}

export interface HistoryAnswers {
  overview: HistoryOverview
  stateAt: PastStateText
  events: EventPage
  beginning: { lines: string; next: string; fromMs: number }
}

export type HistoryAnswer = { id: number; value: unknown } | { id: number; error: PostedError }

/** Rejects with `RangeError` for a time before the history, else with `SwarmscopeError`. */
export type AskHistory = <C extends HistoryCall>(call: C) => Promise<HistoryAnswers[C['type']]>

export class History {
  readonly #path: string
  readonly #program: URL
  readonly #calls = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  #worker: Worker | null = null
  #idleTimer: NodeJS.Timeout | undefined
  #lastId = 0

  constructor(path: string, program = new URL('./historyWorker.js', import.meta.url)) {
    this.#path = path
    this.#program = program
  }

  ask<C extends HistoryCall>(call: C): Promise<HistoryAnswers[C['type']]> {
    if (this.#calls.size >= MAX_CALLS) return Promise.reject(new SwarmscopeError('RATE_LIMITED'))
    clearTimeout(this.#idleTimer)
    const worker = this.#running()
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      this.#calls.set(id, { resolve, reject })
      worker.postMessage({ id, ...call })
    })
  }

  close(): void {
    clearTimeout(this.#idleTimer)
    this.#end(new SwarmscopeError('STOPPING'))
  }

  #running(): Worker {
    if (this.#worker) return this.#worker
    const worker = new Worker(this.#program, {
      name: 'history',
      workerData: { path: this.#path },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    })
    this.#worker = worker
    worker.on('message', (answer: HistoryAnswer) => {
      const call = this.#calls.get(answer.id)
      this.#calls.delete(answer.id)
      if ('error' in answer) call?.reject(thrownError(answer.error))
      else call?.resolve(answer.value as never)
      if (this.#calls.size === 0) this.#idleTimer = setTimeout(() => this.close(), IDLE_MS).unref()
    })
    worker.on('error', (error) => {
      if (this.#worker === worker) this.#end(logUnavailable(error))
    })
    worker.unref()
    return worker
  }

  #end(error: Error): void {
    const worker = this.#worker
    this.#worker = null
    for (const { reject } of this.#calls.values()) reject(error)
    this.#calls.clear()
    worker?.terminate().catch(() => undefined)
  }
}
