// Encodes the status once for all viewers that are told within a moment of each other.

import type { SwarmscopeError } from '../../protocol/errors.ts'
import type { SourceError } from '../../protocol/swarm.ts'
import type { StatusMessage } from '../../protocol/viewerWire.ts'
import type { View } from '../view.ts'
import type { Encoded } from './encoder.ts'

export interface EncodedStatus {
  message: Encoded
  /** The same for statuses that say the same: all but the clock. */
  content: string
}

export interface StatusEncoderOptions {
  view: View
  viewers: () => number
  /** How far its clock may be behind, and how long its number of viewers may be old. */
  maxAgeMs: number
  onEncoded: () => void
}

export class StatusEncoder {
  readonly #options: StatusEncoderOptions
  #current: EncodedStatus | null = null
  #madeAtMs = 0

  constructor(options: StatusEncoderOptions) {
    this.#options = options
  }

  current(): EncodedStatus {
    const nowMs = performance.now()
    if (this.#current === null || nowMs - this.#madeAtMs >= this.#options.maxAgeMs) {
      this.#madeAtMs = nowMs
      this.#current = this.#encode()
    }
    return this.#current
  }

  /** Something that it says has changed. */
  expire(): void {
    this.#current = null
  }

  #encode(): EncodedStatus {
    const { view, viewers, onEncoded } = this.#options
    onEncoded()
    const { mode, degraded, sources, logError, budgetUsd, recordedMoment } = view
    const noHistory = view.noHistory && stated(view.noHistory)
    const known = { mode, degraded, sources, logError, noHistory, budgetUsd }
    const status = { type: 'status', ...known, viewers: viewers() } as const
    const recorded = recordedMoment && { at: new Date(recordedMoment.atMs).toISOString(), pace: recordedMoment.pace }
    const message: StatusMessage = { ...status, at: new Date().toISOString(), recorded }
    return {
      message: { type: 'status', json: Buffer.from(JSON.stringify(message)), position: null },
      content: JSON.stringify({ ...status, pace: recorded?.pace }),
    }
  }
}

function stated({ body: { success: _, ...error } }: SwarmscopeError): SourceError {
  return error
}
