// Into a headset and out of it again. Loaded only when somebody is about to: see XrButtons.tsx.

import { createXRStore } from '@react-three/xr'
import { immersiveSurface } from '../scene/immersiveSurface.ts'
import type { XrMode } from './availability.ts'
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

/** Resolves when one is in. Must be called in the click itself: browsers let nobody in otherwise. */
export async function enterXr(mode: XrMode, onEnd: () => void): Promise<XRSession> {
  const surface = immersiveSurface()
  if (!surface) throw new Error('There is no scene to step into')
  store.setWebXRManager(surface.renderer.xr)
  const session = await store.enterXR(mode)
  if (!session) throw new Error('The headset gave no session')
  const stage = new XrStage({ surface, session, mode })
  session.addEventListener(
    'end',
    () => {
      stage.dispose()
      onEnd()
    },
    { once: true },
  )
  return session
}
