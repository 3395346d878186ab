// The way into a headset, where there is one; else why there is none, and what to do about it. What it takes to enter is
// loaded when somebody comes near: a browser lets in only who has just clicked, and would not wait for it.

import { Glasses, LogOut } from 'lucide-react'
import { type ReactNode, useEffect, useState } from 'react'
import { askXr, type XrAvailability, type XrMode, xrAvailability, xrRefusal } from './availability.ts'
import { XrEntryHint } from './XrEntryHint.tsx'
import './xrButtons.css'

const load = () => import('./enterXr.ts')
const place = () => ({ hostname: location.hostname, port: location.port })

const TITLES: Readonly<Record<XrMode, { name: string; title: string; testId: string }>> = {
  'immersive-vr': { name: 'VR', title: 'Enter VR: step inside with a headset', testId: 'enter-vr' },
  'immersive-ar': { name: 'AR', title: 'Enter AR: the swarm in your room', testId: 'enter-ar' },
}

type Hint = Extract<XrAvailability, { type: 'unavailable' }>

export function XrButtons(): ReactNode {
  const available = useXrAvailability()
  const [refusal, setRefusal] = useState<Hint | null>(null)
  const [isHintOpen, setHintOpen] = useState(false)
  const [session, setSession] = useState<XRSession | null>(null)
  if (available === null) return null
  const hint = refusal ?? (available.type === 'unavailable' && isHintOpen ? available : null)

  const enter = async (mode: XrMode) => {
    setRefusal(null)
    try {
      const { enterXr } = await load()
      setSession(await enterXr(mode, () => setSession(null)))
    } catch (error) {
      setRefusal(xrRefusal(error instanceof Error ? error.name : '', place()))
    }
  }
  // Only to have it in time; entering asks again, and says what is wrong.
  const prepare = () => void load().catch(() => undefined)

  return (
    <section className="scene-control-group xr-buttons" aria-label="Headset">
      {hint && (
        <div className="xr-hint-box">
          <XrEntryHint hint={hint} />
        </div>
      )}
      {session !== null && (
        <button
          type="button"
          className="icon-button"
          data-testid="exit-xr"
          title="Leave the headset"
          aria-label="Leave the headset"
          onClick={() => void session.end().catch(() => undefined)} // it has ended already
        >
          <LogOut size={16} />
        </button>
      )}
      {session === null &&
        available.type === 'available' &&
        available.modes.map((mode) => (
          <button
            key={mode}
            type="button"
            className="icon-button xr-enter"
            data-testid={TITLES[mode].testId}
            title={TITLES[mode].title}
            aria-label={TITLES[mode].title}
            onPointerEnter={prepare}
            onPointerDown={prepare}
            onFocus={prepare}
            onClick={() => void enter(mode)}
          >
            <Glasses size={16} /> {TITLES[mode].name}
          </button>
        ))}
      {available.type === 'unavailable' && (
        <button
          type="button"
          className="icon-button"
          data-testid="xr-why"
          title="VR and AR: how to get in"
          aria-label="VR and AR: how to get in"
          aria-expanded={isHintOpen}
          onClick={() => setHintOpen(!isHintOpen)}
        >
          <Glasses size={16} />
        </button>
      )}
    </section>
  )
}

/** Asked again when a headset comes or goes; `null`: not answered yet. */
function useXrAvailability(): XrAvailability | null {
  const [available, setAvailable] = useState<XrAvailability | null>(null)
  useEffect(() => {
    let isGone = false
    const ask = async () => {
      const facts = await askXr(navigator.xr, isSecureContext)
      if (!isGone) setAvailable(xrAvailability(facts, place()))
    }
    const onChange = () => void ask()
    onChange()
    navigator.xr?.addEventListener('devicechange', onChange)
    return () => {
      isGone = true
      navigator.xr?.removeEventListener('devicechange', onChange)
    }
  }, [])
  return available
}
