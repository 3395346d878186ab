import fc from 'fast-check'
import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { describe, expect, test } from 'vitest'
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
import { waysIn } from '../../web/xr/waysIn.ts'
import { XrEntryHint } from '../../web/xr/XrEntryHint.tsx'

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
    expect(xrAvailability(facts(vr, ar))).toEqual({ type: 'available', modes })
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
    const answer = xrAvailability(given)
    expect(answer).toMatchObject({ type: 'unavailable', reason })
  })

  test('whatever the browser says, there is a way in or a reason with words', () => {
    const support = fc.constantFrom<XrSupport>('yes', 'no', 'refused')
    fc.assert(
      fc.property(support, support, fc.boolean(), fc.boolean(), (vr, ar, isSecureContext, hasXr) => {
        const answer = xrAvailability(facts(vr, ar, { isSecureContext, hasXr }))
        const isOpen = isSecureContext && hasXr && (vr === 'yes' || ar === 'yes')
        expect(answer.type === 'available').toBe(isOpen)
        if (answer.type === 'available') return
        expect(answer.words.length).toBeGreaterThan(20)
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
  const TOKEN = 'only-for-who-signed-in'
  const ways = waysIn({
    place: { protocol: 'http:', hostname: 'localhost', port: '8080' },
    doors: { tls: 'none', secureUrl: null, plainPort: 8080, lanName: '192.168.1.5' },
    token: TOKEN,
  })
  const markup = (hint: XrHint, given = ways) =>
    renderToStaticMarkup(createElement(XrEntryHint, { hint, ways: given, onClose: () => undefined }))
  const hint = (given: XrFacts) => {
    const answer = xrAvailability(given)
    if (answer.type === 'available') throw new Error('nothing to say')
    return answer
  }

  test('shows the words and each line, with a button to copy it', () => {
    const html = markup(hint(facts('no', 'no')))
    expect(html).toContain('finds no headset')
    expect(html).toContain('role="note"')
    expect(html.match(/data-testid="copy"/g)).toHaveLength(4)
    expect(html).toContain('adb reverse tcp:8080 tcp:8080')
  })

  test('holds the token nowhere, also not in what a pointer makes appear, and says what stands for it', () => {
    const html = markup(hint(facts('no', 'no')))
    expect(html).not.toContain(TOKEN)
    expect(html).toContain('http://localhost:8080/#token=…')
    expect(html).toContain('stands for your token')
    expect(markup(hint(facts('no', 'no')), [])).not.toContain('stands for your token')
  })

  test.each(XR_REFUSALS)('is an alert where it was asked for and not given: %s', (reason) => {
    expect(markup(refusalHint(reason), [])).toContain('role="alert"')
  })

  test('offers a reload where that is what helps, and only there', () => {
    const withReload = XR_REFUSALS.filter((reason) => markup(refusalHint(reason), []).includes('Reload</button>'))
    expect(withReload).toEqual(['part-missing'])
  })
})
