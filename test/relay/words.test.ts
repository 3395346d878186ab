import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { splitWords } from '../../relay/words.ts'

const LINES: readonly [string, readonly string[]][] = [
  ['', []],
  ['  \t ', []],
  ['claude-flow mcp start', ['claude-flow', 'mcp', 'start']],
  ['  spaced   out  ', ['spaced', 'out']],
  ['a\\ b c', ['a b', 'c']],
  ['"a b" c', ['a b', 'c']],
  ["'a b' c", ['a b', 'c']],
  ['"a\\"b"', ['a"b']],
  ['"a\\nb"', ['a\\nb']],
  ["'a\\b'", ['a\\b']],
  ['a"b"\'c\'d', ['abcd']],
  ['"" \'\' x', ['', '', 'x']],
  ['"it\'s"', ["it's"]],
  ['\\"x\\"', ['"x"']],
  ['"C:\\\\dir"', ['C:\\dir']],
]

describe('a command line', () => {
  it.each(LINES)('%j is split into %j', (line, words) => {
    expect(splitWords(line)).toEqual(words)
  })

  it.skipIf(process.platform === 'win32').each(LINES)('%j is split as a shell does it', (line, words) => {
    const shown = execFileSync('sh', ['-c', `for word in ${line}; do printf '%s\\n' "$word"; done`], {
      encoding: 'utf8',
    })
    expect(shown).toBe(words.map((word) => `${word}\n`).join(''))
  })

  it.each(['$(touch x)', '`x`', '$HOME', 'a && b', 'a | b > c', '*'])('%s is text', (line) => {
    expect(splitWords(line).join(' ')).toBe(line)
  })

  it.each(['"open', "'open", 'a\\', 'x "y'])('%j is an error', (line) => {
    expect(() => splitWords(line)).toThrow(SyntaxError)
  })
})
