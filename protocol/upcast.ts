// What was kept by an older version → what it means now (SPEC.md, L10). Versions and the steps between are in events.ts.

import { EVENT_VERSION, type KeptEntity, type SwarmEvent, UPCASTS } from './events.ts'

/** An entity as version `v` stated it → as it is stated now. Throws `RangeError` on a version that is not understood. */
export const upcastEntity = (kept: KeptEntity, v: unknown): KeptEntity =>
  v === EVENT_VERSION ? kept : stepsFrom(v).reduce((entity, step) => step(entity), kept)

/** The same for an event. */
export function upcast(kept: Record<string, unknown>): SwarmEvent {
  if (kept.v === EVENT_VERSION) return kept as unknown as SwarmEvent
  const event: Record<string, unknown> = { ...kept, v: EVENT_VERSION }
  const steps = stepsFrom(kept.v)
  if (kept.entity !== undefined) event.entity = steps.reduce((entity, step) => step(entity), kept.entity as KeptEntity)
  return event as unknown as SwarmEvent
}

function stepsFrom(v: unknown): ((entity: KeptEntity) => KeptEntity)[] {
  const steps: ((entity: KeptEntity) => KeptEntity)[] = []
  for (let version = Number(v); version < EVENT_VERSION; version++) {
    const step = UPCASTS[version]
    if (!step) break
    steps.push(step)
  }
  if (Number(v) + steps.length !== EVENT_VERSION) throw new RangeError(`version ${String(v)} is not understood`)
  return steps
}
