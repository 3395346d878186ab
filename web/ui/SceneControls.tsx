import { Atom, LocateFixed, type LucideIcon, Maximize, Minus, Network, Orbit, Plus } from 'lucide-react'
import type { ReactNode } from 'react'
import { LAYOUT_MODES, type LayoutMode } from '../layout/layoutModes.ts'
import { useLooking } from '../store/looking.ts'
import { model } from '../store/session.ts'
import { sendSceneCommand } from '../store/stage.ts'
import { XrButtons } from '../xr/XrButtons.tsx'
import { useModelVersion } from './hooks.ts'

const CAMERA = [
  { command: 'zoom-in', title: 'Closer (+)', Icon: Plus },
  { command: 'zoom-out', title: 'Farther (−)', Icon: Minus },
  { command: 'fit', title: 'Fit all into view (F)', Icon: Maximize },
] as const

const MODES: Readonly<Record<LayoutMode, { title: string; Icon: LucideIcon }>> = {
  force: { title: 'By links (1)', Icon: Atom },
  hierarchy: { title: 'By who spawned whom (2)', Icon: Network },
  rings: { title: 'Rings by swarm (3)', Icon: Orbit },
}

/** A headset is there whether or not there is a swarm; how to look at one only where there is one. */
export function SceneControls(): ReactNode {
  useModelVersion()
  return (
    <div className="scene-controls">
      {model.agents.size > 0 && <ViewControls />}
      <XrButtons />
    </div>
  )
}

function ViewControls(): ReactNode {
  const layoutMode = useLooking((state) => state.layoutMode)
  const isFollowing = useLooking((state) => state.isFollowing)
  const hasSelection = useLooking((state) => state.selectedId !== null)
  const { setLayoutMode, setFollowing } = useLooking.getState()
  return (
    <>
      <section className="scene-control-group" aria-label="Layout">
        {LAYOUT_MODES.map((mode) => {
          const { title, Icon } = MODES[mode]
          return (
            <button
              key={mode}
              type="button"
              className="icon-button"
              data-testid={`layout-${mode}`}
              data-tip={title}
              aria-label={title}
              aria-pressed={mode === layoutMode}
              onClick={() => setLayoutMode(mode)}
            >
              <Icon size={16} />
            </button>
          )
        })}
      </section>
      <section className="scene-control-group" aria-label="Camera">
        <button
          type="button"
          className="icon-button"
          data-testid="camera-follow"
          data-tip="Follow the selected agent"
          aria-label="Follow the selected agent"
          aria-pressed={isFollowing}
          disabled={!hasSelection}
          onClick={() => setFollowing(!isFollowing)}
        >
          <LocateFixed size={16} />
        </button>
        {CAMERA.map(({ command, title, Icon }) => (
          <button
            key={command}
            type="button"
            className="icon-button"
            data-testid={`camera-${command}`}
            data-tip={title}
            aria-label={title}
            onClick={() => sendSceneCommand(command)}
          >
            <Icon size={16} />
          </button>
        ))}
      </section>
    </>
  )
}
