// All keys, from the same table that obeys them.

import type { ReactNode } from 'react'
import { closeDialog } from '../store/dialogs.ts'
import { useSettings } from '../store/settings.ts'
import { KEYS } from '../store/shortcuts.ts'
import { commandKey } from './commandKey.ts'
import { Modal } from './Modal.tsx'

const ROW_KEYS = [
  ['↑ ↓', 'Previous, next agent'],
  ['Home End', 'First, last agent'],
  ['Page ↑ ↓', 'A page of agents'],
  ['← →', 'In the tree: shut or up, open or down'],
  ['Enter', 'Show in the scene'],
  ['Esc', 'Let go'],
] as const
const FILTER_KEYS = [
  ['↑ ↓ Enter', 'Take what may come next'],
  ['Backspace', 'The last term again'],
  ['Esc', 'Clear it; where it is empty: to the list'],
] as const
const SCENE_KEYS = [
  ['← → ↑ ↓', 'Turn'],
  ['+ −', 'Closer, farther'],
  ['F Home', 'Fit all into view'],
  ['1 2 3', 'By links, by who spawned whom, rings by swarm'],
  ['Esc', 'Let go'],
] as const
const TIME_KEYS = [
  ['← →', 'Back, on; with Shift ten times as far'],
  ['Page ↓ ↑', 'Far back, far on'],
  ['Home', 'As far back as is kept'],
  ['Space', 'Play, pause'],
  ['End Esc', 'Back to live'],
] as const

export default function ShortcutSheet(): ReactNode {
  const letterKeys = useSettings((state) => state.letterKeys)
  return (
    <Modal
      title="Keyboard shortcuts"
      size="large"
      testId="shortcut-sheet"
      description={letterKeys ? undefined : 'Single letters are switched off in the settings.'}
      onClose={() => closeDialog()}
    >
      <div className="sheet">
        <Keys
          title="Everywhere"
          keys={KEYS.map(({ key, hasCommand, title }) => [hasCommand ? commandKey(key) : key, title] as const)}
        />
        <div>
          <Keys title="In the list, table and tree" keys={ROW_KEYS} />
          <Keys title="In the filter" keys={FILTER_KEYS} />
          <Keys title="In the scene" keys={SCENE_KEYS} />
          <Keys title="In the timeline" keys={TIME_KEYS} />
        </div>
      </div>
    </Modal>
  )
}

function Keys({ title, keys }: { title: string; keys: readonly (readonly [string, string])[] }): ReactNode {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {keys.map(([key, what]) => (
          <div key={key} className="sheet-key">
            <dt>
              <kbd className="key">{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
