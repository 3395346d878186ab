// The scene in the page. React only mounts it; what moves is moved by `SceneHost` in frames that are asked for. R3F's root is
// used without its `Canvas`, which takes in all of three: 40 KB more before the first picture. Who wants JSX for an object of
// three's here calls R3F's `extend` with that class first.

import { createRoot, useFrame, useThree } from '@react-three/fiber'
import { Component, type ReactNode, useEffect, useRef, useState } from 'react'
import { PerspectiveCamera } from 'three'
import { SceneHost } from './sceneHost.ts'
import { silenceKnownWarning } from './threeConsole.ts'

const FOV_DEGREES = 38

export default function SceneView(): ReactNode {
  const holder = useRef<HTMLDivElement>(null)
  const [failure, setFailure] = useState<Error | null>(null)
  useEffect(() => (holder.current ? openScene(holder.current, setFailure) : undefined), [])
  // Thrown on to whoever shows the table instead.
  if (failure) throw failure
  return <div ref={holder} className="scene-canvas" />
}

function openScene(holder: HTMLElement, onFailure: (error: Error) => void): () => void {
  silenceKnownWarning()
  const canvas = document.createElement('canvas')
  holder.append(canvas)
  const root = createRoot(canvas)
  let isMounted = false
  const fit = () => {
    const { width, height, top, left } = holder.getBoundingClientRect()
    if (width === 0 || height === 0) return
    root
      .configure({
        size: { width, height, top, left },
        frameloop: 'demand',
        flat: true,
        dpr: [1, 2],
        gl: { antialias: false, stencil: false, powerPreference: 'high-performance' },
        camera: { fov: FOV_DEGREES, near: 0.5, far: 6_000, position: [0, 0, 60] },
      })
      .then(() => {
        if (isMounted) return
        isMounted = true
        root.render(
          <HostBoundary onFailure={onFailure}>
            <Host />
          </HostBoundary>,
        )
      })
      .catch(onFailure)
  }
  const observer = new ResizeObserver(fit)
  observer.observe(holder)
  return () => {
    observer.disconnect()
    root.unmount()
    canvas.remove()
  }
}

function Host(): ReactNode {
  const gl = useThree((state) => state.gl)
  const camera = useThree((state) => state.camera)
  const scene = useThree((state) => state.scene)
  const invalidate = useThree((state) => state.invalidate)
  const host = useRef<SceneHost | null>(null)

  useEffect(() => {
    if (!(camera instanceof PerspectiveCamera)) return
    const created = new SceneHost({ renderer: gl, camera, scene, invalidate: () => invalidate() })
    host.current = created
    invalidate()
    return () => {
      host.current = null
      created.dispose()
    }
  }, [gl, camera, scene, invalidate])

  // A positive priority: the host itself renders, so that it can measure all that a frame costs.
  useFrame((state, deltaSec, frame) => host.current?.frame(state, deltaSec, frame), 1)
  return null
}

interface BoundaryProps {
  children: ReactNode
  onFailure(error: Error): void
}

/** R3F has a React root of its own: what fails there never reaches the page's boundary by itself. */
class HostBoundary extends Component<BoundaryProps, { hasFailed: boolean }> {
  override state = { hasFailed: false }

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true }
  }

  override componentDidCatch(error: Error): void {
    this.props.onFailure(error)
  }

  override render(): ReactNode {
    return this.state.hasFailed ? null : this.props.children
  }
}
