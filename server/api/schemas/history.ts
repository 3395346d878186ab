// What the history takes and gives.

import { z } from 'zod'
import { id, isoTime, wholeNumber } from './common.ts'

const MAX_BUCKETS = 2_000
const MAX_EVENTS = 10_000

/** ISO 8601, or milliseconds since 1970. */
const time = z
  .string()
  .max(40)
  .transform((text) => {
    const ms = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    return Number.isNaN(ms) ? text : new Date(ms).toISOString()
  })
  .pipe(z.iso.datetime({ offset: true, error: 'not a time: give ISO 8601 or milliseconds since 1970' }))

const range = {
  from: time.optional().describe('ISO 8601, or milliseconds since 1970'),
  to: time.optional().describe('ISO 8601, or milliseconds since 1970'),
}

export const overviewQuery = z.strictObject({ ...range, buckets: wholeNumber(MAX_BUCKETS).default(200) })
export const stateQuery = z.strictObject({
  at: time.describe('ISO 8601, or milliseconds since 1970; required, and not to come'),
  versions: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Also what a fold needs to go on from there with the events that follow'),
})
export const recordingQuery = z.strictObject(range)
export const eventsQuery = z.strictObject({
  ...range,
  kind: z.string().min(1).max(50).optional().describe('An event type (`agent.retired`) or a kind of entity (`task`)'),
  agent: id.optional().describe("An agent's id: its own events, and those of links and tasks that name it"),
  cursor: z
    .string()
    .regex(/^\d{1,15}\.\d{1,7}$/, 'not a cursor: take the address from the Link header')
    .optional()
    .describe('As in the `Link` header of the page before'),
  limit: wholeNumber(MAX_EVENTS).default(1_000),
})

const inThePast = { success: z.literal(true), mode: z.literal('replay').describe('Nothing of it is now') }
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
