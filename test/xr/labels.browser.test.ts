// Labels in a headset: as tall as they must be to be read, turned to the face, apart from each other, and the right ones. The
// choice is made by the scene's own code, the places are computed by its own shader.

import type { Browser, Page } from 'playwright-core'
import { Vector2, Vector3 } from 'three'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Entity } from '../../protocol/swarm.ts'
import { SIDES } from '../../web/scene/declutter.ts'
import { MAX_LABELS } from '../../web/scene/labelAtlas.ts'
import { type ChoiceInput, chooseLabels } from '../../web/scene/labelChoice.ts'
import type { ChosenLabel, LabelMesh } from '../../web/scene/labelMesh.ts'
import { NodeField } from '../../web/scene/nodeField.ts'
import { NodeView } from '../../web/scene/nodeView.ts'
import type { HeadView } from '../../web/scene/stage.ts'
import { drawnRadius, SwarmGraph } from '../../web/scene/swarmGraph.ts'
import { SwarmModel } from '../../web/store/swarmModel.ts'
import { RADIANS_PER_PIXEL } from '../../web/xr/headRig.ts'
import { launchBrowser } from '../helpers/browser.ts'
import { labelCorners } from '../helpers/labelCorners.ts'
import { agentOf, randomFrom } from '../helpers/webWorld.ts'

const DEGREES = 180 / Math.PI
/** Of the name's font in a label's pixels, and of its line's. */
const NAME_PX = 12
const LINE_PX = 11
const VIEW_PX = Math.round(Math.PI / 2 / RADIANS_PER_PIXEL)

let browser: Browser
let page: Page
beforeAll(async () => {
  browser = await launchBrowser()
  page = await browser.newPage()
})
afterAll(() => browser?.close())

/** As wide as the atlas would measure them, near enough. */
const measure = ({ name, line }: { name: string; line: string }) => ({
  width: Math.min(232, Math.ceil(6.6 * Math.max(name.length, line.length)) + 8),
  height: line ? 36 : 19,
})
const labels = { measure, sideOf: () => -1 } as unknown as LabelMesh

interface Seen {
  graph: SwarmGraph
  nodes: Float32Array
  head: HeadView
  chosen: ChosenLabel[]
  corners: Vector3[][]
}

/** Agents at these places of the scene, seen from the origin by who looks that way (radians to the left). */
async function look(agents: { entity: Entity; at: [number, number, number] }[], yaw = 0, selected = ''): Promise<Seen> {
  const model = new SwarmModel(() => undefined)
  const graph = new SwarmGraph(model)
  model.onChange((change) => graph.note(change))
  model.load({ epoch: 'e', seq: 1, put: agents.map(({ entity }) => entity) })
  graph.update()
  const { end } = graph.slots
  const positions = new Float32Array(end * 3)
  const generations = new Uint32Array(end)
  const radii = new Float32Array(end)
  for (const { entity, at } of agents) {
    const slot = graph.slotOfAgent(entity.id)
    positions.set(at, slot * 3)
    generations[slot] = graph.slots.generationOf(slot)
    radii[slot] = drawnRadius(entity as Parameters<typeof drawnRadius>[0])
  }
  const field = new NodeField()
  field.accept(positions, generations, end, (slot) => graph.slots.generationOf(slot), radii, 0)
  field.advance({ nowMs: 10_000 })
  const head: HeadView = {
    position: new Vector3(),
    right: new Vector3(Math.cos(yaw), 0, -Math.sin(yaw)),
    up: new Vector3(0, 1, 0),
    back: new Vector3(Math.sin(yaw), 0, Math.cos(yaw)),
    radiansPerPixel: RADIANS_PER_PIXEL,
    viewport: new Vector2(1_000, 1_000),
  }
  const view = new NodeView()
  view.projectAround(field, end, null, head, VIEW_PX, VIEW_PX)
  const input: ChoiceInput = {
    graph,
    view,
    labels,
    width: VIEW_PX,
    height: VIEW_PX,
    insets: { left: 0, top: 0, right: 0, bottom: 0 },
    isInRoom: true,
    selected: selected === '' ? -1 : graph.slotOfAgent(selected),
    hovered: -1,
    isStale: false,
    concerns: new Map(),
    hasHulls: false,
    isDimmed: () => false,
  }
  const chosen = chooseLabels(input)
  const nodes = field.bySlot(end)
  const drawn = chosen.map(({ slot, side, text, isForward }) => ({
    slot,
    isForward,
    side: SIDES[side] ?? SIDES[0],
    ...measure(text),
  }))
  const corners = await labelCorners(page, {
    nodes: [...nodes.subarray(0, end * 4)],
    head: { x: 0, y: 0, z: 0, radiansPerPixel: RADIANS_PER_PIXEL },
    labels: drawn,
  })
  return { graph, nodes, head, chosen, corners: corners.map((four) => four.map((at) => new Vector3(...at))) }
}

