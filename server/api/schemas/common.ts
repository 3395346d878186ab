// What many answers and queries of the API have in common. Schemas stand here once: requests are parsed by them, answers
// are typed by them, and the OpenAPI description is made of them.

import { z } from 'zod'
import { MODES } from '../../../protocol/swarm.ts'

const MAX_FILTER_VALUES = 50
const MAX_ID_LENGTH = 600
export const DEFAULT_LIMIT = 1_000
/** More than any swarm we are made for, so that everything can be had in one answer. */
export const MAX_LIMIT = 10_000

export const isoTime = z.iso.datetime()
/** As it is asked for; parsed it is spelled as all our times are, so that they compare as text. */
export const askedTime = z
  .string()
  .max(40)
  .transform((text) => {
    const ms = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    return Number.isNaN(ms) ? text : new Date(ms).toISOString()
  })
  .pipe(z.iso.datetime({ offset: true, error: 'not a time: give ISO 8601 or milliseconds since 1970' }))
  .transform((text) => new Date(text).toISOString())
  .pipe(isoTime)
export const TIME_FORMS = 'ISO 8601, or milliseconds since 1970'
export const id = z.string().min(1).max(MAX_ID_LENGTH)

/** Of every read: which world it shows, and where in that world's log it was read. */
export const position = {
  success: z.literal(true),
  mode: z.enum(MODES).describe('What is shown: `mock` is made up, `stale` is the last that was known'),
  epoch: z.string().describe("Names the world's log; a live stream can be resumed at `epoch` and `seq`"),
  seq: z.number().int().nonnegative().describe('The number of the last change that this answer contains'),
}

/** Of every list. */
export const paged = {
  total: z.number().int().nonnegative().describe('How many match'),
  count: z.number().int().nonnegative().describe('How many of them are in this answer'),
  next: z.string().nullable().describe('`cursor` of the next page; null: this is the last'),
}

/** `a,b`: any of these. */
export const anyOf = <T extends z.ZodType<string, string>>(value: T) =>
  z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(value).min(1).max(MAX_FILTER_VALUES))
    .optional()

/** Ids may hold a comma, so one is given at a time. */
export const oneId = id.optional()

export const flag = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .pipe(z.boolean())
  .optional()

export const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().int().min(1).max(max))

export const limit = wholeNumber(MAX_LIMIT).default(DEFAULT_LIMIT)

/** `field` upwards, `-field` downwards; what is null comes last, and equal ones in the order of their ids. */
export const sortBy = <const F extends readonly [string, ...string[]]>(fields: F) =>
  z.enum([...fields, ...fields.map((field) => `-${field}`)] as unknown as [F[number] | `-${F[number]}`])

export const cursor = z.string().min(1).max(2_000).optional().describe('`next` of the page before, with the same sort')

/** Some text that is looked for, in any case of letters. */
export const words = z.string().trim().min(1).max(100).optional()

/** Nothing may be asked: a misspelt filter would otherwise pass for one that matches everything. */
export const noQuery = z.strictObject({})
