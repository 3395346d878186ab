// One registry for screen and headset: what one can do, the other can, and each binding is there.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ACTIONS, BINDINGS, XR_COMMANDS, type XrCommand } from '../../web/xr/actions.ts'
import { type BoardInput, layOutBoard } from '../../web/xr/boardLayout.ts'
import { ROOT } from '../helpers/swarmscope.ts'

const sources = ['web/ui', 'web/xr', 'web/scene']
  .flatMap((folder) => readdirSync(join(ROOT, folder)).map((file) => join(ROOT, folder, file)))
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n')

const BASE: BoardInput = {
  banner: null,
  detail: { name: 'queen', lines: ['active'], note: '' },
  hasSelection: true,
  isDetailOpen: true,
  isFollowing: false,
  filter: '',
  isPast: true,
  canTerminate: true,
  isAsking: false,
}
/** In every state that a board can be in. */
const offered = new Set<XrCommand>(
  [BASE, { ...BASE, isAsking: true }].flatMap((input) => layOutBoard(input).buttons.map(({ command }) => command)),
)

/** As it stands in the page's sources; some ids are made of a prefix and a name. */
const isOnScreen = (testId: string): boolean =>
  sources.includes(`data-testid="${testId}"`) ||
  sources.includes(`testId: '${testId}'`) ||
  (testId.startsWith('camera-') &&
    /data-testid=\{`camera-\$\{command\}`\}/.test(sources) &&
    sources.includes(`command: '${testId.slice('camera-'.length)}'`))

describe('every action', () => {
  test.each(ACTIONS)('%s: has its control on the screen and its way in a headset (X25)', (action) => {
    const { screen, xr } = BINDINGS[action]
    if (screen.type === 'control') expect(isOnScreen(screen.testId), screen.testId).toBe(true)
    const commands = xr.type === 'button' ? xr.commands : xr.type === 'pull' ? xr.alsoBy : []
    for (const command of commands) expect(offered.has(command), command).toBe(true)
    // Who cannot pull with a hand has buttons for the same.
    if (xr.type === 'pull') expect(commands.length).toBeGreaterThan(0)
  })

  test('every button in a headset belongs to one of them, and is offered', () => {
    const bound = ACTIONS.flatMap((action) => {
      const { xr } = BINDINGS[action]
      return xr.type === 'button' ? [...xr.commands] : xr.type === 'pull' ? [...xr.alsoBy] : []
    })
    expect([...bound].sort()).toEqual([...XR_COMMANDS].sort())
    expect([...offered].sort()).toEqual([...XR_COMMANDS].sort())
  })
})