/** How tall it is for the eye. */
const tallOf = ([low, , high]: Vector3[]) => (low as Vector3).angleTo(high as Vector3) * DEGREES

const middleOf = (corners: Vector3[]) => corners.reduce((sum, at) => sum.add(at), new Vector3()).divideScalar(4)

/** Where it is for the eye: radians to the left and up of the way to the first one's middle. */
function boxAt(corners: Vector3[], way: Vector3, right: Vector3, up: Vector3) {
  const xs = corners.map((at) => Math.atan2(at.dot(right), at.dot(way)))
  const ys = corners.map((at) => Math.atan2(at.dot(up), at.dot(way)))
  return { left: Math.min(...xs), right: Math.max(...xs), low: Math.min(...ys), high: Math.max(...ys) }
}

function overlaps(first: Vector3[], second: Vector3[]): boolean {
  const way = middleOf(first).normalize()
  const right = new Vector3().crossVectors(way, new Vector3(0, 1, 0)).normalize()
  const up = new Vector3().crossVectors(right, way)
  if (middleOf(second).dot(way) <= 0) return false
  const a = boxAt(first, way, right, up)
  const b = boxAt(second, way, right, up)
  return a.left < b.right && b.left < a.right && a.low < b.high && b.low < a.high
}

/** So many in a ball about this place. */
function ball(count: number, radius: number, ahead: number, seed: number) {
  const random = randomFrom(seed)
  const states = ['active', 'idle', 'busy', 'error'] as const
  return Array.from({ length: count }, (_, index) => {
    let at: [number, number, number]
    do at = [random() * 2 - 1, random() * 2 - 1, random() * 2 - 1]
    while (Math.hypot(...at) > 1)
    const status = states[random() < 0.04 ? 3 : index % 3] ?? 'idle'
    return {
      entity: agentOf(`agent-${index}`, { status, activity: index % 2 === 0 ? 'Edit src/login/form.tsx' : null }),
      at: [at[0] * radius, at[1] * radius, at[2] * radius - ahead] as [number, number, number],
    }
  })
}

/** Scene units in a metre, and how the swarm stands then. */
const STANDS = [
  ['on the table', 100, 40, 120],
  ['in the room', 30, 45, 72],
  ['around', 8, 48, 0],
] as const

