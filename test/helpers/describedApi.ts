// Holds every answer of the API against its OpenAPI description: an address, a status, a field or an error code that the
// description does not have is a failed test, wherever it turns up.

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { openApiDocument } from '../../server/api/openApi.ts'
import { OPERATIONS } from '../../server/api/operations.ts'

export interface DescribedAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

const DOCUMENT = 'api'
const ajv = new Ajv2020({ strict: false, allErrors: true })
formats.default(ajv)
ajv.addSchema(openApiDocument(), DOCUMENT)

const pointer = (...parts: readonly (string | number)[]): string =>
  parts.map((part) => `/${encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')

const templates = [...new Set(OPERATIONS.map(({ path }) => path))].map((path) => ({
  path,
  pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}/?$`, 'i'),
}))

/** What was answered in this process so far, as `METHOD path status`. */
export const seenAnswers = new Set<string>()

export function expectDescribed(method: string, url: string, { status, headers, text }: DescribedAnswer): void {
  const path = url.split('?')[0]?.replace(/^\/api\/bots(?=\/|$)/i, '/api/v1/bots') ?? ''
  if (!/^\/(?:api|v1|metrics|livez|readyz)(?:\/|$)/i.test(path)) return
  const template = templates.find(({ pattern }) => pattern.test(path))
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase()
  const operation = template && OPERATIONS.find((of) => of.path === template.path && of.method === verb)
  const where = `${method} ${url} ${status}`
  const fail = (why: string): never => {
    throw new Error(`${where} is not as the API describes itself: ${why}\n${text.slice(0, 1_000)}`)
  }
  if (!operation) {
    // What is not described may only be refused.
    if (status < 400) fail('nothing describes this address')
    const shape = OPERATIONS.find(({ path: of }) => of === template?.path)?.isOtlp ? 'RpcStatus' : 'Error'
    if (method !== 'HEAD') validate(`${DOCUMENT}#${pointer('components', 'schemas', shape)}`, text, fail)
    else if (text !== '') fail('a body')
    return
  }
  seenAnswers.add(`${operation.method.toUpperCase()} ${operation.path} ${status}`)
  const responses = openApiDocument().paths[operation.path]?.[operation.method]?.responses as Record<
    string,
    { content?: Record<string, { schema?: object }> }
  >
  const described = responses[status] ?? fail(`it has ${Object.keys(responses).join(', ')}`)
  const type = String(headers['content-type'] ?? '').split(';')[0] ?? ''
  if (method === 'HEAD' || status === 304) {
    if (text !== '') fail('a body')
    return
  }
  if (!described.content) {
    if (text !== '') fail('a body')
    return
  }
  const content = described.content[type] ?? fail(`the type is ${type}`)
  if (content.schema) {
    const at = pointer('paths', operation.path, operation.method, 'responses', status, 'content', type, 'schema')
    validate(`${DOCUMENT}#${at}`, text, fail)
  }
}

function validate(schema: string, text: string, fail: (why: string) => never): void {
  const check = ajv.getSchema(schema) as ValidateFunction | undefined
  if (!check) throw new Error(`no schema at ${schema}`)
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    fail('no JSON')
  }
  if (!check(body)) fail(ajv.errorsText(check.errors, { separator: '\n' }))
}
