// Into a headset and out of it again. Loaded only when somebody is about to: see XrButtons.tsx.

import { createXRStore } from '@react-three/xr'
import type { WebXRManager } from 'three'
import { immersiveSurface } from '../scene/immersiveSurface.ts'
import { setHeadset } from '../store/headset.ts'
import type { XrMode, XrRefusal } from './availability.ts'
import { RATES } from './pace.ts'
import { XrStage } from './xrStage.ts'

const store = createXRStore({
  // Each of these is on otherwise: an emulator in place of a headset, sessions that nobody asked for, and permissions that
  // nothing here needs.
  emulate: false,
  offerSession: false,
  enterGrantedSession: false,
  domOverlay: false,
  anchors: false,
  layers: false,
  meshDetection: false,
  planeDetection: false,
  hitTest: false,
  // Hands and controllers are read from the session, and drawn by us in one draw.
  controller: false,
  hand: false,
  gaze: false,
  screenInput: false,
  transientPointer: false,
  // Absolute, or the library throws; our own, or it asks elsewhere.
  baseAssetPath: `${location.origin}/profiles/`,
  frameRate: (supported) => RATES.find((rate) => Array.prototype.includes.call(supported, rate)) ?? false,
  // The library's own is the coarsest there is; what is needed is seen in there.
  foveation: 0,
})

/**
 * Resolves when one is in (`null`), or with what stood in the way; rejects with the browser's own error. Must be called in the
 * click itself: browsers let nobody in otherwise.
 */
export async function enterXr(mode: XrMode): Promise<XrRefusal | null> {
  const surface = immersiveSurface()
  if (!surface) return 'no-scene'
  const { xr } = surface.renderer
  store.setWebXRManager(xr)
  const session = await store.enterXR(mode)
  // Meanwhile the headset may have been taken off, or the scene may have gone.
  if (!session || xr.getSession() !== session) {
    forgetSession(xr)
    return 'left-again'
  }
  if (immersiveSurface() !== surface) {
    await session.end()
    return 'no-scene'
  }
  setHeadset({ state: 'inside', session })
  const stage = new XrStage({ surface, session, mode })
  session.addEventListener(
    'end',
    () => {
      // First, for whether anybody looks is asked when the stage goes.
      setHeadset({ state: 'out' })
      stage.dispose()
    },
    { once: true },
  )
  return null
}

/** three, whose session ended while it began, believes to be in it ever after, and the page would draw no more. */
function forgetSession(xr: WebXRManager): void {
  if (!xr.isPresenting || xr.getSession() !== null) return
  xr.isPresenting = false
  xr.dispatchEvent({ type: 'sessionend' })
}