describe('labels in a headset', () => {
  test.each([0.5, 1.2, 3, 8])('are 1.0° to 2.5° tall at %d m, in the middle and aside (X11)', async (metres) => {
    const scale = 20
    const places = [0, 25, -25, 42].map((degrees, index) => {
      const angle = degrees / DEGREES
      const far = metres * scale
      return {
        entity: agentOf(`agent-${index}`, { activity: 'Bash npm test', status: index === 2 ? 'error' : 'active' }),
        at: [Math.sin(angle) * far, index * 0.12 * far - 0.2 * far, -Math.cos(angle) * far] as [number, number, number],
      }
    })
    const { chosen, corners } = await look(places)
    expect(chosen).toHaveLength(4)
    for (const [index, four] of corners.entries()) {
      const perPixel = tallOf(four) / measure(chosen[index]?.text ?? { name: '', line: '' }).height
      for (const em of [perPixel * NAME_PX, perPixel * LINE_PX]) {
        expect(em).toBeGreaterThanOrEqual(1)
        expect(em).toBeLessThanOrEqual(2.5)
      }
    }
  })

  test.each(STANDS)(
    '%s: face the head within 5°, stand upright, none over another, 200 at most (X12)',
    async (...stand) => {
      const [, , radius, ahead] = stand
      let shown = 0
      let over = 0
      for (const [seed, yaw] of [0, 0.4, -0.7, Math.PI].entries()) {
        const { chosen, corners } = await look(ball(400, radius, ahead, seed + 1), yaw)
        expect(chosen.length).toBeLessThanOrEqual(MAX_LABELS)
        shown += chosen.length
        for (const [index, four] of corners.entries()) {
          const [low, right, high] = four as [Vector3, Vector3, Vector3]
          const across = right.clone().sub(low).normalize()
          const along = high.clone().sub(low).normalize()
          const normal = new Vector3().crossVectors(across, along)
          const middle = middleOf(four)
          expect(normal.angleTo(middle.clone().negate()) * DEGREES).toBeLessThan(5)
          expect(Math.abs(across.y)).toBeLessThan(1e-3)
          if (corners.slice(0, index).some((other) => overlaps(other, four))) over++
        }
      }
      expect(shown).toBeGreaterThan(40)
      expect(over / shown).toBeLessThanOrEqual(0.02)
    },
  )

  test('are those of who is selected, who needs somebody and what failed; then of what is looked at (X12)', async () => {
    const world = ball(400, 45, 72, 5)
    const first = world[7] as (typeof world)[number]
    const waiting = world[20] as (typeof world)[number]
    waiting.entity = agentOf('agent-20', { attention: { reason: 'permission: Bash', since: '2026-01-01T00:00:00Z' } })
    waiting.at = [20, 5, -50]
    first.at = [-25, -8, -60]
    const { graph, chosen } = await look(world, 0, first.entity.id)
    const names = chosen.map(({ slot }) => graph.entityAt(slot)?.id)
    expect(names.slice(0, 2)).toEqual([first.entity.id, waiting.entity.id])
    const failed = world.filter(({ entity }) => entity.entity === 'agent' && entity.status === 'error')
    for (const { entity } of failed) expect(names).toContain(entity.id)
    // Of all others those nearer to where one looks come first.
    const awayOf = (id: string | undefined) => {
      const [x, y, z] = world.find(({ entity }) => entity.id === id)?.at ?? [0, 0, -1]
      return new Vector3(x, y, z).angleTo(new Vector3(0, 0, -1)) * DEGREES
    }
    const working = names.slice(2 + failed.length).map(awayOf)
    expect(working.length).toBeGreaterThan(5)
    const ring = (degrees: number) => Math.floor(degrees / 15)
    for (const [index, away] of working.entries()) {
      const before = Math.max(0, ...working.slice(0, index).map((each) => ring(each - 2)))
      expect(ring(away + 2), `${working}`).toBeGreaterThanOrEqual(before)
    }
  })

  test('who needs somebody comes forward with its label: by an eighth of the way, for both eyes alike', async () => {
    const place: [number, number, number] = [10, 3, -40]
    const [calm, failing] = await Promise.all(
      (['active', 'error'] as const).map((status) => look([{ entity: agentOf('one', { status }), at: place }])),
    )
    const far = (seen: Seen | undefined) => middleOf(seen?.corners[0] ?? []).length()
    expect(far(failing) / far(calm)).toBeCloseTo(0.88, 1)
    expect(far(failing)).toBeLessThan(far(calm) * 0.9)
  })
})
