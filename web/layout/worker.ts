// The layout's thread: nothing but the runner's edge.

import type { FromLayout, ToLayout } from './messages.ts'
import { LayoutRunner } from './runner.ts'

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToLayout>) => void) | null
  postMessage(message: FromLayout, transfer: Transferable[]): void
}
const scope = globalThis as unknown as WorkerScope

const runner = new LayoutRunner({
  nowMs: () => performance.now(),
  schedule: (delayMs) => {
    setTimeout(() => runner.turn(), delayMs)
  },
  send: (message, transfer) => scope.postMessage(message, transfer),
})
scope.onmessage = (event) => runner.receive(event.data)
