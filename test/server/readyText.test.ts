import { encode } from 'uqr'
import { describe, expect, test } from 'vitest'
import { qrCode } from '../../server/qrCode.ts'
import { type ReadyOptions, readyText } from '../../server/readyText.ts'
import { tokenFromText } from '../../web/stream/token.ts'

const URL = 'https://192.168.1.5:8080'
const OPERATOR_LINK = `${URL}/#token=the-operator`
const VIEWER_LINK = `${URL}/#token=the-viewer`

const text = (more: Partial<ReadyOptions> = {}) =>
  readyText({
    pageUrl: URL,
    isForOthers: true,
    tokens: { operator: 'the-operator', viewer: 'the-viewer' },
    tls: { isSelfSigned: true, fingerprint: 'AB:CD', plainUrl: 'http://127.0.0.1:8081' },
    qr: null,
    isTerminal: false,
    ...more,
  })

/** The modules as they were drawn, two a character. */
function modulesOf(drawn: string): boolean[][] {
  const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g')
  return drawn
    .replace(ESCAPES, '')
    .split('\n')
    .flatMap((line) => [[...line].map((half) => ' ▄'.includes(half)), [...line].map((half) => ' ▀'.includes(half))])
}
const isShown = async (printed: string, link: string) => printed.includes(await qrCode(link, { isTerminal: false }))

describe('A10 what a start prints', () => {
  test('of a page for this machine alone: the one line', async () => {
    const local = { pageUrl: 'http://127.0.0.1:8080', isForOthers: false, tls: null, isTerminal: true }
    expect(await text(local)).toBe('Swarmscope is ready: http://127.0.0.1:8080/#token=the-operator\n')
    expect(await text({ ...local, qr: 'viewer' })).toContain(
      'No QR code: only this machine reaches that address (others',
    )
  })

  test("a token of somebody's own comes whole through the link, whatever is in it", async () => {
    const operator = 'a+b&c=d%e#f'
    const printed = await text({ isForOthers: false, tokens: { operator, viewer: 'the-viewer' } })
    const link = /ready: (\S+)/.exec(printed)?.[1] ?? ''
    expect(tokenFromText(link)).toBe(operator)
  })

  test("of a page for others: both links, the certificate's fingerprint, and where programs on this machine go", async () => {
    const printed = await text()
    expect(printed.split('\n')[0]).toBe(`Swarmscope is ready: ${OPERATOR_LINK}`)
    expect(printed).toContain(`(it may look, not act): ${VIEWER_LINK}\n`)
    expect(printed).toContain('SHA-256 fingerprint:\n  AB:CD\n')
    expect(printed).toContain('without TLS: http://127.0.0.1:8081\n')
    expect(printed).not.toContain('█')
    const own = await text({ tls: { isSelfSigned: false, fingerprint: 'AB:CD', plainUrl: 'http://127.0.0.1:8081' } })
    expect(own).not.toContain('AB:CD')
  })

  test("the QR code holds the viewer's link, on a terminal or where it is asked for; the operator's only if that is said", async () => {
    expect(await isShown(await text({ qr: 'viewer' }), VIEWER_LINK)).toBe(true)
    expect(await isShown(await text({ qr: 'viewer' }), OPERATOR_LINK)).toBe(false)
    const acting = await text({ qr: 'operator' })
    expect(await isShown(acting, OPERATOR_LINK)).toBe(true)
    expect(acting).toContain('(it may act as you do)')
    expect(await text({ isTerminal: true })).toContain('█')
  })
})

describe('the QR code', () => {
  test.each([true, false])('is drawn module by module, with its quiet zone (terminal: %s)', async (isTerminal) => {
    const { data, size } = encode(VIEWER_LINK, { ecc: 'L', border: 2 })
    const drawn = await qrCode(VIEWER_LINK, { isTerminal })
    expect(modulesOf(drawn).slice(0, size)).toEqual(data)
    expect(data.slice(0, 2).flat()).not.toContain(true)
  })

  test('is bright on dark, whatever the theme of the terminal', async () => {
    for (const line of (await qrCode('x', { isTerminal: true })).split('\n')) {
      expect(line.startsWith('\u001b[38;5;231;48;5;16m')).toBe(true)
      expect(line.endsWith('\u001b[0m')).toBe(true)
    }
  })

  test('of a usual link fits a terminal of 80 columns and 24 lines', async () => {
    const lines = (await qrCode(`https://192.168.178.123:65535/#token=${'x'.repeat(32)}`, { isTerminal: false })).split(
      '\n',
    )
    expect(lines[0]?.length).toBeLessThan(60)
    expect(lines.length).toBeLessThan(22)
  })
})
