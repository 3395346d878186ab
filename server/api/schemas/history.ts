// What the history takes and gives.

import { z } from 'zod'
import type { EntityKind } from '../../../protocol/swarm.ts'
import { askedTime, id, isoTime, TIME_FORMS, wholeNumber } from './common.ts'

const MAX_BUCKETS = 2_000
const MAX_EVENTS = 10_000

const range = {
  from: askedTime.optional().describe(TIME_FORMS),
  to: askedTime.optional().describe(TIME_FORMS),
}
const inOrder = ({ from, to }: { from?: string | undefined; to?: string | undefined }): boolean =>
  from === undefined || to === undefined || from <= to
const ORDER = { path: ['from'], error: 'is after `to`' }

const KINDS = ['agent', 'task', 'swarm', 'link', 'source'] as const satisfies readonly EntityKind[]
/** A misspelt one would otherwise pass for one of which there is nothing. */
const eventKind = z.enum([...KINDS, ...KINDS.flatMap((kind) => [`${kind}.upserted`, `${kind}.retired`] as const)])

export const overviewQuery = z
  .strictObject({ ...range, buckets: wholeNumber(MAX_BUCKETS).default(200) })
  .refine(inOrder, ORDER)
export const stateQuery = z.strictObject({
  at: askedTime.describe(`${TIME_FORMS}; required, and not to come`),
  versions: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Also what a fold needs to go on from there with the events that follow'),
})
export const recordingQuery = z.strictObject(range).refine(inOrder, ORDER)
export const eventsQuery = z
  .strictObject({
    ...range,
    kind: eventKind.optional().describe('An event type (`agent.retired`) or a kind of entity (`task`)'),
    agent: id.optional().describe("An agent's id: its own events, and those of links and tasks that name it"),
    cursor: z
      .string()
      .regex(/^\d{1,15}\.\d{1,7}$/, 'not a cursor: take the address from the Link header')
      .optional()
      .describe('As in the `Link` header of the page before'),
    limit: wholeNumber(MAX_EVENTS).default(1_000),
  })
  .refine(inOrder, ORDER)

const inThePast = {
  success: z.literal(true),
  mode: z.enum(['replay', 'mock']).describe('`replay`: nothing of it is now; `mock`: nor ever was, it is a demo'),
}
const maybeTime = isoTime.nullable()

export const overviewAnswer = z.object({
  ...inThePast,
  first: maybeTime.describe('Of what is kept; null: nothing is'),
  last: maybeTime,
  stateFrom: maybeTime.describe('From when on the state can be told'),
  from: maybeTime,
  to: maybeTime,
  bucketSeconds: z.number().positive(),
  buckets: z.array(
    z.object({
      at: isoTime,
      counts: z.record(z.string(), z.number().int()).describe('Events by their type'),
      failed: z.number().int().describe('How often an agent began to fail'),
      waiting: z.number().int().describe('How often an agent began to wait for a person'),
    }),
  ),
})

const version = z.tuple([z.number().int(), z.number().int()])
const stated = (entity: string) => z.array(z.looseObject({ entity: z.literal(entity), id: z.string() }))
export const stateAnswer = z.object({
  ...inThePast,
  at: isoTime.describe('As asked for; the present for a time ahead by less than a minute'),
  seq: z.number().int(),
  lastEventAt: isoTime,
  agents: stated('agent'),
  links: stated('link'),
  tasks: stated('task'),
  swarms: stated('swarm'),
  sources: stated('source'),
  versions: z
    .record(z.string(), z.array(version))
    .optional()
    .describe('For each list, in its order, the version with which each was said last'),
  ended: z.array(z.object({ entity: z.string(), id: z.string(), version })).optional(),
})
