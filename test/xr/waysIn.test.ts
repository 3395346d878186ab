// What the page tells whoever has no headset here: lines that work as they stand, for this very server.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Doors } from '../../protocol/viewerWire.ts'
import { waysIn, type XrPlace } from '../../web/xr/waysIn.ts'

const TOKEN = 'abc-123_XYZ'
const PLAIN: Doors = { tls: 'none', secureUrl: null, plainPort: 8080, lanName: '192.168.1.5' }
const OURS: Doors = {
  tls: 'self-signed',
  secureUrl: 'https://192.168.1.5:8080',
  plainPort: 8081,
  lanName: '192.168.1.5',
}
const at = (url: string): XrPlace => {
  const { protocol, hostname, port } = new URL(url)
  return { protocol, hostname, port }
}
const shown = (url: string, doors: Doors | null) =>
  waysIn({ place: at(url), doors, token: TOKEN }).flatMap(({ lines }) => lines.map((line) => line.shown))
const titles = (url: string, doors: Doors | null) =>
  waysIn({ place: at(url), doors, token: TOKEN }).map(({ title }) => title)

const USB = (port: number) => [
  `adb reverse tcp:${port} tcp:${port}`,
  `adb shell am start -a android.intent.action.VIEW -d "'http://localhost:${port}/#token=…'"`,
]
const MKCERT = (name: string) => `mkcert -cert-file c.pem -key-file k.pem localhost ${name}`

describe('the ways in', () => {
  test('of a server as it is started without options', () => {
    expect(shown('http://127.0.0.1:8080', PLAIN)).toEqual([
      ...USB(8080),
      'npm start -- --tls self-signed',
      `${MKCERT('192.168.1.5')} && npm start -- --tls-cert c.pem --tls-key k.pem`,
    ])
  })

  test('of one at another port name that, also for the start to come', () => {
    expect(shown('http://localhost:9000', { ...PLAIN, plainPort: 9000 })).toEqual([
      ...USB(9000),
      'npm start -- --tls self-signed --port 9000',
      `${MKCERT('192.168.1.5')} && npm start -- --tls-cert c.pem --tls-key k.pem --port 9000`,
    ])
  })

  test.each([
    ['by its address', 'https://192.168.1.5:8080'],
    ['by the door beside it', 'http://127.0.0.1:8081'],
    ['by https on its own machine', 'https://localhost:8080'],
  ])('of one with TLS, seen %s: what it has already, and no start for that', (_case, url) => {
    expect(shown(url, OURS).slice(0, 3)).toEqual([...USB(8081), 'https://192.168.1.5:8080/#token=…'])
    expect(titles(url, OURS).join()).toContain('fingerprint')
    expect(shown(url, OURS).join()).not.toContain('--tls self-signed')
  })

  test('of one with a certificate of theirs: no other certificate is spoken of', () => {
    const theirs: Doors = { ...OURS, tls: 'files', secureUrl: 'https://studio.example:8080' }
    expect(shown('http://127.0.0.1:8081', theirs)).toEqual([...USB(8081), 'https://studio.example:8080/#token=…'])
    expect(titles('http://127.0.0.1:8081', theirs).join()).not.toContain('fingerprint')
  })

  test('of one with TLS that listens on its own machine alone: started without --host it is there for others', () => {
    const alone = { ...OURS, secureUrl: null, lanName: null }
    expect(titles('https://127.0.0.1:8080', alone)[1]).toContain('not --host')
    expect(shown('https://127.0.0.1:8080', alone)[2]).toBe('npm start -- --tls self-signed')
    const theirs: Doors = { ...alone, tls: 'files' }
    expect(titles('https://127.0.0.1:8080', theirs)[1]).toContain('without --host')
    expect(shown('https://127.0.0.1:8080', theirs)).toEqual(USB(8081))
  })

  test("of one behind somebody else's https: this page's link, wherever the page came from", () => {
    const proxied: Doors = { ...PLAIN, secureUrl: 'https://swarm.example' }
    for (const url of ['https://swarm.example', 'http://127.0.0.1:8080']) {
      expect(shown(url, proxied)).toEqual([...USB(8080), 'https://swarm.example/#token=…'])
    }
  })

  test('where plain http is not on the machine itself, none is led through a cable', () => {
    expect(shown('http://192.168.1.5:8080', { ...PLAIN, plainPort: null, lanName: null })).toEqual([
      'npm start -- --tls self-signed',
      `${MKCERT('192.168.1.5')} && npm start -- --tls-cert c.pem --tls-key k.pem`,
    ])
  })

  test('in a container the port is the one that this browser has; what nobody knows is named as such', () => {
    const container: Doors = { tls: 'none', secureUrl: null, plainPort: 8080, lanName: null }
    expect(shown('http://localhost:18080', container).slice(0, 2)).toEqual(USB(18080))
    expect(shown('http://localhost:18080', container)[3]).toContain(MKCERT('MY-ADDRESS'))
    expect(titles('http://localhost:18080', container)[2]).toContain('For MY-ADDRESS put')
  })

  test.each([
    ['http://192.168.1.5:9000', 9000, '192.168.1.5'],
    ['http://[fd00::5]:8080', 8080, 'fd00::5'],
    ['https://studio.local:8080', 8081, 'studio.local'],
  ])('before the server has said anything, of %s they are what its address tells', (url, port, name) => {
    expect(shown(url, null).slice(0, 2)).toEqual(USB(port))
    expect(shown(url, null).at(-1)).toContain(MKCERT(name))
  })
})

