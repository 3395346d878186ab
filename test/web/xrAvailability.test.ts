import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { describe, expect, test } from 'vitest'
import { plainPortOf } from '../../server/config.ts'
import {
  askXr,
  refusalHint,
  refusalOf,
  XR_REFUSALS,
  type XrFacts,
  type XrHint,
  type XrSupport,
  xrAvailability,
} from '../../web/xr/availability.ts'
import { XrEntryHint } from '../../web/xr/XrEntryHint.tsx'

const PLACE = { protocol: 'http:', hostname: '192.168.1.5', port: '8080' }
const facts = (vr: XrSupport, ar: XrSupport, more: Partial<XrFacts> = {}): XrFacts => ({
  isSecureContext: true,
  hasXr: true,
  support: { 'immersive-vr': vr, 'immersive-ar': ar },
  ...more,
})

describe('whether one can step inside', () => {
  test.each<[XrSupport, XrSupport, string[]]>([
    ['yes', 'yes', ['immersive-vr', 'immersive-ar']],
    ['yes', 'no', ['immersive-vr']],
    ['no', 'yes', ['immersive-ar']],
    ['yes', 'refused', ['immersive-vr']],
  ])('VR %s and AR %s: available as %j', (vr, ar, modes) => {
    expect(xrAvailability(facts(vr, ar), PLACE)).toEqual({ type: 'available', modes })
  })

  test.each<[string, XrFacts, string]>([
    [
      'plain http from another machine, where navigator.xr is missing too',
      facts('no', 'no', { isSecureContext: false, hasXr: false }),
      'insecure',
    ],
    [
      'plain http in a browser that shows navigator.xr all the same',
      facts('yes', 'no', { isSecureContext: false }),
      'insecure',
    ],
    ['https in a browser without it', facts('no', 'no', { hasXr: false }), 'no-webxr'],
    ['a desktop browser without a headset', facts('no', 'no'), 'no-headset'],
    ['a page that may not ask', facts('refused', 'no'), 'forbidden'],
  ])('%s: says why', (_case, given, reason) => {
    const answer = xrAvailability(given, PLACE)
    expect(answer).toMatchObject({ type: 'unavailable', reason })
  })

  test('whatever the browser says, there is a way in or a reason with words, and ways unless the page may not ask', () => {
    const support = fc.constantFrom<XrSupport>('yes', 'no', 'refused')
    fc.assert(
      fc.property(support, support, fc.boolean(), fc.boolean(), (vr, ar, isSecureContext, hasXr) => {
        const answer = xrAvailability(facts(vr, ar, { isSecureContext, hasXr }), PLACE)
        const isOpen = isSecureContext && hasXr && (vr === 'yes' || ar === 'yes')
        expect(answer.type === 'available').toBe(isOpen)
        if (answer.type === 'available') return
        expect(answer.words.length).toBeGreaterThan(20)
        expect(answer.ways).toHaveLength(answer.reason === 'forbidden' ? 0 : 3)
      }),
    )
  })

  test.each([
    ['NotAllowedError', 'not-allowed'],
    ['NotSupportedError', 'not-given'],
    ['SecurityError', 'press-again'],
    ['InvalidStateError', 'in-use'],
    ['AbortError', 'failed'],
  ])('a session that is not given for a %s: %s', (name, reason) => {
    expect(refusalOf(new DOMException('', name))).toBe(reason)
  })

  test('no two reasons are told in the same words', () => {
    expect(new Set(XR_REFUSALS.map((reason) => refusalHint(reason).words)).size).toBe(XR_REFUSALS.length)
    expect(refusalOf('thrown by somebody who does not know better')).toBe('failed')
  })
})

describe('the ways in', () => {
  const commands = (hostname: string, port: string, protocol = 'http:') => {
    const answer = xrAvailability(facts('no', 'no', { isSecureContext: false }), { protocol, hostname, port })
    return answer.type === 'available' ? [] : answer.ways.map(({ command }) => command)
  }

  test.each([
    ['192.168.1.5', '9000', 'tcp:9000 tcp:9000', 'localhost 192.168.1.5'],
    ['studio.local', '', 'tcp:8080 tcp:8080', 'localhost studio.local'],
    ['[fd00::5]', '8080', 'tcp:8080 tcp:8080', 'localhost fd00::5'],
    ['localhost', '8080', 'tcp:8080 tcp:8080', 'localhost MY-ADDRESS'],
    ['127.0.0.1', '8080', 'tcp:8080 tcp:8080', 'localhost MY-ADDRESS'],
  ])('of %s:%s name its port and address', (hostname, port, ports, names) => {
    expect(commands(hostname, port)).toEqual([
      `adb reverse ${ports}`,
      'npm start -- --tls self-signed',
      `mkcert -cert-file c.pem -key-file k.pem ${names} && npm start -- --tls-cert c.pem --tls-key k.pem`,
    ])
  })

  test.each([
    ['8080', '8081'],
    ['9443', '9444'],
    // By a proxy's https: the server behind it has its usual port.
    ['', '8080'],
  ])('by USB of an https page at port "%s" is the port without TLS, %s', (port, plain) => {
    expect(commands('192.168.1.5', port, 'https:')[0]).toBe(`adb reverse tcp:${plain} tcp:${plain}`)
    expect(plainPortOf({ port: 8080, plainPort: null })).toBe(8081)
  })

  test('are those of README.md', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    for (const command of commands('192.168.1.5', '8080')) expect(readme).toContain(command)
  })
})

describe('asking the browser', () => {
  test('both modes are asked for, and no answer or error is lost', async () => {
    const asked = (vr: () => Promise<boolean>, ar: () => Promise<boolean>) =>
      askXr({ isSessionSupported: (mode) => (mode === 'immersive-vr' ? vr() : ar()) }, true)
    const fails = (name: string) => () => Promise.reject(new DOMException('', name))
    expect(
      await asked(
        async () => true,
        async () => false,
      ),
    ).toEqual(facts('yes', 'no'))
    expect(await asked(fails('SecurityError'), fails('InvalidStateError'))).toEqual(facts('refused', 'no'))
    expect(await askXr(undefined, false)).toEqual(facts('no', 'no', { isSecureContext: false, hasXr: false }))
  })
})

describe('the hint', () => {
  const markup = (hint: XrHint) => renderToStaticMarkup(createElement(XrEntryHint, { hint, onClose: () => undefined }))
  const hint = (given: XrFacts) => {
    const answer = xrAvailability(given, PLACE)
    if (answer.type === 'available') throw new Error('nothing to say')
    return markup(answer)
  }

  test('shows the words and each command, with a button to copy it', () => {
    const html = hint(facts('no', 'no'))
    expect(html).toContain('finds no headset')
    expect(html).toContain('role="note"')
    expect(html.match(/aria-label="Copy the command: /g)).toHaveLength(3)
    expect(html).toContain('adb reverse tcp:8080 tcp:8080')
  })

  test.each(XR_REFUSALS)('is an alert where it was asked for and not given: %s', (reason) => {
    expect(markup(refusalHint(reason))).toContain('role="alert"')
  })

  test('offers a reload where that is what helps, and only there', () => {
    const withReload = XR_REFUSALS.filter((reason) => markup(refusalHint(reason)).includes('Reload</button>'))
    expect(withReload).toEqual(['part-missing'])
  })
})
