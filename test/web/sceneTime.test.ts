import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { BeadMesh } from '../../web/scene/beadMesh.ts'
import { LinkMesh } from '../../web/scene/linkMesh.ts'
import { NodeField } from '../../web/scene/nodeField.ts'
import { NEVER, NodeMeshes } from '../../web/scene/nodeMeshes.ts'
import type { ScenePalette } from '../../web/scene/palette.ts'
import { createUniforms, REBASE_SEC, rebased } from '../../web/scene/sceneUniforms.ts'

it('the shaders’ time begins anew each hour, and what began before keeps its age', () => {
  const uniforms = createUniforms(new NodeField(), {} as ScenePalette)
  const nodes = new NodeMeshes(uniforms)
  const links = new LinkMesh(uniforms)
  const beads = new BeadMesh(uniforms)
  const arrayOf = ({ mesh }: { mesh: { geometry: { attributes: object } } }, name: string) =>
    (mesh.geometry.attributes as Record<string, { array: Float32Array }>)[name]?.array as Float32Array
  const life = () => [...arrayOf({ mesh: nodes.bodies }, 'aLife').slice(0, 6)]
  const style = { look: 0, family: 0, flags: 0 }
  const link = { id: 'a-b', kind: 'message', source: 0, target: 1 } as const
  const all = [nodes, links, beads]
  nodes.begin(0, style, 3_590)
  links.set([link], 3_590)
  beads.send([link], 3_590)
  for (const each of all) each.rebase(REBASE_SEC)
  uniforms.originSec.value += REBASE_SEC
  // Three weeks later, in seconds that 32 bits would tell to an eighth of one.
  for (let hour = 1; hour < 24 * 21; hour++) {
    for (const each of all) each.rebase(REBASE_SEC)
    uniforms.originSec.value += REBASE_SEC
  }
  const nowSec = uniforms.originSec.value + 12.345
  nodes.begin(1, style, nowSec)
  beads.send([link], nowSec)
  links.set([link, { ...link, id: 'b-a' }], nowSec)
  const [born, ends, , bornNow, endsNow] = life()
  expect([born, ends, endsNow]).toEqual([-1e6, NEVER, NEVER])
  expect(bornNow).toBeCloseTo(12.345, 4)
  expect(arrayOf(beads, 'aBead')[7]).toBeCloseTo(12.345, 4)
  expect(arrayOf(links, 'aLink')[3]).toBe(-1e6)
  expect(arrayOf(links, 'aLink')[7]).toBeCloseTo(12.345, 4)
  expect(rebased(5, REBASE_SEC)).toBe(5 - REBASE_SEC)
})

it('an hour is a whole number of all turns and breaths, so nothing leaps with it', () => {
  const mark = readFileSync(new URL('../../web/scene/shaders/mark.ts', import.meta.url), 'utf8')
  const perSec = [...mark.matchAll(/uTime \* (?:TAU \* )?([\d.]+)/g)].map(([, rate]) => Number(rate))
  expect(perSec.length).toBeGreaterThan(1)
  for (const rate of perSec) expect(Math.abs((rate * REBASE_SEC) % 1)).toBeLessThan(1e-9)
})
