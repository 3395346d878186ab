// Whether this browser lets anybody step inside, and if not why, and what to do about it: before anybody asks, and after.

export type XrMode = 'immersive-vr' | 'immersive-ar'

/** What `navigator.xr` has to have. */
export interface XrAsked {
  isSessionSupported(mode: XrMode): Promise<boolean>
}

/** How `isSessionSupported` was answered; `refused`: the page may not even ask (a permissions policy). */
export type XrSupport = 'yes' | 'no' | 'refused'

export interface XrFacts {
  isSecureContext: boolean
  /** `navigator.xr` is there. */
  hasXr: boolean
  support: Readonly<Record<XrMode, XrSupport>>
}

/** Why there is no way in. `forbidden`: the page may not even ask. */
export type XrReason = 'insecure' | 'no-webxr' | 'no-headset' | 'forbidden'

export type XrAvailability =
  | { type: 'available'; modes: readonly XrMode[] }
  | { type: 'unavailable'; reason: XrReason; words: string }

export const XR_REFUSALS = [
  'not-allowed',
  'not-given',
  'press-again',
  'in-use',
  'no-scene',
  'left-again',
  'part-missing',
  'part-away',
  'failed',
] as const
/** Why somebody who asked is not in. */
export type XrRefusal = (typeof XR_REFUSALS)[number]

/** What is said in place of the way in. */
export type XrHint =
  | Extract<XrAvailability, { type: 'unavailable' }>
  | { type: 'refused'; reason: XrRefusal; words: string }

const MODES = ['immersive-vr', 'immersive-ar'] as const satisfies readonly XrMode[]

const WORDS: Readonly<Record<XrReason | XrRefusal, string>> = {
  insecure: 'VR and AR need a page from localhost or by https, and this one came by plain http. The ways in:',
  'no-webxr': "This browser has no WebXR. Open the page in a headset's own browser, or in Chrome or Edge. The ways in:",
  'no-headset':
    "This browser finds no headset. Connect one and start its runtime, or open the page in the headset's own browser:",
  forbidden:
    'This page may not ask for a headset: something between it and its server, or a page around it, forbids it (Permissions-Policy: xr-spatial-tracking).',
  'not-allowed':
    'The browser did not allow it. Allow virtual reality for this site (the icon left of the address), then press again.',
  // Browsers say the same of a user who refused and of a headset that is not ready.
  'not-given':
    'The browser gave no session: it was not allowed, or the headset is not ready. Allow virtual reality for this site (the icon left of the address), see that the headset is on and awake, then press again.',
  'press-again': 'The browser lets in only who has just pressed, and this took too long. Press again.',
  'in-use':
    'Somebody is in the headset already, from another page or tab of this browser. Leave that, then press again.',
  'no-scene': 'The scene is not drawn just now, so there is nothing to step into. Press again when it is there.',
  'left-again': 'The headset ended the session as it began. Put it on, then press again.',
  'part-missing': 'The part of this page that a headset needs could not be loaded. Reload the page, then press again.',
  'part-away':
    'The part of this page that a headset needs could not be loaded, for the server does not answer. When it is back, reload the page, then press again.',
  failed: 'The headset could not be entered. See that it is on and awake, then press again; or reload the page.',
}

export function xrAvailability({ isSecureContext, hasXr, support }: XrFacts): XrAvailability {
  const modes = MODES.filter((mode) => support[mode] === 'yes')
  if (isSecureContext && hasXr && modes.length > 0) return { type: 'available', modes }
  // Without a secure context `navigator.xr` is missing too: that is not the browser's fault.
  if (!isSecureContext) return unavailable('insecure')
  if (!hasXr) return unavailable('no-webxr')
  return unavailable(MODES.some((mode) => support[mode] === 'refused') ? 'forbidden' : 'no-headset')
}

const unavailable = (reason: XrReason): XrAvailability => ({ type: 'unavailable', reason, words: WORDS[reason] })

const BY_ERROR: ReadonlyMap<string, XrRefusal> = new Map([
  ['NotAllowedError', 'not-allowed'],
  ['NotSupportedError', 'not-given'],
  // Whether the page may ask at all was asked before: what is left is a click that is too long ago.
  ['SecurityError', 'press-again'],
  ['InvalidStateError', 'in-use'],
])

/** A session was asked for and not given: what the name of that error says. */
export const refusalOf = (error: unknown): XrRefusal => (error instanceof Error && BY_ERROR.get(error.name)) || 'failed'

export const refusalHint = (reason: XrRefusal): XrHint => ({ type: 'refused', reason, words: WORDS[reason] })

/** Asks the browser; never rejects. */
export async function askXr(xr: XrAsked | undefined, isSecureContext: boolean): Promise<XrFacts> {
  const ask = async (mode: XrMode): Promise<XrSupport> => {
    if (!xr) return 'no'
    try {
      return (await xr.isSessionSupported(mode)) ? 'yes' : 'no'
    } catch (error) {
      return error instanceof Error && error.name === 'SecurityError' ? 'refused' : 'no'
    }
  }
  const [vr, ar] = await Promise.all([ask('immersive-vr'), ask('immersive-ar')])
  return { isSecureContext, hasXr: xr !== undefined, support: { 'immersive-vr': vr, 'immersive-ar': ar } }
}
