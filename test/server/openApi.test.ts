import { Validator } from '@seriousme/openapi-schema-validator'
import type { Router } from 'express'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { ERRORS } from '../../protocol/errors.ts'
import { type BotsOptions, botsRouter } from '../../server/api/bots.ts'
import { openApiDocument } from '../../server/api/openApi.ts'
import { OPERATIONS } from '../../server/api/operations.ts'
import type { View } from '../../server/view.ts'
import { expectDescribed } from '../helpers/describedApi.ts'
import { silentLog } from '../helpers/silentLog.ts'
import { startTestServer, type TestServer, VIEWER } from '../helpers/testServer.ts'

describe('the description', () => {
  it('is OpenAPI 3.1 by the official schema, and every reference in it leads somewhere', async () => {
    const validator = new Validator()
    const { valid, errors } = await validator.validate(
      structuredClone(openApiDocument()) as unknown as Record<string, unknown>,
    )
    expect(errors ?? []).toEqual([])
    expect(valid).toBe(true)
    const { schemas } = openApiDocument().components
    const refs = JSON.stringify(openApiDocument()).matchAll(/"\$ref":"([^"]+)"/g)
    for (const [, ref = ''] of refs) expect(Object.keys(schemas)).toContain(ref.replace('#/components/schemas/', ''))
  })

  it('names every operation once, and has all codes of errors', () => {
    const ids = OPERATIONS.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const { code } = (openApiDocument().components.schemas.Error as { properties: { code: { enum: string[] } } })
      .properties
    expect(code.enum).toEqual(Object.keys(ERRORS))
  })

  it('[B7] lets nothing pass that it does not say', () => {
    const answer = (status: number, body: object) => ({
      status,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      text: JSON.stringify(body),
    })
    const ticket = { success: true, ticket: 't', expiresInSeconds: 30 }
    const error = { success: false, error: 'x', code: 'UNAUTHORIZED', details: { suggestion: 'y' } }
    const post = (given: ReturnType<typeof answer>) => () => expectDescribed('POST', '/api/v1/ticket', given)
    expect(post(answer(200, ticket))).not.toThrow()
    expect(post(answer(401, error))).not.toThrow()
    expect(post(answer(200, { ...ticket, more: 1 }))).toThrow(/additional/)
    expect(post(answer(200, { success: true, ticket: 't' }))).toThrow(/expiresInSeconds/)
    expect(post(answer(201, ticket))).toThrow(/it has/)
    expect(post(answer(401, { ...error, code: 'TOO_MANY_VIEWERS' }))).toThrow(/allowed values/)
    expect(post(answer(401, { ...error, stack: 'at' }))).toThrow(/additional/)
    expect(post({ ...answer(200, ticket), headers: { 'content-type': 'text/html' } })).toThrow(/the type/)
    expect(() => expectDescribed('GET', '/api/v1/secret', answer(200, {}))).toThrow(/nothing describes/)
  })
})

describe('served', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ type: 'demo', agents: 4 })
  })
  afterAll(() => server.stop())

  test('at /api/v1/openapi.json, to anybody', async () => {
    const answer = await server.ask('/api/v1/openapi.json')
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual(JSON.parse(JSON.stringify(openApiDocument())))
  })

  test('as a page that needs no script and nothing from elsewhere, under the strict policy', async () => {
    const { status, headers, text } = await server.ask('/api/v1/docs')
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    const [, nonce = ''] = /<style nonce="([^"]+)"/.exec(text) ?? []
    expect(headers['content-security-policy']).toContain(`'nonce-${nonce}'`)
    expect(text).not.toMatch(/<script|<img|<link|<iframe| style=| on\w+="|https?:\/\//)
    for (const { path, summary } of OPERATIONS) {
      expect(text).toContain(`<code>${path}</code>`)
      expect(text).toContain(summary.replaceAll("'", '&#39;'))
    }
    for (const code of Object.keys(ERRORS)) expect(text).toContain(`id="error-${code}"`)
    const anchors = [...text.matchAll(/href="#([^"]+)"/g)].map(([, anchor]) => anchor)
    for (const anchor of new Set(anchors)) expect(text, anchor).toContain(`id="${anchor}"`)
  })

  test('with an operation for every route of the bots API, and no other', () => {
    const view = { world: {} } as unknown as View
    const router = botsRouter({ view, log: silentLog, claudeFlow: null } as unknown as BotsOptions)
    const bots = OPERATIONS.filter(({ path }) => path.startsWith('/api/v1/bots/'))
    const described = bots.map(
      ({ method, path }) => `${method} ${path.slice('/api/v1/bots'.length).replaceAll(/\{(\w+)\}/g, ':$1')}`,
    )
    expect(routesOf(router).sort()).toEqual(described.sort())
  })

  test('with the queries that it describes, each taken', async () => {
    for (const [path, item] of Object.entries(openApiDocument().paths)) {
      const { parameters = [] } = (item.get ?? {}) as { parameters?: Parameter[] }
      for (const { name, in: place, schema } of parameters) {
        if (place !== 'query' || name === 'cursor') continue
        const wanted = parameters
          .filter((other) => other.in === 'query' && other.required && other.name !== name)
          .map((other) => `&${other.name}=${encodeURIComponent(examplesOf(other.schema)[0] ?? '')}`)
          .join('')
        for (const value of examplesOf(schema)) {
          const asked = `${path.replace('{id}', 'x')}?${name}=${encodeURIComponent(value)}${wanted}`
          const answer = await server.ask(asked, { headers: VIEWER })
          expect([200, 404], `${path}?${name}=${value}: ${answer.text}`).toContain(answer.status)
        }
        const twice = await server.ask(`${path.replace('{id}', 'x')}?${name}=1&${name}=1`, { headers: VIEWER })
        expect(twice.status).toBe(400)
      }
    }
  })
})

interface Parameter {
  name: string
  in: string
  required?: boolean
  schema: Schema
}

/** As `method path`, also of routers within. */
const routesOf = (router: Router): string[] =>
  router.stack.flatMap(({ route, handle }) =>
    route
      ? Object.keys((route as unknown as { methods: Record<string, boolean> }).methods).map(
          (method) => `${method} ${route.path}`,
        )
      : 'stack' in handle
        ? routesOf(handle as unknown as Router)
        : [],
  )

interface Schema {
  type?: string
  enum?: string[]
  format?: string
  minimum?: number
  maximum?: number
  items?: Schema
}

function examplesOf({ type, enum: values, format, minimum, maximum, items }: Schema): string[] {
  if (values) return values
  if (type === 'array') {
    const each = examplesOf(items ?? {})
    return [...each, each.join(',')]
  }
  if (type === 'boolean') return ['true', 'false']
  if (type === 'integer') return [String(minimum), String(maximum)]
  return [format === 'date-time' ? '2026-01-01T00:00:00Z' : 'text']
}
