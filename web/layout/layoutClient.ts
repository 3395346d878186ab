// The page's end of the layout worker: sends changes, hands each set of positions to the scene, and gives the buffers back.

import type { LayoutMode } from './layoutModes.ts'
import type { FromLayout, LayoutNode, ToLayout } from './messages.ts'

export interface LayoutPort {
  postMessage(message: ToLayout, transfer: Transferable[]): void
  onmessage: ((event: { data: FromLayout }) => void) | null
  terminate(): void
}

export const startLayoutWorker = (): LayoutPort =>
  new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }) as unknown as LayoutPort

export class LayoutClient {
  readonly #port: LayoutPort
  #stepMs = 0
  #isSettled = true

  /** `onPositions` must not keep the arrays: they go back to the worker. */
  constructor(port: LayoutPort, onPositions: (update: FromLayout) => void) {
    this.#port = port
    port.onmessage = ({ data }) => {
      this.#stepMs = data.stepMs
      this.#isSettled = data.settled
      onPositions(data)
      port.postMessage({ type: 'recycle', positions: data.positions, generations: data.generations }, [
        data.positions.buffer,
        data.generations.buffer,
      ])
    }
  }

  /** CPU time of the last step, in the worker. */
  get stepMs(): number {
    return this.#stepMs
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  change(
    add: LayoutNode[],
    remove: number[],
    links: Int32Array | null,
    groups: Int32Array | null,
    isLeap: boolean,
  ): void {
    this.#isSettled = false
    const transfer = [links, groups].flatMap((array) => (array ? [array.buffer] : []))
    this.#port.postMessage({ type: 'change', add, remove, isLeap, links, groups }, transfer)
  }

  setMode(mode: LayoutMode): void {
    this.#isSettled = false
    this.#port.postMessage({ type: 'mode', mode }, [])
  }

  setMotion(hasMotion: boolean): void {
    this.#port.postMessage({ type: 'motion', hasMotion }, [])
  }

  pause(paused: boolean): void {
    this.#port.postMessage({ type: 'pause', paused }, [])
  }

  close(): void {
    this.#port.onmessage = null
    this.#port.terminate()
  }
}
