// The API's description, OpenAPI 3.1, made of the operations' zod schemas.

import { z } from 'zod'
import { VERSION } from '../../platform/version.ts'
import { ERRORS, type ErrorCode, type ErrorEntry } from '../../protocol/errors.ts'
import { OTLP_TYPES } from '../ingest/paths.ts'
import { COMMON_ERRORS, OPERATIONS, type Operation } from './operations.ts'
import { agent, link, sourceStatus, swarm, task } from './schemas/entities.ts'

type Json = Record<string, unknown>

export interface OpenApiDocument {
  openapi: '3.1.1'
  info: Json
  servers: Json[]
  tags: Json[]
  paths: Record<string, Record<string, Json>>
  components: { schemas: Record<string, Json>; securitySchemes: Json }
}

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })

let made: OpenApiDocument | undefined

/** Made once, when first asked for: nobody else should pay for it. */
export function openApiDocument(): OpenApiDocument {
  made ??= {
    openapi: '3.1.1',
    info: {
      title: 'Swarmscope',
      version: VERSION,
      description:
        'A swarm of AI coding agents, read live and truthfully, and commanded through the real claude-flow. What a source did not report is null, never 0. Each code of an error stands in docs/errors.md with what to do. /api/bots/… is the same as /api/v1/bots/….',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'reads', description: 'What is known. Each answer has an ETag: ask with If-None-Match and get 304.' },
      {
        name: 'commands',
        description:
          'What claude-flow is to do. With an Idempotency-Key the same request again is done once, and gives the same answer for a day.',
      },
      { name: 'history', description: 'What was. The server keeps it as long as --history-days and --history-mb say.' },
      { name: 'stream', description: 'What changes, as it does.' },
      { name: 'ingest', description: "Where Claude Code's hooks and telemetry, and other agents' spans, come in." },
      { name: 'operation', description: 'For whoever runs it: docs/health.md says what each means.' },
      { name: 'description', description: 'This.' },
    ],
    paths: pathsOf(OPERATIONS),
    components: {
      schemas: schemasOf(OPERATIONS),
      securitySchemes: {
        viewer: { type: 'http', scheme: 'bearer', description: "The viewer's token, or the operator's" },
        operator: { type: 'http', scheme: 'bearer', description: "The operator's token" },
        ingest: { type: 'http', scheme: 'bearer', description: 'The ingest token, which is good for nothing else' },
      },
    },
  }
  return made
}

