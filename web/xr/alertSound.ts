// The sound of who needs somebody or failed, from where that agent stands. Made of oscillators: nothing is loaded for it.

import type { SoundMode } from '../store/settings.ts'
import type { TurnKind } from '../store/turns.ts'
import type { Point } from './worldRig.ts'

/** Pitches in hertz, one after the other: upward asks, downward tells. */
const TUNES: Readonly<Record<TurnKind, readonly number[]>> = {
  waiting: [659.3, 880],
  failed: [440, 311.1],
  conflict: [440, 440],
}
const NOTE_SEC = 0.16
const RING_SEC = 0.5
const LOUDNESS = 0.22

export interface HeadPose {
  forward: Point
  up: Point
}

export class AlertSound {
  #context: AudioContext | null = null

  /** Within a click: browsers give a voice to nobody else. */
  constructor() {
    if (typeof AudioContext === 'undefined') return
    try {
      this.#context = new AudioContext()
    } catch {
      this.#context = null // no sound device: then it is seen only
    }
  }

  /** `at`: from the head, along the room's axes, in metres; `null`: it is nowhere to be seen. */
  play(kind: TurnKind, at: Point | null, head: HeadPose, mode: SoundMode): void {
    const context = this.#context
    if (!context || mode === 'off') return
    if (context.state === 'suspended') void context.resume().catch(() => undefined) // refused: the next click may do
    const gain = context.createGain()
    const isPlaced = mode === 'spatial' && at !== null
    if (isPlaced) gain.connect(placed(context, at, head)).connect(context.destination)
    else gain.connect(context.destination)
    const startSec = context.currentTime + 0.02
    const tune = TUNES[kind]
    const endSec = startSec + (tune.length - 1) * NOTE_SEC + RING_SEC
    gain.gain.setValueAtTime(0, startSec)
    let last: OscillatorNode | null = null
    for (const [index, hertz] of tune.entries()) {
      const fromSec = startSec + index * NOTE_SEC
      const note = context.createOscillator()
      note.type = 'triangle'
      note.frequency.value = hertz
      note.connect(gain)
      note.start(fromSec)
      note.stop(index === tune.length - 1 ? endSec : fromSec + NOTE_SEC)
      gain.gain.linearRampToValueAtTime(LOUDNESS, fromSec + 0.015)
      gain.gain.exponentialRampToValueAtTime(0.02, index === tune.length - 1 ? endSec : fromSec + NOTE_SEC)
      last = note
    }
    last?.addEventListener('ended', () => gain.disconnect(), { once: true })
  }

  close(): void {
    // Closed already is as good.
    void this.#context?.close().catch(() => undefined)
    this.#context = null
  }
}

function placed(context: AudioContext, at: Point, { forward, up }: HeadPose): PannerNode {
  const { listener } = context
  // Not every browser has these as parameters.
  if (listener.forwardX) {
    listener.forwardX.value = forward.x
    listener.forwardY.value = forward.y
    listener.forwardZ.value = forward.z
    listener.upX.value = up.x
    listener.upY.value = up.y
    listener.upZ.value = up.z
  } else listener.setOrientation(forward.x, forward.y, forward.z, up.x, up.y, up.z)
  return new PannerNode(context, {
    panningModel: 'HRTF',
    distanceModel: 'inverse',
    refDistance: 1,
    // From afar it is softer, and still heard.
    rolloffFactor: 0.3,
    positionX: at.x,
    positionY: at.y,
    positionZ: at.z,
  })
}
