import { describe, expect, it } from 'vitest'
import { KEYS, onShortcut, runShortcut, shortcutOf } from '../../web/store/shortcuts.ts'

const press = (key: string, fields = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...fields })

describe('shortcuts', () => {
  it('are the letters, and the palette with Ctrl or ⌘', () => {
    expect(shortcutOf(press('/'), false, true)).toBe('search')
    expect(shortcutOf(press('?'), false, true)).toBe('shortcuts')
    expect(shortcutOf(press('T'), false, true)).toBe('tree')
    expect(shortcutOf(press('k', { ctrlKey: true }), false, true)).toBe('palette')
    expect(shortcutOf(press('K', { metaKey: true }), false, true)).toBe('palette')
    expect(shortcutOf(press('k'), false, true)).toBeNull()
  })

  it('leave letters to who types them, and the browser its own keys', () => {
    expect(shortcutOf(press('t'), true, true)).toBeNull()
    expect(shortcutOf(press('k', { ctrlKey: true }), true, true)).toBe('palette')
    expect(shortcutOf(press('r', { ctrlKey: true }), false, true)).toBeNull()
    expect(shortcutOf(press('f', { metaKey: true }), false, true)).toBeNull()
    expect(shortcutOf(press('t', { altKey: true }), false, true)).toBeNull()
    expect(shortcutOf(press('Tab'), false, true)).toBeNull()
  })

  it('of single letters can be switched off', () => {
    for (const { key, hasCommand, shortcut } of KEYS) {
      expect(shortcutOf(press(key, { ctrlKey: hasCommand }), false, false)).toBe(hasCommand ? shortcut : null)
    }
  })

  it('are each one key', () => {
    expect(new Set(KEYS.map(({ key, hasCommand }) => `${hasCommand} ${key}`)).size).toBe(KEYS.length)
    expect(new Set(KEYS.map(({ shortcut }) => shortcut)).size).toBe(KEYS.length)
  })

  it('do what was last said, and nothing once that was taken back', () => {
    let done = 0
    const stop = onShortcut('fit', () => done++)
    expect(runShortcut('fit')).toBe(true)
    stop()
    expect(runShortcut('fit')).toBe(false)
    expect(done).toBe(1)
  })
})
