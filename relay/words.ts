// A command line split into words as a POSIX shell does it (quotes and backslashes), with nothing expanded and nothing
// run: what looks like an operator or a variable is just text.

/** Throws `SyntaxError` for a quote that is not closed or a backslash with nothing behind it. */
export function splitWords(line: string): string[] {
  const words: string[] = []
  let word: string | null = null
  let quote: '"' | "'" | null = null
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at)
    if (quote === "'") {
      if (char === "'") quote = null
      else word += char
    } else if (char === '\\') {
      const next = line.charAt(++at)
      if (next === '') throw new SyntaxError('a backslash with nothing behind it')
      // Between double quotes a backslash is itself, unless it takes the meaning from one of these.
      const isLiteral = quote === '"' && !'$`"\\'.includes(next)
      word = (word ?? '') + (isLiteral ? char : '') + next
    } else if (char === quote) {
      quote = null
    } else if (quote === null && (char === '"' || char === "'")) {
      quote = char
      word ??= '' // quotes with nothing between them are a word, too
    } else if (quote === null && /\s/.test(char)) {
      if (word !== null) words.push(word)
      word = null
    } else {
      word = (word ?? '') + char
    }
  }
  if (quote !== null) throw new SyntaxError(`a ${quote} that is not closed`)
  if (word !== null) words.push(word)
  return words
}
