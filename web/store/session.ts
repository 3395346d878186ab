// The page's one model and one line to the server, wired together. Importing does nothing; `openSession` does.

import { browserEdge } from '../stream/browserEdge.ts'
import { steadyNowMs } from '../stream/steadyClock.ts'
import { currentToken, keepToken, keptToken, takeToken } from '../stream/token.ts'
import { ViewerStream } from '../stream/viewerStream.ts'
import { clocksTold, useLine } from './line.ts'
import { isSeen, onSeen } from './seen.ts'
import { frameSchedule, SwarmModel } from './swarmModel.ts'

export const model: SwarmModel = new SwarmModel(frameSchedule(() => model.agents.size))

let stream: ViewerStream | null = null

/** In ms since 1970, by the server's clock. */
export const serverNowMs = (): number => Date.now() + useLine.getState().clockOffsetMs

export function openSession(): void {
  const token = takeTokenOfPage()
  if (token === null) useLine.setState({ signIn: 'none' })
  else signInWith(token)
  // Another link opened in this very tab changes only the fragment, and loads nothing.
  addEventListener('hashchange', () => {
    const fresh = location.hash.includes('token=') ? takeTokenOfPage() : null
    if (fresh !== null) signInWith(fresh)
  })
  // One opened in another tab: the token is this origin's, and the old one may be good no longer.
  addEventListener('storage', (event) => {
    const fresh = keptToken(event)
    if (fresh !== null && fresh !== currentToken()) signInWith(fresh)
  })
  onSeen((isSeenNow) => {
    if (isSeenNow) stream?.wake()
  })
  addEventListener('online', () => stream?.wake())
}

export function signInWith(token: string): void {
  keepToken(storage(), token)
  useLine.setState({ signIn: null })
  if (stream) stream.setToken(token)
  else {
    stream = newStream(token)
    stream.start()
  }
}

/** Tries whatever is down: the page's own line first, for without it nobody hears the rest. Says what is tried. */
export function retryNow(): 'line' | 'sources' | 'nothing' {
  if (stream === null) return 'nothing'
  if (stream.state.state !== 'live') {
    stream.retryLine()
    return 'line'
  }
  // The server obeys operators alone (V10).
  if (useLine.getState().role !== 'operator') return 'nothing'
  stream.retrySources()
  return 'sources'
}

const takeTokenOfPage = () => takeToken({ location, history, storage: storage() })

function storage(): Storage | null {
  try {
    return localStorage
  } catch {
    return null // forbidden by the user
  }
}

const newStream = (token: string) =>
  new ViewerStream(
    browserEdge(isSeen),
    {
      position: () => model.position(),
      load: (snapshot) => model.load(snapshot),
      apply: (frame) => model.apply(frame),
      status: (status) => useLine.setState({ status, ...clocksTold(status) }),
      hello: ({ role, version: serverVersion, doors = null, commands = null }) =>
        useLine.setState({ role, serverVersion, doors, commands, unreadable: 0 }),
      unreadable: (count) => useLine.setState((old) => ({ unreadable: old.unreadable + count })),
      connection: (connection) =>
        useLine.setState((old) => ({
          connection,
          downSinceMs: connection.state === 'live' ? null : (old.downSinceMs ?? steadyNowMs()),
        })),
      refused: (signIn) => useLine.setState({ signIn }),
    },
    { token, version: __VERSION__ },
  )
