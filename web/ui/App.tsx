// The page: the scene over the whole window, panels on it.

import { Component, type ReactNode, Suspense, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { watchBudget } from '../store/budget.ts'
import { watchFilterBeat } from '../store/filterBeat.ts'
import { modeShown, useLine } from '../store/line.ts'
import { useLooking } from '../store/looking.ts'
import { model } from '../store/session.ts'
import { pastMode } from '../store/shown.ts'
import { useStage } from '../store/stage.ts'
import { useTotalsPanel } from '../store/totalsPanel.ts'
import { isPast, useTravel } from '../store/travel.ts'
import { watchConcerns } from '../store/watchConcerns.ts'
import { AgentsPanel } from './AgentsPanel.tsx'
import { Banner } from './Banner.tsx'
import { Dialogs } from './Dialogs.tsx'
import { EmptyState, Loading } from './EmptyState.tsx'
import { useFocusKept } from './focusKept.ts'
import { useCounts, useMedia } from './hooks.ts'
import { Late } from './Late.tsx'
import { Legend } from './Legend.tsx'
import { lazyPart } from './lazyPart.ts'
import { Notice } from './Notice.tsx'
import { NoWebGL } from './NoWebGL.tsx'
import { PanelFoot } from './PanelFoot.tsx'
import { focusRow } from './rowFocus.ts'
import { SceneControls } from './SceneControls.tsx'
import { SheetHandle } from './SheetHandle.tsx'
import { SignIn } from './SignIn.tsx'
import { Tips } from './Tips.tsx'
import { TopBar } from './TopBar.tsx'
import { useDocumentTitle } from './useDocumentTitle.ts'
import { useSteadyClock } from './useNow.ts'
import { hasWebGL } from './webgl.ts'

const SceneView = lazyPart(() => import('../scene/SceneView.tsx'))
const Detail = lazyPart(() => import('./Detail.tsx'))
const PastBanner = lazyPart(() => import('./PastBanner.tsx'))
const Timeline = lazyPart(() => import('./Timeline.tsx'))
const Toasts = lazyPart(() => import('./Toasts.tsx'))
const Totals = lazyPart(() => import('./Totals.tsx'))

export function App(): ReactNode {
  const signIn = useLine((state) => state.signIn)
  useDocumentTitle()
  return signIn === null ? <Dashboard /> : <SignIn reason={signIn} />
}

function Dashboard(): ReactNode {
  const line = useLine()
  const now = useSteadyClock()
  const isInPast = useTravel(isPast)
  const isTotalsOpen = useTotalsPanel((state) => state.isOpen)
  // Whatever the line is now.
  const mode = isInPast ? pastMode(line) : modeShown(line, now)
  const [hasScene, setHasScene] = useState(hasWebGL)
  const isPanelOpen = useLooking((state) => state.isPanelOpen)
  const isSmall = useMedia('(max-width: 599px)')
  const isNarrow = useMedia('(max-width: 899px)')
  const view = useLooking((state) => state.view)
  const isWide = !isNarrow && (view === 'table' || !hasScene)
  const head = useRef<HTMLDivElement>(null)
  // A banner goes with its buttons.
  useFocusKept(head, () => focusRow(null))
  useEffect(watchConcerns, [])
  useEffect(watchBudget, [])
  useEffect(watchFilterBeat, [])
  // The scene comes first, whether the list is a sheet below it or a drawer beside it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: when it becomes the other
  useEffect(() => useLooking.getState().setPanelOpen(false), [isSmall])
  return (
    <div
      className="app"
      data-scene={hasScene ? 'drawn' : 'none'}
      data-mode={mode}
      data-wide={isWide}
      data-world={isInPast ? 'past' : 'now'}
      data-testid="mode"
    >
      {hasScene && (
        <div
          className="scene"
          data-testid="scene"
          data-scene-keys
          // biome-ignore lint/a11y/noNoninteractiveTabindex: the camera is moved by keys
          tabIndex={0}
          role="application"
          aria-label="Scene of agents: arrow keys turn it, plus and minus zoom, F fits. The list beside it says the same."
        >
          <SceneBoundary onError={() => setHasScene(false)}>
            <Suspense fallback={null}>
              <SceneView />
            </Suspense>
          </SceneBoundary>
        </div>
      )}
      {hasScene && (
        <>
          <div className="scrim" data-edge="top" />
          <div className="scrim" data-edge="bottom" />
        </>
      )}
      <div className="frame" data-mode={mode} />
      <div ref={head} className="head">
        <TopBar />
        <Late>{isTotalsOpen && model.hasData && <Totals />}</Late>
        <Late>{isInPast && <PastBanner />}</Late>
        {!isInPast && <Banner />}
      </div>
      <Free hasScene={hasScene} mode={mode} />
      {hasScene && (
        <>
          <Legend />
          <SceneControls />
        </>
      )}
      <div className="time">
        <Late>{model.hasData && <Timeline />}</Late>
      </div>
      <Late>{model.hasData && <Toasts />}</Late>
      <aside id="panel" className="panel" data-open={isPanelOpen} data-testid="panel" aria-label="Agents">
        <div className="panel-main">
          <SheetHandle />
          <AgentsPanel isStale={mode === 'stale'} isWide={isWide} canWiden={!isNarrow && hasScene} />
          {isWide && <PanelFoot />}
        </div>
        <Late>{model.hasData && <Detail />}</Late>
        {!isWide && <PanelFoot />}
      </aside>
      <Notice />
      <Dialogs />
      <Tips />
    </div>
  )
}

function Free({ hasScene, mode }: { hasScene: boolean; mode: string }): ReactNode {
  const free = useRef<HTMLElement>(null)
  const counts = useCounts()
  useLayoutEffect(() => (free.current ? reportInsets(free.current) : undefined), [])
  const isLoading = !model.hasData || mode === 'connecting'
  return (
    <main ref={free} className="free">
      {!hasScene && <NoWebGL />}
      {isLoading && hasScene && <Loading />}
      {!isLoading && counts.agents === 0 && mode === 'live' && <EmptyState />}
    </main>
  )
}

/** Tells the scene which part of the window is free. */
function reportInsets(element: HTMLElement): () => void {
  const report = () => {
    const box = element.getBoundingClientRect()
    useStage.setState({
      insets: { left: box.left, top: box.top, right: innerWidth - box.right, bottom: innerHeight - box.bottom },
    })
  }
  const observer = new ResizeObserver(report)
  observer.observe(element)
  addEventListener('resize', report)
  return () => {
    observer.disconnect()
    removeEventListener('resize', report)
  }
}

interface BoundaryProps {
  children: ReactNode
  onError(): void
}

/** A scene that cannot be drawn must not take the list with it. */
class SceneBoundary extends Component<BoundaryProps, { hasFailed: boolean }> {
  override state = { hasFailed: false }

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true }
  }

  override componentDidCatch(): void {
    this.props.onError()
  }

  override render(): ReactNode {
    return this.state.hasFailed ? null : this.props.children
  }
}
