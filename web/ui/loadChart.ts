// uPlot, when it is wanted. At its import it formats numbers in the browser's language, and throws where that is none (a
// Chromium started under the C locale calls it `en-US@posix`): for that moment the language is another.

import type uPlot from 'uplot'

let loading: Promise<typeof uPlot> | null = null

export function loadChart(): Promise<typeof uPlot> {
  loading ??= load()
  return loading
}

async function load(): Promise<typeof uPlot> {
  const isOdd = !isLanguage(navigator.language)
  if (isOdd) Object.defineProperty(navigator, 'language', { configurable: true, value: 'en-US' })
  try {
    const [module] = await Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')])
    return module.default
  } finally {
    // Its own: the browser's stands on the prototype.
    if (isOdd) Reflect.deleteProperty(navigator, 'language')
  }
}

function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length > 0
  } catch {
    return false
  }
}