describe('the token', () => {
  test('is copied with each link, and shown with none', () => {
    for (const doors of [PLAIN, OURS]) {
      const lines = waysIn({ place: at('http://127.0.0.1:8080'), doors, token: TOKEN }).flatMap((way) => way.lines)
      expect(lines.some(({ copied }) => copied.includes(`#token=${TOKEN}`))).toBe(true)
      for (const line of lines) {
        expect(JSON.stringify([line.shown, line.what])).not.toContain(TOKEN)
        expect(line.copied.replace(TOKEN, '…')).toBe(line.shown)
      }
    }
  })

  test('none is made up where the page has none', () => {
    const lines = waysIn({ place: at('http://127.0.0.1:8080'), doors: OURS, token: null }).flatMap((way) => way.lines)
    expect(lines.map(({ copied }) => copied).join()).not.toContain('token')
  })

  test('whatever signs it has, shells hand the link on whole, and the page reads the same token out of it', () => {
    const sign = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
    fc.assert(
      fc.property(fc.array(sign, { minLength: 1, maxLength: 40 }), (signs) => {
        const token = signs.join('')
        const [usb] = waysIn({ place: at('http://127.0.0.1:8080'), doors: PLAIN, token })
        const { copied } = usb?.lines[1] ?? { copied: '' }
        // This machine's shell takes the outer quotes away, the headset's the inner ones.
        const [, inner = ''] = /-d "([^"$`\\!]+)"$/.exec(copied) ?? []
        const [, link = ''] = /^'([^']+)'$/.exec(inner) ?? []
        expect(new URLSearchParams(new URL(link).hash.slice(1)).get('token')).toBe(token)
      }),
    )
  })

  test('two shells in turn leave the link as it is', () => {
    const [usb] = waysIn({ place: at('http://127.0.0.1:8080'), doors: PLAIN, token: `it's $HOME & "more" #` })
    const quoted = /-d (.*)$/.exec(usb?.lines[1]?.copied ?? '')?.[1] ?? ''
    const sh = (script: string) => execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trim()
    const once = sh(`printf '%s\\n' ${quoted}`)
    expect(sh(`printf '%s\\n' ${once}`)).toBe('http://localhost:8080/#token=it%27s%20%24HOME%20%26%20%22more%22%20%23')
  })
})

test('README.md and docs/headset.md have the same lines', () => {
  const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const [reverse = '', open = '', start = '', mkcert = ''] = shown('http://127.0.0.1:8080', PLAIN)
  for (const line of [reverse, start, mkcert]) expect(text('README.md')).toContain(line)
  const docs = text('docs/headset.md')
  for (const line of [reverse, start, open.replace('…', 'TOKEN')]) expect(docs).toContain(line)
})
