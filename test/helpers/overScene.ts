// What a gesture over the scene really does: the page's own listeners and camera, on an element that only passes events on.

import { PerspectiveCamera } from 'three'
import { vi } from 'vitest'
import { CameraRig } from '../../web/scene/cameraRig.ts'
import { listenToPointer } from '../../web/scene/pointer.ts'
import type { Action, ScreenBinding } from '../../web/xr/actions.ts'

type Gesture = NonNullable<ScreenBinding['over']>

class Canvas extends EventTarget {
  readonly style = {}
  readonly ownerDocument = new EventTarget()
  readonly clientWidth = 800
  readonly clientHeight = 600

  /** A mark of the controls' version, which nobody reads. */
  readonly setAttribute = () => undefined
  readonly removeAttribute = () => undefined

  getBoundingClientRect() {
    return { left: 0, top: 0, x: 0, y: 0, width: 800, height: 600, right: 800, bottom: 600 }
  }
}

/** Node has none; the camera's controls make one before they know any place. */
class NoRect {}

const MIDDLE = { clientX: 400, clientY: 300 }
const MOUSE = { pointerId: 1, pointerType: 'mouse', isPrimary: true, ...MIDDLE }

function happen(target: EventTarget, type: string, fields: object): void {
  target.dispatchEvent(Object.assign(new Event(type, { cancelable: true }), fields))
}

const PERFORM: Readonly<Record<Gesture, (canvas: Canvas, draw: () => void) => void>> = {
  click(canvas) {
    happen(canvas, 'pointerdown', { ...MOUSE, button: 0, buttons: 1 })
    for (const target of [canvas, canvas.ownerDocument])
      happen(target, 'pointerup', { ...MOUSE, button: 0, buttons: 0 })
  },
  /** With the one button, then with the other. */
  drag(canvas, draw) {
    for (const [button, buttons] of [
      [0, 1],
      [2, 2],
    ] as const) {
      happen(canvas, 'pointerdown', { ...MOUSE, button, buttons })
      for (const by of [40, 120]) {
        happen(canvas.ownerDocument, 'pointermove', {
          ...MOUSE,
          button: -1,
          buttons,
          clientX: 400 + by,
          movementX: by,
          movementY: 0,
        })
        draw()
      }
      for (const target of [canvas, canvas.ownerDocument])
        happen(target, 'pointerup', { ...MOUSE, clientX: 520, button, buttons: 0 })
    }
  },
  wheel(canvas) {
    happen(canvas, 'wheel', { ...MIDDLE, pageX: 400, pageY: 300, deltaY: 120, deltaMode: 0, ctrlKey: false })
  },
}

/** The actions that this gesture did. */
export function doneOverScene(gesture: Gesture): ReadonlySet<Action> {
  const canvas = new Canvas()
  const element = canvas as unknown as HTMLElement
  vi.stubGlobal('DOMRect', NoRect)
  vi.stubGlobal('cancelAnimationFrame', () => undefined)
  const camera = new PerspectiveCamera(38, 800 / 600, 0.5, 6_000)
  const rig = new CameraRig(camera, element, () => undefined)
  const done = new Set<Action>()
  const stop = listenToPointer(element, {
    pick: () => 'agent',
    hover: () => undefined,
    focus: () => undefined,
    // Who is selected is shown in detail (selectFromScene, Detail.tsx).
    select: (id) => {
      if (id !== null) done.add('select').add('open-detail')
    },
  })
  rig.setMotion(false)
  rig.setView([0, 0, 60, 0, 0, 0])
  const draw = () => void rig.update({ nowMs: 0, deltaSec: 0.016 })
  draw()
  PERFORM[gesture](canvas, draw)
  draw()
  const [x = 0, y = 0, z = 0, targetX = 0, targetY = 0, targetZ = 0] = rig.view ?? []
  const [awayX, awayY, awayZ] = [x - targetX, y - targetY, z - targetZ]
  if (Math.hypot(targetX, targetY, targetZ) > 0.1) done.add('move')
  if (Math.abs(Math.atan2(awayX, awayZ)) > 0.05) done.add('turn')
  if (Math.abs(Math.hypot(awayX, awayY, awayZ) - 60) > 0.5) done.add('scale')
  stop()
  vi.unstubAllGlobals()
  rig.dispose(element)
  return done
}
