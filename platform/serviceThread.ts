// A service in a thread of its own: what it is asked goes there as messages, and so do its answers.

import { MessageChannel, Worker } from 'node:worker_threads'

export interface ServiceThread<To> {
  /** What is in `moved` is the thread's from then on. */
  post(message: To, moved?: ArrayBuffer[]): void
  /** Whether the process must stay for it; at first it must. */
  hold(isHeld: boolean): void
  end(): Promise<void>
}

export interface ServiceThreadEvents<From> {
  onMessage(message: From): void
  /** It ended, by itself or because it was ended; nothing more comes. */
  onEnd(error: Error): void
}

export interface ServiceThreadOptions<To, From> {
  /** The built program of the thread. */
  program: URL
  name: string
  workerData?: unknown
  /** What needs more than this ends the thread, not the process. */
  maxHeapMb: number
  /** The service itself, for a process that runs from its sources. */
  serve: (post: (message: From) => void) => { receive(message: To): unknown }
}

/** Node runs what was built; from the sources (a test runner compiles them as it imports) it cannot start a thread. */
export const startServiceThread = <To, From>(
  options: ServiceThreadOptions<To, From>,
  events: ServiceThreadEvents<From>,
): ServiceThread<To> =>
  import.meta.url.endsWith('.js') ? startWorker(options, events) : startInThisThread(options, events)

function startWorker<To, From>(
  { program, name, workerData, maxHeapMb }: ServiceThreadOptions<To, From>,
  { onMessage, onEnd }: ServiceThreadEvents<From>,
): ServiceThread<To> {
  const worker = new Worker(program, {
    name,
    workerData,
    execArgv: [], // some of the process's own are an error in a thread
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  })
  let reason: Error | null = null
  worker.on('message', onMessage)
  worker.on('error', (error: Error) => {
    reason = error
  })
  worker.on('exit', (code) => onEnd(reason ?? new Error(`the ${name} thread ended with code ${code}`)))
  return {
    post: (message, moved) => worker.postMessage(message, moved),
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    async end() {
      await worker.terminate()
    },
  }
}

/** The same messages, copied in the same way. */
function startInThisThread<To, From>(
  { name, serve }: ServiceThreadOptions<To, From>,
  { onMessage, onEnd }: ServiceThreadEvents<From>,
): ServiceThread<To> {
  const { port1, port2 } = new MessageChannel()
  const service = serve((message) => port2.postMessage(message))
  port2.on('message', (message: To) => service.receive(message))
  port1.on('message', onMessage)
  port1.on('close', () => onEnd(new Error(`the ${name} thread was ended`)))
  port2.unref()
  return {
    post: (message, moved = []) => port1.postMessage(message, moved),
    hold: (isHeld) => (isHeld ? port1.ref() : port1.unref()),
    async end() {
      port1.close()
    },
  }
}
