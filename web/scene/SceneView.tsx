// The scene in the page. React only mounts it; what moves is moved by `SceneHost` in frames that are asked for.

import { Canvas, useFrame, useThree } from '@react-three/fiber'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { PerspectiveCamera } from 'three'
import { SceneHost } from './sceneHost.ts'
import { silenceKnownWarning } from './threeConsole.ts'

const FOV_DEGREES = 38

export default function SceneView(): ReactNode {
  useState(silenceKnownWarning) // once, and before the canvas below
  return (
    <Canvas
      className="scene-canvas"
      frameloop="demand"
      flat
      dpr={[1, 2]}
      gl={{ antialias: false, stencil: false, powerPreference: 'high-performance' }}
      camera={{ fov: FOV_DEGREES, near: 0.5, far: 6_000, position: [0, 0, 60] }}
    >
      <Host />
    </Canvas>
  )
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
  useFrame((state, delta) => host.current?.frame(state.size.width, state.size.height, delta), 1)
  return null
}
