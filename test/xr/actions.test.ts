// One registry for screen and headset: what one can do, the other can, and each binding is there.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LAYOUT_MODES } from '../../web/layout/layoutModes.ts'
import { ACTIONS, type Action, BINDINGS, type Binding, XR_COMMANDS, type XrCommand } from '../../web/xr/actions.ts'
import { type BoardInput, layOutBoard } from '../../web/xr/boardLayout.ts'
import { BOARD } from '../helpers/board.ts'
import { doneOverScene } from '../helpers/overScene.ts'
import { ROOT } from '../helpers/swarmscope.ts'

const sources = ['web/ui', 'web/xr', 'web/scene']
  .flatMap((folder) => readdirSync(join(ROOT, folder)).map((file) => join(ROOT, folder, file)))
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n')

const BASE: BoardInput = {
  ...BOARD,
  notice: { title: 'coder failed', text: 'build broke', tone: 'failed' },
  detail: { name: 'queen', lines: ['active'], tone: 'plain', note: '' },
  arrangement: 'By links',
  sound: 'Sound: off',
  hasPast: true,
  isPast: true,
  canTerminate: true,
}
/** In every state that a board can be in. */
const offered = new Set<XrCommand>(
  [BASE, { ...BASE, isAsking: true }].flatMap((input) => layOutBoard(input).buttons.map(({ command }) => command)),
)

/** As it stands in the page's sources; some ids are made of a prefix and a name. */
function isOnScreen(testId: string): boolean {
  if (sources.includes(`testid="${testId}"`) || sources.includes(`testId="${testId}"`)) return true
  if (sources.includes(`testId: '${testId}'`)) return true
  const [prefix = '', ...rest] = testId.split('-')
  const name = rest.join('-')
  const isMade = new RegExp(`data-testid=\\{\`${prefix}-\\$\\{`).test(sources)
  const isNamed = LAYOUT_MODES.some((mode) => mode === name) || sources.includes(`command: '${name}'`)
  return isMade && isNamed
}

const commandsOf = ({ xr }: Binding): readonly XrCommand[] =>
  xr.type === 'button' ? xr.commands : xr.type === 'pull' ? xr.alsoBy : []

/** What an action lacks, in words. */
function lacks(action: Action, binding: Binding | undefined): string[] {
  if (!binding) return ['a binding']
  const { controls, over } = binding.screen
  const commands = commandsOf(binding)
  return [
    ...(controls.length === 0 && over === null ? ['a way on the screen'] : []),
    ...controls.filter((testId) => !isOnScreen(testId)).map((testId) => `the control ${testId}`),
    ...(over !== null && !doneOverScene(over).has(action) ? [`what a ${over} over the scene does`] : []),
    // Who cannot pull with a hand has buttons for the same.
    ...(binding.xr.type !== 'ray' && commands.length === 0 ? ['a button in the headset'] : []),
    ...commands.filter((command) => !offered.has(command)).map((command) => `the button ${command}`),
  ]
}

describe('every action', () => {
  test.each(ACTIONS)('%s: has its control on the screen and its way in a headset (X25)', (action) => {
    expect(lacks(action, BINDINGS[action])).toEqual([])
  })

  test('every button in a headset belongs to one of them, and is offered', () => {
    const bound = ACTIONS.flatMap((action) => commandsOf(BINDINGS[action]))
    expect([...bound].sort()).toEqual([...XR_COMMANDS].sort())
    expect([...offered].sort()).toEqual([...XR_COMMANDS].sort())
  })

  test.each<[string, Action, Binding | undefined, string[]]>([
    ['no binding', 'reset', undefined, ['a binding']],
    [
      'no way on the screen',
      'reset',
      { ...BINDINGS.reset, screen: { controls: [], over: null } },
      ['a way on the screen'],
    ],
    [
      'a control that the page does not have',
      'reset',
      { ...BINDINGS.reset, screen: { controls: ['camera-home'], over: null } },
      ['the control camera-home'],
    ],
    [
      'a gesture over the scene that does something else',
      'turn',
      { ...BINDINGS.turn, screen: { controls: [], over: 'wheel' } },
      ['what a wheel over the scene does'],
    ],
    [
      'a pull that some hands cannot do, and no button',
      'turn',
      { ...BINDINGS.turn, xr: { type: 'pull', alsoBy: [] } },
      ['a button in the headset'],
    ],
    [
      'a button that is never offered',
      'reset',
      { ...BINDINGS.reset, xr: { type: 'button', commands: ['home' as XrCommand] } },
      ['the button home'],
    ],
  ])('one with %s is found out', (_case, action, binding, words) => {
    expect(lacks(action, binding)).toEqual(words)
  })
})
