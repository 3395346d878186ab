// Everything that can be done with the scene, and how: on a screen and in a headset. One home for both, so that neither has
// what the other lacks; the compiler sees to that there is a binding, tests see to that it is a true one.

export const ACTIONS = [
  'select',
  'open-detail',
  'follow',
  'filter',
  'move',
  'turn',
  'scale',
  'arrange',
  'travel',
  'look-at-alert',
  'sound',
  'reset',
  'retry-now',
  'back-to-live',
  'exit',
  'terminate',
] as const
export type Action = (typeof ACTIONS)[number]

/** What a button in the headset does. */
export const XR_COMMANDS = [
  'table',
  'room',
  'inside',
  'larger',
  'smaller',
  'turn-left',
  'turn-right',
  'lower',
  'higher',
  'seated',
  'go',
  'glide',
  'arrange',
  'follow',
  'filter',
  'detail',
  'reset',
  'retry',
  'earlier',
  'play',
  'later',
  'live',
  'sound',
  'show-alert',
  'dismiss-alert',
  'terminate',
  'terminate-yes',
  'terminate-no',
  'exit',
] as const
export type XrCommand = (typeof XR_COMMANDS)[number]

/** By controls of the page (their `data-testid`), and by pointer over the scene itself. */
export interface ScreenBinding {
  controls: readonly string[]
  over: 'click' | 'drag' | 'wheel' | null
}

/** By a ray and a short press, by a press that is drawn along, or by a button that any ray can press. */
export type XrBinding =
  | { type: 'ray' }
  | { type: 'pull'; alsoBy: readonly XrCommand[] }
  | { type: 'button'; commands: readonly [XrCommand, ...XrCommand[]] }

export interface Binding {
  screen: ScreenBinding
  xr: XrBinding
}
export type Bindings = Readonly<Record<Action, Binding>>

const over = (gesture: ScreenBinding['over'], ...controls: string[]): ScreenBinding => ({ controls, over: gesture })
const by = (...controls: string[]): ScreenBinding => ({ controls, over: null })

export const BINDINGS: Bindings = {
  select: { screen: over('click'), xr: { type: 'ray' } },
  'open-detail': { screen: over('click'), xr: { type: 'button', commands: ['detail'] } },
  follow: { screen: by('camera-follow'), xr: { type: 'button', commands: ['follow'] } },
  filter: { screen: by('search'), xr: { type: 'button', commands: ['filter'] } },
  move: {
    screen: over('drag'),
    xr: { type: 'pull', alsoBy: ['table', 'room', 'inside', 'higher', 'lower', 'seated', 'go', 'glide'] },
  },
  turn: { screen: over('drag'), xr: { type: 'pull', alsoBy: ['turn-left', 'turn-right'] } },
  scale: {
    screen: over('wheel', 'camera-zoom-in', 'camera-zoom-out'),
    xr: { type: 'pull', alsoBy: ['larger', 'smaller'] },
  },
  arrange: {
    screen: by('layout-force', 'layout-hierarchy', 'layout-rings'),
    xr: { type: 'button', commands: ['arrange'] },
  },
  travel: {
    screen: by('timeline-track', 'play'),
    xr: { type: 'button', commands: ['earlier', 'later', 'play'] },
  },
  'look-at-alert': {
    screen: by('toast-show', 'toast-dismiss'),
    xr: { type: 'button', commands: ['show-alert', 'dismiss-alert'] },
  },
  sound: { screen: by('setting-sound'), xr: { type: 'button', commands: ['sound'] } },
  reset: { screen: by('camera-fit'), xr: { type: 'button', commands: ['reset'] } },
  'retry-now': { screen: by('retry'), xr: { type: 'button', commands: ['retry'] } },
  'back-to-live': { screen: by('back-to-live'), xr: { type: 'button', commands: ['live'] } },
  exit: { screen: by('exit-xr'), xr: { type: 'button', commands: ['exit'] } },
  terminate: {
    screen: by('terminate'),
    xr: { type: 'button', commands: ['terminate', 'terminate-yes', 'terminate-no'] },
  },
}
