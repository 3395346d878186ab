// What all draws have in common: quads, placed and shaped by their shaders, blended over what is there.

import { BufferAttribute, InstancedBufferGeometry, type IUniform, Mesh, ShaderMaterial } from 'three'
import type { SceneUniforms } from './sceneUniforms.ts'

/** With buffers of its own: disposing of a geometry frees its buffers, and others' draws would be left without. */
export function quadGeometry(): InstancedBufferGeometry {
  const geometry = new InstancedBufferGeometry()
  geometry.setAttribute('position', new BufferAttribute(new Float32Array([-1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 1, 0]), 3))
  geometry.setIndex(new BufferAttribute(new Uint16Array([0, 1, 2, 0, 2, 3]), 1))
  return geometry
}

export function material(
  uniforms: SceneUniforms | Record<string, IUniform>,
  vertexShader: string,
  fragmentShader: string,
  depthWrite: boolean,
  depthTest = true,
): ShaderMaterial {
  return new ShaderMaterial({
    uniforms,
    vertexShader,
    fragmentShader,
    transparent: true,
    premultipliedAlpha: true,
    depthWrite,
    depthTest,
  })
}

/** Placed by its shader: there is nothing to cull or to move. */
export function quietMesh(geometry: InstancedBufferGeometry, meshMaterial: ShaderMaterial, renderOrder: number): Mesh {
  const mesh = new Mesh(geometry, meshMaterial)
  mesh.frustumCulled = false
  mesh.matrixAutoUpdate = false
  mesh.renderOrder = renderOrder
  return mesh
}

/** Frees what it holds on the GPU; its textures are their owner's. */
export function disposeMesh(mesh: Mesh): void {
  mesh.geometry.dispose()
  if (!Array.isArray(mesh.material)) mesh.material.dispose()
}
