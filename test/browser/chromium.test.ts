// The browser that the browser tests stand on.

import type { Browser, Page } from 'playwright-core'
import { afterEach, describe, expect, it } from 'vitest'
import { launchBrowser } from '../helpers/browser.ts'

let browser: Browser | undefined
afterEach(async () => {
  await browser?.close()
  browser = undefined
})

/** How many of the text's pixels are dark. */
const inkOf = (page: Page, font: string) =>
  page.evaluate((cssFont) => {
    const canvas = document.createElement('canvas')
    canvas.width = 300
    canvas.height = 60
    const context = canvas.getContext('2d')
    if (!context) throw new Error('no 2d context')
    context.font = cssFont
    context.fillText('Swarmscope', 10, 45)
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
    return data.filter((value, index) => index % 4 === 3 && value > 128).length
  }, font)

/** Draws one triangle, and reads a pixel of it back. */
const webgl2 = (page: Page) =>
  page.evaluate(() => {
    const gl = document.createElement('canvas').getContext('webgl2')
    if (!gl) throw new Error('no WebGL2')
    const program = gl.createProgram()
    for (const [type, source] of [
      [
        gl.VERTEX_SHADER,
        '#version 300 es\nvoid main() { gl_Position = vec4(ivec2(gl_VertexID & 1, gl_VertexID >> 1) * 4 - 1, 0, 1); }',
      ],
      [
        gl.FRAGMENT_SHADER,
        '#version 300 es\nprecision highp float;\nout vec4 color;\nvoid main() { color = vec4(1, 0, 0, 1); }',
      ],
    ] as const) {
      const shader = gl.createShader(type)!
      gl.shaderSource(shader, source)
      gl.compileShader(shader)
      gl.attachShader(program, shader)
    }
    gl.linkProgram(program)
    gl.useProgram(program)
    gl.drawArrays(gl.TRIANGLES, 0, 3)
    const pixel = new Uint8Array(4)
    gl.readPixels(5, 5, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel)
    return { pixel: [...pixel], instanced: typeof gl.drawArraysInstanced }
  })

describe('the Chromium of the browser tests', () => {
  it('starts, draws with WebGL2, and writes text', async () => {
    browser = await launchBrowser()
    const page = await browser.newPage()
    expect(await webgl2(page)).toEqual({ pixel: [255, 0, 0, 255], instanced: 'function' })
    expect(await inkOf(page, '40px sans-serif')).toBeGreaterThan(500)
  })

  it('does so in an empty environment too', async () => {
    browser = await launchBrowser({ env: {} })
    const page = await browser.newPage()
    expect(await webgl2(page)).toMatchObject({ pixel: [255, 0, 0, 255] })
    expect(await inkOf(page, '40px sans-serif')).toBeGreaterThan(500)
    expect(await inkOf(page, '40px monospace')).toBeGreaterThan(500)
  })

  it('starts twice at once', async () => {
    const both = await Promise.all([launchBrowser(), launchBrowser()])
    for (const one of both) {
      expect(one.isConnected()).toBe(true)
      await one.close()
    }
  })
})
