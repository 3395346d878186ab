// How this very server is reached from a headset, each line as it has to be typed. The token is in those that are copied, and
// in none that is shown: a link to share never has one, for it is for others; this one is for the same person's other browser,
// which has no other way to it than by hand. So it is given by a press alone, and no picture of the screen has it.

import type { Doors } from '../../protocol/viewerWire.ts'

/** Where the page is. */
export interface XrPlace {
  protocol: string
  hostname: string
  /** Empty: the scheme's own. */
  port: string
}

export interface WaysInput {
  place: XrPlace
  /** As the server says; `null`: it has not, yet. */
  doors: Doors | null
  /** The page's own; `null`: it has none. */
  token: string | null
}

export interface XrLine {
  /** What it is, for who hears it. */
  what: string
  shown: string
  copied: string
}

export interface XrWay {
  title: string
  lines: readonly XrLine[]
}

const DEFAULT_PORT = 8080
/** Stands for the token where that is not to be seen. */
const HIDDEN = '…'
const LOOPBACK = /^(localhost|\[?::1\]?|127(\.\d+){3})$/

/** The least work first. README.md and docs/headset.md have the same for a server as it is started without options. */
export function waysIn({ place, doors, token }: WaysInput): XrWay[] {
  const known = doors ?? guessed(place)
  const secureUrl = secureUrlOf(place, known)
  return [
    ...byUsb(place, known, token),
    secureUrl === null ? byCertificate(place, known) : byLink(secureUrl, known, token),
    // Who has a certificate that browsers trust needs no other.
    ...(known.tls === 'files' || (secureUrl !== null && known.tls === 'none') ? [] : [byMkcert(place, known)]),
  ]
}

function byUsb(place: XrPlace, { plainPort }: Doors, token: string | null): XrWay[] {
  // What this browser finds on its own machine, adb does.
  const isHere = place.protocol === 'http:' && LOOPBACK.test(place.hostname)
  const port = isHere ? Number(place.port || 80) : plainPort
  if (port === null) return []
  const where = isHere ? 'this computer' : 'the computer where Swarmscope runs'
  const open = (link: string) => `adb shell am start -a android.intent.action.VIEW -d "'${link}'"`
  const link = linkWith(`http://localhost:${port}`, token)
  return [
    {
      title: `By USB (Quest, Pico, Android): connect the headset to ${where} and run both lines there. The second opens this page in it.`,
      lines: [
        same('the command that leads the port through the cable', `adb reverse tcp:${port} tcp:${port}`),
        {
          what: 'the command that opens the page, with your token',
          shown: open(link.shown),
          copied: open(link.copied),
        },
      ],
    },
  ]
}

function byLink(secureUrl: string, { tls }: Doors, token: string | null): XrWay {
  const isOurOwn = tls === 'self-signed'
  return {
    title: isOurOwn
      ? 'By Wi-Fi: open this link in the headset, or scan the QR code that the start printed. Accept the certificate if it has the fingerprint printed there.'
      : 'By Wi-Fi: open this link in the headset, or scan the QR code that the start printed.',
    lines: [{ what: 'the link, with your token', ...linkWith(secureUrl, token) }],
  }
}

/** Others do not get here yet. */
function byCertificate(place: XrPlace, doors: Doors): XrWay {
  if (doors.tls === 'files') {
    return {
      title: 'By Wi-Fi: Swarmscope has a certificate, but listens on its own computer alone. Start it without --host.',
      lines: [],
    }
  }
  return {
    title:
      'By Wi-Fi: stop Swarmscope, start it like this (add your other options, but not --host), and scan the QR code that it prints.',
    lines: [same('the command', `npm start -- --tls self-signed${portOption(place, doors)}`)],
  }
}

function byMkcert(place: XrPlace, doors: Doors): XrWay {
  const name = nameFor(place, doors)
  const names = `localhost ${name ?? 'MY-ADDRESS'}`
  const hint = name === null ? ' For MY-ADDRESS put the address of the computer where Swarmscope runs.' : ''
  return {
    title: `By Wi-Fi, without a warning: a certificate of yours, or of mkcert (its root has to be on the headset).${hint}`,
    lines: [
      same(
        'the commands',
        `mkcert -cert-file c.pem -key-file k.pem ${names} && npm start -- --tls-cert c.pem --tls-key k.pem${portOption(place, doors)}`,
      ),
    ],
  }
}

const same = (what: string, line: string): XrLine => ({ what, shown: line, copied: line })

/** Quoted for any shell: a token of somebody's own may have signs that shells, or links, read otherwise. */
const linkWith = (url: string, token: string | null): Pick<XrLine, 'shown' | 'copied'> => ({
  shown: `${url}/#token=${HIDDEN}`,
  copied: token === null ? `${url}/` : `${url}/#token=${encodeURIComponent(token).replace(/[!'()*]/g, percent)}`,
})
const percent = (sign: string): string => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`

/** Others come by https: as this page itself did, else as the server says. */
function secureUrlOf({ protocol, hostname, port }: XrPlace, { secureUrl }: Doors): string | null {
  if (protocol !== 'https:' || LOOPBACK.test(hostname)) return secureUrl
  return `https://${hostname}${port === '' ? '' : `:${port}`}`
}

/** Of the page, not of the door beside it. */
function portOption({ protocol, port }: XrPlace, { tls, plainPort }: Doors): string {
  const own = tls === 'none' ? plainPort : protocol === 'https:' && port !== '' ? Number(port) : null
  return own === null || own === DEFAULT_PORT ? '' : ` --port ${own}`
}

/** By which others find the server's machine. */
function nameFor({ hostname }: XrPlace, { lanName }: Doors): string | null {
  const name = LOOPBACK.test(hostname) ? lanName : hostname
  return name?.replace(/^\[|\]$/g, '') ?? null
}

/** As the server is without options; what the page came by is its own. */
function guessed({ protocol, port }: XrPlace): Doors {
  const isSecure = protocol === 'https:'
  const own = port === '' ? DEFAULT_PORT : Number(port)
  return {
    // A page without a port comes through somebody else's door.
    tls: isSecure && port !== '' ? 'self-signed' : 'none',
    secureUrl: null,
    plainPort: isSecure && port !== '' ? own + 1 : own,
    lanName: null,
  }
}