function schemasOf(operations: readonly Operation[]): Record<string, Json> {
  const registry = z.registry<{ id: string }>()
  const named = new Map<string, z.ZodType>([
    ['Agent', agent],
    ['Task', task],
    ['Swarm', swarm],
    ['Link', link],
    ['SourceStatus', sourceStatus],
  ])
  for (const { answers } of operations) {
    for (const answer of Object.values(answers)) {
      if (answer && 'json' in answer) named.set(answer.name, answer.json)
    }
  }
  for (const [id, schema] of named) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}`, override: plain })
  const found: Record<string, Json> = {}
  for (const [name, { $schema: _, $id: __, id: ___, ...schema }] of Object.entries(schemas as Record<string, Json>)) {
    found[name] = schema
  }
  return { ...found, Error: errorSchema, RpcStatus: rpcStatusSchema }
}

/** What errors look like: E1. */
const errorSchema: Json = {
  type: 'object',
  properties: {
    success: { const: false },
    error: { type: 'string', minLength: 1, description: 'What happened' },
    code: { type: 'string', enum: Object.keys(ERRORS) },
    details: {
      type: 'object',
      properties: { suggestion: { type: 'string', minLength: 1, description: 'What to do' } },
      required: ['suggestion'],
      additionalProperties: false,
    },
  },
  required: ['success', 'error', 'code', 'details'],
  additionalProperties: false,
}

/** What they look like where OTLP is spoken: I7. */
const rpcStatusSchema: Json = {
  type: 'object',
  properties: { code: { type: 'integer' }, message: { type: 'string', minLength: 1 } },
  required: ['code', 'message'],
}

function pathsOf(operations: readonly Operation[]): OpenApiDocument['paths'] {
  const paths: OpenApiDocument['paths'] = {}
  for (const operation of operations) {
    const item = paths[operation.path] ?? {}
    item[operation.method] = describe(operation)
    paths[operation.path] = item
  }
  return paths
}

function describe(operation: Operation): Json {
  const { id, tag, summary, description, access, body, params, query, etag, method } = operation
  const parameters = [
    ...(params ? parametersOf(params, 'path') : []),
    ...(query ? parametersOf(query, 'query') : []),
    ...(etag ? [header('If-None-Match', 'An ETag of the same question: 304 if nothing changed')] : []),
    ...(tag === 'commands' ? [header('Idempotency-Key', 'The same request with the same key is done once')] : []),
  ]
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description ? { description } : {}),
    security: access === 'anyone' ? [] : [{ [access]: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? {
          requestBody: {
            // Without one all defaults hold, where there are defaults for all.
            required: method === 'post' && !body.safeParse({}).success,
            content: { 'application/json': { schema: jsonOf(body, 'input') } },
          },
        }
      : {}),
    ...(operation.isOtlp
      ? {
          requestBody: {
            required: true,
            content: { [OTLP_TYPES.json]: { schema: { type: 'object' } }, [OTLP_TYPES.protobuf]: {} },
          },
        }
      : {}),
    responses: responsesOf(operation),
  }
}

const header = (name: string, description: string): Json => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
})

function parametersOf(shape: z.ZodObject, place: 'path' | 'query'): Json[] {
  return Object.entries(shape.shape).map(([name, field]) => {
    const { description, ...schema } = jsonOf(field as z.ZodType, 'output')
    const list = schema.type === 'array'
    return {
      name,
      in: place,
      required: place === 'path' || !(field as z.ZodType).safeParse(undefined).success,
      ...(description === undefined ? {} : { description }),
      // `a,b` in one parameter, not the parameter again and again.
      ...(list ? { style: 'form', explode: false } : {}),
      schema,
    }
  })
}

/** What an answer without a body says. */
const NO_BODY: Readonly<Record<string, string>> = { 304: 'Nothing changed', 503: 'Not now' }

function responsesOf({ answers, errors, never = [], access, isOtlp }: Operation): Json {
  const responses: Json = {}
  for (const [status, answer] of Object.entries(answers)) {
    if (answer === null) responses[status] = { description: `${NO_BODY[status] ?? 'Yes'}; no body` }
    else if ('json' in answer) {
      responses[status] = { description: 'Done', content: { 'application/json': { schema: ref(answer.name) } } }
    } else {
      const types = isOtlp ? Object.values(OTLP_TYPES) : [answer.type]
      responses[status] = { description: answer.says, content: Object.fromEntries(types.map((type) => [type, {}])) }
    }
  }
  const codes: ErrorCode[] = [
    ...COMMON_ERRORS.filter((code) => !never.includes(code)),
    ...(access === 'anyone' ? [] : (['UNAUTHORIZED'] as const)),
    ...(access === 'operator' ? (['FORBIDDEN'] as const) : []),
    ...errors,
  ]
  for (const [status, of] of grouped(codes)) {
    const described = of.map((code) => `${code}: ${ERRORS[code].error}`).join('. ')
    const before = responses[status] as { content?: { 'application/json'?: { schema: Json } } } | undefined
    const own = before?.content?.['application/json']?.schema
    if (isOtlp) {
      const content = { [OTLP_TYPES.json]: { schema: ref('RpcStatus') }, [OTLP_TYPES.protobuf]: {} }
      responses[status] = { description: described, content }
      continue
    }
    const error = { allOf: [ref('Error'), { type: 'object', properties: { code: { enum: of } } }] }
    const schema = own ? { anyOf: [own, error] } : error
    responses[status] = { description: described, content: { 'application/json': { schema } } }
  }
  return responses
}

const statusOf = (code: ErrorCode): number => (ERRORS[code] as ErrorEntry).status

function grouped(codes: readonly ErrorCode[]): Map<number, ErrorCode[]> {
  const groups = new Map<number, ErrorCode[]>()
  for (const code of codes) {
    const group = groups.get(statusOf(code))
    if (group) group.push(code)
    else groups.set(statusOf(code), [code])
  }
  return groups
}

function jsonOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, override: plain }) as Json
  return json
}

/** zod writes out what `date-time` means as a pattern of 300 characters, and how large a safe integer is. */
function plain({ jsonSchema }: { jsonSchema: Json }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
}
