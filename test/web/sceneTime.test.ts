import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { BeadMesh } from '../../web/scene/beadMesh.ts'
import { LinkMesh } from '../../web/scene/linkMesh.ts'
import { NodeField } from '../../web/scene/nodeField.ts'
import { NodeMeshes } from '../../web/scene/nodeMeshes.ts'
import type { ScenePalette } from '../../web/scene/palette.ts'
import { createUniforms } from '../../web/scene/sceneUniforms.ts'
import { NEVER_SEC, REBASE_SEC, ShaderClock } from '../../web/scene/shaderClock.ts'

it('the shaders’ time begins anew each hour, and what began before keeps its age', () => {
  const clock = new ShaderClock()
  const uniforms = createUniforms(new NodeField(), clock, {} as ScenePalette)
  const nodes = new NodeMeshes(uniforms, clock)
  const links = new LinkMesh(uniforms, clock)
  const beads = new BeadMesh(uniforms, clock)
  const arrayOf = ({ mesh }: { mesh: { geometry: { attributes: object } } }, name: string) =>
    (mesh.geometry.attributes as Record<string, { array: Float32Array }>)[name]?.array as Float32Array
  const life = () => [...arrayOf({ mesh: nodes.bodies }, 'aLife').slice(0, 6)]
  const style = { look: 0, family: 0, flags: 0 }
  const link = { id: 'a-b', kind: 'message', source: 0, target: 1 } as const
  nodes.begin(0, style, 3_590)
  links.set([link], 3_590)
  beads.send([link], 3_590)
  clock.rebase({ nowMs: REBASE_SEC * 1_000 })
  expect([life()[0], arrayOf(links, 'aLink')[3], arrayOf(beads, 'aBead')[3]]).toEqual([-10, -10, -10])
  // Three weeks later, in seconds that 32 bits would tell to an eighth of one.
  const nowSec = REBASE_SEC * 24 * 21 + 12.345
  for (let hour = 2; hour <= 24 * 21; hour++) clock.rebase({ nowMs: REBASE_SEC * 1_000 * hour })
  clock.set({ nowMs: nowSec * 1_000 })
  expect(uniforms.uClock.value[0]).toBeCloseTo(12.345, 4)
  nodes.begin(1, style, nowSec)
  beads.send([link], nowSec)
  links.set([link, { ...link, id: 'b-a' }], nowSec)
  const [born, ends, , bornNow, endsNow] = life()
  expect([born, ends, endsNow]).toEqual([-1e6, NEVER_SEC, NEVER_SEC])
  expect(bornNow).toBeCloseTo(12.345, 4)
  expect(arrayOf(beads, 'aBead')[7]).toBeCloseTo(12.345, 4)
  expect(arrayOf(links, 'aLink')[3]).toBe(-1e6)
  expect(arrayOf(links, 'aLink')[7]).toBeCloseTo(12.345, 4)
})

it('an hour is a whole number of all turns and breaths, so nothing leaps with it', () => {
  const mark = readFileSync(new URL('../../web/scene/shaders/mark.ts', import.meta.url), 'utf8')
  const perSec = [...mark.matchAll(/uTime \* (?:TAU \* )?([\d.]+)/g)].map(([, rate]) => Number(rate))
  expect(perSec.length).toBeGreaterThan(1)
  for (const rate of perSec) expect(Math.abs((rate * REBASE_SEC) % 1)).toBeLessThan(1e-9)
})
