// Queries and answers of the history: what was, told as it was.

import { z } from 'zod'
import { isoTime } from './common.ts'

const MAX_EVENTS = 10_000
const MAX_BUCKETS = 2_000

/** ISO 8601, or milliseconds since 1970. */
const time = z
  .string()
  .transform((text) => (/^\d{1,16}$/.test(text) ? Number(text) : Date.parse(text)))
  .refine((ms) => Number.isSafeInteger(ms), 'not a time: give ISO 8601 or milliseconds since 1970')
const optionalTime = time.nullish().transform((ms) => ms ?? null)
const text = z
  .string()
  .min(1)
  .max(500)
  .nullish()
  .transform((value) => value ?? null)

export const rangeQuery = z.object({ from: optionalTime, to: optionalTime })
export const overviewQuery = z.object({
  ...rangeQuery.shape,
  buckets: z.coerce.number().int().min(1).max(MAX_BUCKETS).default(200),
})
export const stateQuery = z.object({ at: time })
export const eventsQuery = z.object({
  ...rangeQuery.shape,
  kind: text.describe('An event type (`agent.retired`) or a kind of entity (`agent`)'),
  agent: text.describe("An agent's id: its own events, and those of links and tasks that name it"),
  after: z
    .string()
    .regex(/^\d{1,15}\.\d{1,7}$/, 'not a place: take it from the answer before')
    .nullish()
    .transform((value) => value ?? null)
    .describe('Where the page before ended: the `Link` header has the whole address'),
  limit: z.coerce.number().int().min(1).max(MAX_EVENTS).default(1_000),
})

const past = { success: z.literal(true), mode: z.literal('replay').describe('Nothing of this is now') }
const maybeTime = isoTime.nullable()

export const overviewAnswer = z.object({
  ...past,
  first: maybeTime.describe('Of what is kept; null: nothing is'),
  last: maybeTime,
  stateFrom: maybeTime.describe('From when on the state can be told'),
  from: maybeTime,
  to: maybeTime,
  bucketSeconds: z.number().positive(),
  buckets: z.array(z.object({ at: isoTime, counts: z.record(z.string(), z.number().int().nonnegative()) })),
})

/** As they were logged: an older version of Swarmscope may have known fewer fields. */
const entities = z.array(z.looseObject({ id: z.string() }))

export const stateAnswer = z.object({
  ...past,
  at: isoTime,
  seq: z.number().int().nonnegative(),
  lastEventAt: isoTime,
  agents: entities,
  links: entities,
  tasks: entities,
  swarms: entities,
  sources: entities,
})
