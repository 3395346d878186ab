// What is looked at, in the address, and what is set, in the storage: read back whatever stands there.

import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { readAddress, readCamera, shareLink, writeAddress, writeCamera } from '../../web/store/address.ts'
import { useLooking } from '../../web/store/looking.ts'
import { parseSettings } from '../../web/store/settings.ts'
import { provideScene } from '../../web/store/stage.ts'

const plain = { filter: '', isTree: false, view: 'list', sort: null, selectedId: null, layoutMode: 'force' } as const

describe('the address', () => {
  it('is empty while nothing is chosen', () => expect(writeAddress('', plain)).toBe(''))

  it('says the query, the view, the order and who is selected, and is read back as it was', () => {
    const looked = {
      filter: 'status:failed -type:tester "a & b"',
      isTree: true,
      view: 'table',
      sort: { column: 'cost', isDescending: true },
      selectedId: 'claude-code/9f/1 ~2#?',
      layoutMode: 'rings',
    } as const
    expect(readAddress(writeAddress('', looked))).toEqual(looked)
  })

  it('leaves alone what others keep in it, and takes back what is no longer so', () => {
    expect(writeAddress('?at=5&q=old&rows=tree', plain)).toBe('?at=5')
  })

  it('takes any text [fast-check]', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.option(fc.string({ unit: 'grapheme', minLength: 1 })),
        (filter, selectedId) => {
          const back = readAddress(writeAddress('', { ...plain, filter, selectedId }))
          expect(back.filter ?? '').toBe(filter.trim())
          expect(back.selectedId ?? null).toBe(selectedId)
        },
      ),
    )
  })

  it('never keeps a token that somebody wrote into the query', () => {
    expect(writeAddress('?token=secret&at=5', plain)).toBe('?at=5')
  })

  it.each(['?agent=', '?sort=-nothing', '?view=x&rows=y&layout=z', '?sort=', `?agent=${'x'.repeat(501)}`])(
    'does not take %j',
    (search) => expect(readAddress(search)).toEqual({}),
  )

  it('knows a camera from what is none', () => {
    const view = [1, -2.21, 60, 0, 0.5, -3]
    expect(readCamera(writeCamera(view))).toEqual([1, -2.2, 60, 0, 0.5, -3])
    for (const text of [
      null,
      '',
      '1_2_3',
      '1_2_3_4_5_x',
      '1_2_3_4_5_1e9',
      '1_2_3_4_5_6_7',
      '0_0_0_0_0_0',
      '5_5_5_5_5_5.4',
    ]) {
      expect(readCamera(text)).toBeNull()
    }
  })
})

describe('a link that is shared', () => {
  afterEach(() => useLooking.setState(plain))
  const place = { origin: 'http://127.0.0.1:8080', pathname: '/', search: '?cam=1_1_1_9_9_9&token=secret' }

  it('never holds the token, and says where the camera stands', () => {
    useLooking.setState({ filter: 'needs:me' })
    const camera = [1, 2, 3, 4, 5, 6]
    const stop = provideScene({
      picture: () => Promise.reject(new Error()),
      camera: () => camera,
      setCamera: () => undefined,
    })
    const hash = '#token=secret'
    expect(shareLink({ ...place, hash } as typeof place)).toBe(
      'http://127.0.0.1:8080/?cam=1.0_2.0_3.0_4.0_5.0_6.0&q=needs%3Ame',
    )
    stop()
    expect(shareLink(place)).toBe('http://127.0.0.1:8080/?q=needs%3Ame')
  })
})

describe('settings', () => {
  it('are what was kept', () => {
    const kept = {
      theme: 'light',
      motion: 'reduced',
      labels: 'hidden',
      letterKeys: false,
      sound: 'mono',
      hiddenColumns: ['cost'],
    }
    expect(parseSettings(JSON.stringify(kept))).toEqual(kept)
  })

  it.each([null, '', 'null', '[]', '{"theme":"pink","motion":1,"hiddenColumns":"all","letterKeys":"no"}', '{"theme":'])(
    'are the usual ones where %j is kept',
    (text) => expect(parseSettings(text)).toEqual(parseSettings(null)),
  )
})
