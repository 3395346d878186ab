// The way into a headset, where there is one; else why there is none, and what to do about it.

import { Glasses, LogOut } from 'lucide-react'
import { type ReactNode, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useHeadset } from '../store/headset.ts'
import { useLine } from '../store/line.ts'
import { currentToken } from '../stream/token.ts'
import { askXr, refusalHint, type XrAvailability, type XrMode, type XrRefusal, xrAvailability } from './availability.ts'
import { prepareXr, stepInside } from './entering.ts'
import { waysIn } from './waysIn.ts'
import { XrEntryHint } from './XrEntryHint.tsx'
import './xrButtons.css'

const place = () => ({ protocol: location.protocol, hostname: location.hostname, port: location.port })

const TITLES: Readonly<Record<XrMode, { name: string; title: string; testId: string }>> = {
  'immersive-vr': { name: 'VR', title: 'Enter VR: step inside with a headset', testId: 'enter-vr' },
  'immersive-ar': { name: 'AR', title: 'Enter AR: the swarm in your room', testId: 'enter-ar' },
}

export function XrButtons(): ReactNode {
  const available = useXrAvailability()
  const headset = useHeadset()
  const doors = useLine((line) => line.doors)
  const isLive = useLine((line) => line.connection.state === 'live')
  const [refusal, setRefusal] = useState<XrRefusal | null>(null)
  const [isHintOpen, setHintOpen] = useState(false)
  const section = useKeptFocus(headset.state === 'inside')
  const closeHint = useCallback(() => {
    setRefusal(null)
    setHintOpen(false)
    // What had it goes; whoever was elsewhere stays there.
    const { current } = section
    if (current?.contains(document.activeElement)) focusFirstButton(current)
  }, [section])
  if (available === null && headset.state === 'out') return null
  // Without a server a reload would take away what is still shown.
  const refused = refusal === 'part-missing' && !isLive ? 'part-away' : refusal
  const hint = refused ? refusalHint(refused) : available?.type === 'unavailable' && isHintOpen ? available : null
  const isWayKnown = hint?.type === 'unavailable' && hint.reason !== 'forbidden'
  const ways = isWayKnown ? waysIn({ place: place(), doors, token: currentToken() }) : []

  const enter = async (mode: XrMode) => {
    setRefusal(null)
    setRefusal(await stepInside(mode))
  }

  return (
    <section ref={section} className="scene-control-group xr-buttons" aria-label="Headset">
      {headset.state === 'inside' ? (
        <button
          type="button"
          className="icon-button"
          data-testid="exit-xr"
          data-tip="Leave the headset"
          aria-label="Leave the headset"
          onClick={() => void headset.session.end().catch(() => undefined)} // it has ended already
        >
          <LogOut size={16} />
        </button>
      ) : (
        available?.type === 'available' &&
        available.modes.map((mode) => (
          <button
            key={mode}
            type="button"
            className="icon-button xr-enter"
            data-testid={TITLES[mode].testId}
            data-tip={TITLES[mode].title}
            aria-label={TITLES[mode].title}
            aria-disabled={headset.state === 'entering'}
            onPointerEnter={prepareXr}
            onPointerDown={prepareXr}
            onFocus={prepareXr}
            onClick={() => void enter(mode)}
          >
            <Glasses size={16} /> {TITLES[mode].name}
          </button>
        ))
      )}
      {headset.state !== 'inside' && available?.type === 'unavailable' && (
        <button
          type="button"
          className="icon-button"
          data-testid="xr-why"
          data-tip="VR and AR: how to get in"
          aria-label="VR and AR: how to get in"
          aria-expanded={isHintOpen}
          onClick={() => setHintOpen(!isHintOpen)}
        >
          <Glasses size={16} />
        </button>
      )}
      {hint && <XrEntryHint hint={hint} ways={ways} onClose={closeHint} />}
    </section>
  )
}

const focusFirstButton = (section: HTMLElement): void =>
  section.querySelector<HTMLElement>(':scope > button')?.focus({ preventScroll: true })

/** The button that had it goes as one enters and leaves: the one in its place gets it, unless it went elsewhere meanwhile. */
function useKeptFocus(isInside: boolean) {
  const section = useRef<HTMLElement>(null)
  const wasInside = useRef(isInside)
  useLayoutEffect(() => {
    if (wasInside.current === isInside) return
    wasInside.current = isInside
    const isLost = document.activeElement === null || document.activeElement === document.body
    if (isLost && section.current) focusFirstButton(section.current)
  }, [isInside])
  return section
}

/** Asked again when a headset comes or goes; `null`: not answered yet. */
function useXrAvailability(): XrAvailability | null {
  const [available, setAvailable] = useState<XrAvailability | null>(null)
  useEffect(() => {
    let isGone = false
    const ask = async () => {
      const facts = await askXr(navigator.xr, isSecureContext)
      if (!isGone) setAvailable(xrAvailability(facts))
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
