// What the headset costs those who have none: nothing before they come near, and little then.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../helpers/swarmscope.ts'

const WEB = `${ROOT}dist/web`
const files = readdirSync(WEB, { recursive: true, encoding: 'utf8' })
const script = (start: string): string => {
  const found = files.filter((file) => file.startsWith(`assets/${start}-`) && file.endsWith('.js'))
  expect(found).toHaveLength(1)
  return readFileSync(join(WEB, found[0] ?? ''), 'utf8')
}

describe('the built page', () => {
  test('brings at most 60 KB (gzip) more for a headset, and only when it is asked for (X8)', () => {
    expect(gzipSync(script('enterXr')).length).toBeLessThanOrEqual(60_000)
    const page = readFileSync(join(WEB, 'index.html'), 'utf8')
    expect(page).not.toContain('enterXr')
    // What all others load has none of it.
    for (const start of ['index', 'SceneView']) expect(script(start)).not.toContain('offerSession')
    expect(script('enterXr')).toContain('offerSession')
  })

  test('has no byte of an emulator (X8)', () => {
    for (const file of files.filter((each) => each.endsWith('.js'))) {
      const text = readFileSync(join(WEB, file), 'utf8')
      for (const mark of ['installRuntime', 'SyntheticEnvironment', 'installDevUI', 'XRDevice', 'living_room']) {
        expect(text.includes(mark), `${mark} in ${file}`).toBe(false)
      }
    }
  })

  test('ships the descriptions of controllers itself, and no models', () => {
    const profiles = files.filter((file) => /^profiles[/\\].+\./.test(file))
    expect(profiles.length).toBeGreaterThan(1)
    for (const file of profiles) {
      expect(file.endsWith('.json')).toBe(true)
      expect(() => JSON.parse(readFileSync(join(WEB, file), 'utf8'))).not.toThrow()
    }
  })
})
