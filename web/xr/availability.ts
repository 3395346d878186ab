// Whether this browser lets anybody step inside, and if not why, and what to do about it.

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

/** Where the page is, as the commands have to name it. */
export interface XrPlace {
  hostname: string
  /** Empty: the scheme's own. */
  port: string
}

export interface XrWay {
  title: string
  /** `null`: the title says it all. */
  command: string | null
}

export type XrReason = 'insecure' | 'no-webxr' | 'no-headset' | 'refused'

export type XrAvailability =
  | { type: 'available'; modes: readonly XrMode[] }
  | { type: 'unavailable'; reason: XrReason; words: string; ways: readonly XrWay[] }

const MODES = ['immersive-vr', 'immersive-ar'] as const satisfies readonly XrMode[]
const DEFAULT_PORT = '8080'

const WORDS: Readonly<Record<XrReason, string>> = {
  insecure: 'VR and AR need a page from localhost or by https, and this one came by plain http. Three ways in:',
  'no-webxr':
    "This browser has no WebXR. Open the page in a headset's own browser, or in Chrome or Edge. Three ways in:",
  'no-headset':
    "This browser finds no headset. Connect one and start its runtime, or open the page in the headset's own browser:",
  refused:
    'The browser did not allow it. Allow virtual reality for this site (the icon left of the address), then try again.',
}

export function xrAvailability({ isSecureContext, hasXr, support }: XrFacts, place: XrPlace): XrAvailability {
  const modes = MODES.filter((mode) => support[mode] === 'yes')
  if (isSecureContext && hasXr && modes.length > 0) return { type: 'available', modes }
  // Without a secure context `navigator.xr` is missing too: that is not the browser's fault.
  if (!isSecureContext) return unavailable('insecure', place)
  if (!hasXr) return unavailable('no-webxr', place)
  return unavailable(MODES.some((mode) => support[mode] === 'refused') ? 'refused' : 'no-headset', place)
}

/** A session was asked for and not given: what the name of that error says. */
export function xrRefusal(errorName: string, place: XrPlace): Extract<XrAvailability, { type: 'unavailable' }> {
  return unavailable(errorName === 'NotSupportedError' ? 'no-headset' : 'refused', place)
}

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

function unavailable(reason: XrReason, place: XrPlace): Extract<XrAvailability, { type: 'unavailable' }> {
  return { type: 'unavailable', reason, words: WORDS[reason], ways: reason === 'refused' ? [] : waysIn(place) }
}

/** The least work first. README.md and docs/headset.md have the same. */
function waysIn({ hostname, port }: XrPlace): XrWay[] {
  const usual = port === '' ? DEFAULT_PORT : port
  return [
    {
      title: `By USB: run this where Swarmscope runs, then open http://localhost:${usual} in the headset`,
      command: `adb reverse tcp:${usual} tcp:${usual}`,
    },
    {
      title: 'By Wi-Fi: start Swarmscope with a certificate of its own, and scan the QR code',
      command: 'npm start -- --tls self-signed',
    },
    {
      title: 'By Wi-Fi, without a warning: a certificate of yours, or of mkcert (its root has to be on the headset)',
      command: `mkcert -cert-file c.pem -key-file k.pem ${namesFor(hostname)} && npm start -- --tls-cert c.pem --tls-key k.pem`,
    },
  ]
}

/** A page at localhost does not know by which address others come. */
function namesFor(hostname: string): string {
  const name = hostname.replace(/^\[|\]$/g, '')
  return /^(localhost|::1|127(\.\d+){3})$/.test(name) ? 'localhost MY-ADDRESS' : `localhost ${name}`
}
