import { Maximize, Minus, Plus } from 'lucide-react'
import type { ReactNode } from 'react'
import { sendSceneCommand } from '../store/stage.ts'

const CONTROLS = [
  { command: 'zoom-in', title: 'Closer (+)', Icon: Plus },
  { command: 'zoom-out', title: 'Farther (−)', Icon: Minus },
  { command: 'fit', title: 'Fit all into view (F)', Icon: Maximize },
] as const

export function SceneControls(): ReactNode {
  return (
    <section className="scene-controls" aria-label="Camera">
      {CONTROLS.map(({ command, title, Icon }) => (
        <button
          key={command}
          type="button"
          className="icon-button"
          data-testid={`camera-${command}`}
          title={title}
          aria-label={title}
          onClick={() => sendSceneCommand(command)}
        >
          <Icon size={16} />
        </button>
      ))}
    </section>
  )
}
