import { expect, it } from 'vitest'
import { plainText, shownName } from '../../web/store/shownName.ts'

const shown = (name: string, nativeId = 'agent-7') => shownName({ name, nativeId })

it.each([
  '重构登录模块',
  'مراجع الشيفرة',
  'परीक्षक कृत्रिम',
  '👩🏽‍🚀 pilot',
  'میخواهم with a joiner: می‌خواهم',
  'José',
  ' builder 1',
])('a name in any script stays as it is: %s', (name) => expect(shown(name)).toBe(name.trim()))

it('a name cannot turn round what stands beside it, nor leave what keeps it apart', () => {
  expect(shown('\u202Egnirts')).toBe('gnirts')
  expect(shown('\u2069\u202Eevil\u2066')).toBe('evil')
  expect(plainText('\u2067a\u202D\u202C b')).toBe('a b')
})

it('a name of nothing that can be seen is the id, and never nothing', () => {
  for (const name of ['', '  ', '\u0000\u0007\u001b', '\u200b\u202e\ufeff', '\u3164', '\u2800', '\ufe0f']) {
    expect(shown(name)).toBe('agent-7')
    expect(shown(name, name)).toBe('·')
  }
  expect(shown('two\r\nlines\tand\u0007a bell')).toBe('two lines and a bell')
})
