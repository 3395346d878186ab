// What is looked at, in the page's address: a link that is shared shows the same. The token is never part of it (it comes
// in the fragment and leaves it at once; one that somebody wrote into the query leaves it, too), and what others keep in the
// address stays there.

import { LAYOUT_MODES } from '../layout/layoutModes.ts'
import { readSort, writeSort } from './agentOrder.ts'
import { type Looking, useLooking } from './looking.ts'
import { MAX_QUERY_LENGTH } from './query.ts'
import { lookFrom, sceneHandle } from './stage.ts'

type Kept = Pick<Looking, 'filter' | 'isTree' | 'view' | 'sort' | 'selectedId' | 'layoutMode'>

const MAX_ID_LENGTH = 500
/** Browsers bear only so many changes of the address. */
const WRITE_DELAY_MS = 300

export function readAddress(search: string): Partial<Kept> {
  const params = new URLSearchParams(search)
  const kept: Partial<Kept> = {}
  const query = params.get('q')
  if (query !== null) kept.filter = query.slice(0, MAX_QUERY_LENGTH)
  if (params.get('rows') === 'tree') kept.isTree = true
  if (params.get('view') === 'table') kept.view = 'table'
  const sort = readSort(params.get('sort') ?? '')
  if (sort) kept.sort = sort
  const layout = LAYOUT_MODES.find((mode) => mode === params.get('layout'))
  if (layout && layout !== LAYOUT_MODES[0]) kept.layoutMode = layout
  const agent = params.get('agent')
  if (agent !== null && agent !== '' && agent.length <= MAX_ID_LENGTH) kept.selectedId = agent
  return kept
}

/** Only what differs from what everybody sees at first. */
export function writeAddress(search: string, { filter, isTree, view, sort, selectedId, layoutMode }: Kept): string {
  const params = new URLSearchParams(search)
  const put = (name: string, value: string | null) => {
    if (value === null || value === '') params.delete(name)
    else params.set(name, value)
  }
  put('q', filter.trim())
  put('rows', isTree ? 'tree' : null)
  put('view', view === 'table' ? 'table' : null)
  put('sort', sort && writeSort(sort))
  put('layout', layoutMode === LAYOUT_MODES[0] ? null : layoutMode)
  put('agent', selectedId)
  put('token', null)
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

/** Takes what the address says, and keeps it true from now on. */
export function openAddress(): void {
  useLooking.setState(readAddress(location.search))
  const camera = readCamera(new URLSearchParams(location.search).get('cam'))
  if (camera) lookFrom(camera)
  let timer: ReturnType<typeof setTimeout> | undefined
  const write = () => {
    timer = undefined
    const search = writeAddress(location.search, useLooking.getState())
    if (search === location.search) return
    history.replaceState(history.state, '', location.pathname + search + location.hash)
  }
  if (new URLSearchParams(location.search).has('token')) write()
  useLooking.subscribe(() => {
    if (timer === undefined) timer = setTimeout(write, WRITE_DELAY_MS)
  })
  addEventListener('popstate', () => useLooking.setState(readAddress(location.search)))
}

/** The link to what is seen now, the camera included. Never the token. */
export function shareLink({ origin, pathname, search }: Pick<Location, 'origin' | 'pathname' | 'search'>): string {
  const url = new URL(pathname + writeAddress(search, useLooking.getState()), origin)
  const camera = sceneHandle()?.camera() ?? null
  if (camera) url.searchParams.set('cam', writeCamera(camera))
  else url.searchParams.delete('cam')
  return url.href
}

const MAX_COORDINATE = 100_000
const MIN_DISTANCE = 1

const distanceOf = ([x = 0, y = 0, z = 0, atX = 0, atY = 0, atZ = 0]: readonly number[]): number =>
  Math.hypot(x - atX, y - atY, z - atZ)

/** A tenth of the scene's unit is less than a pixel where it matters. */
export const writeCamera = (view: readonly number[]): string => view.map((value) => value.toFixed(1)).join('_')

export function readCamera(text: string | null): number[] | null {
  const view = text?.split('_').map(Number) ?? []
  const isGood = view.length === 6 && view.every((value) => Math.abs(value) <= MAX_COORDINATE)
  // From where it looks at, a camera sees nothing, and has no direction to be turned from.
  return isGood && distanceOf(view) >= MIN_DISTANCE ? view : null
}
