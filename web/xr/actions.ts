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
  'follow',
  'filter',
  'detail',
  'reset',
  'retry',
  'live',
  'terminate',
  'terminate-yes',
  'terminate-no',
  'exit',
] as const
export type XrCommand = (typeof XR_COMMANDS)[number]

/** By a control of the page (its `data-testid`), or by pointer and keys over the scene itself. */
export type ScreenBinding = { type: 'control'; testId: string } | { type: 'scene'; by: 'click' | 'drag' | 'wheel' }

/** By a ray and a short press, by a press that is drawn along, or by a button that any ray can press. */
export type XrBinding =
  | { type: 'ray' }
  | { type: 'pull'; alsoBy: readonly XrCommand[] }
  | { type: 'button'; commands: readonly [XrCommand, ...XrCommand[]] }

export const BINDINGS: Readonly<Record<Action, { screen: ScreenBinding; xr: XrBinding }>> = {
  select: { screen: { type: 'scene', by: 'click' }, xr: { type: 'ray' } },
  'open-detail': { screen: { type: 'scene', by: 'click' }, xr: { type: 'button', commands: ['detail'] } },
  follow: { screen: { type: 'control', testId: 'camera-follow' }, xr: { type: 'button', commands: ['follow'] } },
  filter: { screen: { type: 'control', testId: 'search' }, xr: { type: 'button', commands: ['filter'] } },
  move: {
    screen: { type: 'scene', by: 'drag' },
    xr: { type: 'pull', alsoBy: ['table', 'room', 'inside', 'higher', 'lower'] },
  },
  turn: { screen: { type: 'scene', by: 'drag' }, xr: { type: 'pull', alsoBy: ['turn-left', 'turn-right'] } },
  scale: { screen: { type: 'scene', by: 'wheel' }, xr: { type: 'pull', alsoBy: ['larger', 'smaller'] } },
  reset: { screen: { type: 'control', testId: 'camera-fit' }, xr: { type: 'button', commands: ['reset'] } },
  'retry-now': { screen: { type: 'control', testId: 'retry' }, xr: { type: 'button', commands: ['retry'] } },
  'back-to-live': { screen: { type: 'control', testId: 'back-to-live' }, xr: { type: 'button', commands: ['live'] } },
  exit: { screen: { type: 'control', testId: 'exit-xr' }, xr: { type: 'button', commands: ['exit'] } },
  terminate: {
    screen: { type: 'control', testId: 'terminate' },
    xr: { type: 'button', commands: ['terminate', 'terminate-yes', 'terminate-no'] },
  },
}
