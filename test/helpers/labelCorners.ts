// Where the labels' own shader puts their corners in a headset: run by a real GPU driver, and read back.

import type { Page } from 'playwright-core'
import { LABEL_VERTEX } from '../../web/scene/shaders/label.ts'

export interface DrawnLabel {
  slot: number
  isForward: boolean
  /** Which way from the body, as SIDES has it. */
  side: { x: number; y: number }
  width: number
  height: number
}

export interface CornerInput {
  /** x, y, z, radius at 4 × slot. */
  nodes: number[]
  head: { x: number; y: number; z: number; radiansPerPixel: number }
  labels: DrawnLabel[]
}

/** For each label lower left, lower right, upper left, upper right, in the scene. */
export async function labelCorners(page: Page, input: CornerInput): Promise<[number, number, number][][]> {
  const flat = await page.evaluate(run, { ...input, vertex: LABEL_VERTEX })
  return input.labels.map((_, label) =>
    [0, 1, 2, 3].map((corner): [number, number, number] => {
      const at = (label * 4 + corner) * 4
      return [flat[at] ?? 0, flat[at + 1] ?? 0, flat[at + 2] ?? 0]
    }),
  )
}

/** Runs in the page. */
function run({ nodes, head, labels, vertex }: CornerInput & { vertex: string }): number[] {
  const gl = document.createElement('canvas').getContext('webgl2')
  if (!gl) throw new Error('no WebGL 2')
  const compile = (type: number, source: string) => {
    const shader = gl.createShader(type) as WebGLShader
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? '')
    return shader
  }
  // As three says it before: without a camera a place in the scene comes out as it is.
  const before = `#version 300 es
    precision highp float; precision highp int;
    #define attribute in
    #define varying out
    uniform mat4 viewMatrix; uniform mat4 projectionMatrix;
    in vec3 position;
  `
  const program = gl.createProgram() as WebGLProgram
  gl.attachShader(program, compile(gl.VERTEX_SHADER, before + vertex))
  gl.attachShader(program, compile(gl.FRAGMENT_SHADER, '#version 300 es\nvoid main() {}'))
  gl.transformFeedbackVaryings(program, ['gl_Position'], gl.INTERLEAVED_ATTRIBS)
  gl.linkProgram(program)
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? '')
  // biome-ignore lint/correctness/useHookAtTopLevel: WebGL's own name, and no hook
  gl.useProgram(program)

  const width = 256
  const rows = Math.max(1, Math.ceil(nodes.length / 4 / width))
  const texels = new Float32Array(width * rows * 4)
  texels.set(nodes)
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture())
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, width, rows, 0, gl.RGBA, gl.FLOAT, texels)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
  const uniform = (name: string) => gl.getUniformLocation(program, name)
  const one = new Float32Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1])
  gl.uniformMatrix4fv(uniform('viewMatrix'), false, one)
  gl.uniformMatrix4fv(uniform('projectionMatrix'), false, one)
  gl.uniform1f(uniform('uMix'), 1)
  gl.uniform4f(uniform('uHead'), head.x, head.y, head.z, head.radiansPerPixel)
  gl.uniform1f(uniform('uTexel'), 1)
  gl.uniform1i(uniform('uSelected'), -1)

  const perInstance = (name: string, size: number, values: number[], divisor: number) => {
    const at = gl.getAttribLocation(program, name)
    if (at < 0) return
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer())
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(values), gl.STATIC_DRAW)
    gl.enableVertexAttribArray(at)
    gl.vertexAttribPointer(at, size, gl.FLOAT, false, 0, 0)
    gl.vertexAttribDivisor(at, divisor)
  }
  perInstance('position', 3, [-1, -1, 0, 1, -1, 0, -1, 1, 0, 1, 1, 0], 0)
  perInstance(
    'aSlot',
    2,
    labels.flatMap(({ slot, isForward }) => [slot, isForward ? 1 : 0]),
    1,
  )
  perInstance(
    'aCell',
    4,
    labels.flatMap((label) => [0, 0, label.width, label.height]),
    1,
  )
  perInstance(
    'aPlace',
    3,
    labels.flatMap(({ side }) => [side.x, -side.y, 1]),
    1,
  )
  const floats = labels.length * 4 * 4
  const out = gl.createBuffer()
  gl.bindBuffer(gl.TRANSFORM_FEEDBACK_BUFFER, out)
  gl.bufferData(gl.TRANSFORM_FEEDBACK_BUFFER, floats * 4, gl.STATIC_READ)
  gl.bindBuffer(gl.TRANSFORM_FEEDBACK_BUFFER, null)
  gl.bindTransformFeedback(gl.TRANSFORM_FEEDBACK, gl.createTransformFeedback())
  gl.bindBufferBase(gl.TRANSFORM_FEEDBACK_BUFFER, 0, out)
  gl.enable(gl.RASTERIZER_DISCARD)
  gl.beginTransformFeedback(gl.POINTS)
  gl.drawArraysInstanced(gl.POINTS, 0, 4, labels.length)
  gl.endTransformFeedback()
  const read = new Float32Array(floats)
  gl.getBufferSubData(gl.TRANSFORM_FEEDBACK_BUFFER, 0, read)
  if (gl.getError() !== gl.NO_ERROR) throw new Error('the labels could not be read back')
  return [...read]
}
