// The token comes in the link's fragment (which no server and no log ever sees), leaves the address bar at once, and is kept
// for this origin only.

const STORAGE_KEY = 'swarmscope.token'
/** What tokens are made of; anything else is no token but a slip of the hand. */
const TOKEN = /^[\x21-\x7e]{1,512}$/

export interface TokenPlace {
  location: Pick<Location, 'hash' | 'pathname' | 'search'>
  history: Pick<History, 'replaceState' | 'state'>
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null
}

/** Takes a token out of the address bar if there is one; else the one that was kept. */
export function takeToken({ location, history, storage }: TokenPlace): string | null {
  const fresh = tokenInFragment(location.hash)
  if (fresh !== null) {
    history.replaceState(history.state, '', location.pathname + location.search)
    keepToken(storage, fresh)
    return fresh
  }
  try {
    return storage?.getItem(STORAGE_KEY) ?? null
  } catch {
    return null // storage may be forbidden; the token then lives as long as the page
  }
}

/** What another tab has kept, from the event that tells of it; `null`: it is of something else, or was taken away. */
export function keptToken({ key, newValue }: Pick<StorageEvent, 'key' | 'newValue'>): string | null {
  return key === STORAGE_KEY && newValue !== null && TOKEN.test(newValue) ? newValue : null
}

let current: string | null = null

/** What the page asks the API with; `null` before there is any. */
export const currentToken = (): string | null => current

export function keepToken(storage: TokenPlace['storage'], token: string): void {
  current = token
  try {
    storage?.setItem(STORAGE_KEY, token)
  } catch {
    return // as above
  }
}

function tokenInFragment(hash: string): string | null {
  const token = new URLSearchParams(hash.replace(/^#/, '')).get('token')
  return token !== null && TOKEN.test(token) ? token : null
}

/** What a person pastes: the whole link that `npm start` printed, its fragment, or the bare token. */
export function tokenFromText(text: string): string | null {
  const trimmed = text.trim()
  const fragment = trimmed.indexOf('#')
  if (fragment >= 0) return tokenInFragment(trimmed.slice(fragment))
  if (trimmed.startsWith('token=')) return tokenInFragment(trimmed)
  return TOKEN.test(trimmed) && !trimmed.includes('://') ? trimmed : null
}
