import { describe, expect, it, vi } from 'vitest'
import { keptToken, takeToken, tokenFromText } from '../../web/stream/token.ts'

function place(hash: string, kept: string | null = null) {
  const store = new Map<string, string>()
  if (kept !== null) store.set('swarmscope.token', kept)
  const replaceState = vi.fn()
  return {
    replaceState,
    store,
    edge: {
      location: { hash, pathname: '/', search: '?a=1' },
      history: { replaceState, state: null },
      storage: {
        getItem: (key: string) => store.get(key) ?? null,
        setItem: (key: string, value: string) => void store.set(key, value),
        removeItem: (key: string) => void store.delete(key),
      },
    },
  }
}

describe('the token', () => {
  it('leaves the address bar at once, and is kept', () => {
    const { edge, replaceState, store } = place('#token=abc-DEF_1')
    expect(takeToken(edge)).toBe('abc-DEF_1')
    expect(replaceState).toHaveBeenCalledWith(null, '', '/?a=1')
    expect(store.get('swarmscope.token')).toBe('abc-DEF_1')
  })

  it('is the kept one when the link has none', () => {
    const { edge, replaceState } = place('', 'kept')
    expect(takeToken(edge)).toBe('kept')
    expect(replaceState).not.toHaveBeenCalled()
  })

  it('of a new link wins over the kept one', () => expect(takeToken(place('#token=new', 'old').edge)).toBe('new'))

  it('that another tab was given is told from anything else that is kept', () => {
    expect(keptToken({ key: 'swarmscope.token', newValue: 'fresh' })).toBe('fresh')
    for (const event of [
      { key: 'swarmscope.token', newValue: null },
      { key: 'swarmscope.token', newValue: 'no token' },
      { key: 'swarmscope.settings', newValue: 'fresh' },
      { key: null, newValue: null },
    ]) {
      expect(keptToken(event)).toBeNull()
    }
  })

  it('is none when there is neither', () => expect(takeToken(place('').edge)).toBeNull())

  it('lives as long as the page where storage is forbidden', () => {
    const denied = () => {
      throw new Error('denied')
    }
    const { edge } = place('#token=abc')
    expect(takeToken({ ...edge, storage: { getItem: denied, setItem: denied, removeItem: denied } })).toBe('abc')
    expect(takeToken({ ...place('').edge, storage: null })).toBeNull()
  })

  it.each([
    ['http://127.0.0.1:8080/#token=abc', 'abc'],
    ['  Swarmscope is ready: http://127.0.0.1:8080/#token=abc \n', 'abc'],
    ['#token=abc', 'abc'],
    ['token=abc', 'abc'],
    ['abc', 'abc'],
    ['http://127.0.0.1:8080/', null],
    ['http://127.0.0.1:8080/#token=', null],
    ['two words', null],
    ['', null],
  ])('is found in %j', (text, token) => expect(tokenFromText(text)).toBe(token))
})
