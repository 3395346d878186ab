// The API's description for people: one page without a script, made of the OpenAPI document.

import { ERRORS, type ErrorCode, errorBody, isRetryable } from '../../protocol/errors.ts'
import type { OpenApiDocument } from './openApi.ts'

type Json = Record<string, unknown>

interface Described {
  summary: string
  description?: string
  tags: string[]
  security: Json[]
  parameters?: { name: string; in: string; required: boolean; description?: string; schema: Json }[]
  requestBody?: { required: boolean; content: { 'application/json': { schema: Json } } }
  responses: Record<string, { description: string; content?: Record<string, { schema?: Json }> }>
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const html = (text: unknown): string => String(text).replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char)
/** `code` in backticks. */
const prose = (text: string): string => html(text).replace(/`([^`]+)`/g, '<code>$1</code>')

export function docsPage(api: OpenApiDocument, nonce: string): string {
  const info = api.info as { title: string; version: string; description: string }
  const sections = (api.tags as { name: string; description: string }[]).map(({ name, description }) => {
    const operations = Object.entries(api.paths).flatMap(([path, item]) =>
      Object.entries(item)
        .map(([method, operation]) => ({ path, method, operation: operation as unknown as Described }))
        .filter(({ operation }) => operation.tags.includes(name)),
    )
    const list = operations.map(({ path, method, operation }) => operationHtml(path, method, operation)).join('')
    return `<section id="${html(name)}"><h2>${html(name)}</h2><p>${prose(description)}</p>${list}</section>`
  })
  const schemas = Object.entries(api.components.schemas)
    .map(
      ([name, schema]) =>
        `<details id="schema-${html(name)}"><summary><code>${html(name)}</code></summary>${schemaHtml(schema)}</details>`,
    )
    .join('')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(info.title)} API ${html(info.version)}</title><style nonce="${html(nonce)}">${STYLE}</style></head>
<body><header><h1>${html(info.title)} API</h1><p class="version">${html(info.version)} · <a href="/api/v1/openapi.json">openapi.json</a></p>
<p>${prose(info.description)}</p></header>
<nav>${(api.tags as { name: string }[]).map(({ name }) => `<a href="#${html(name)}">${html(name)}</a>`).join('')}<a href="#schemas">schemas</a><a href="#errors">errors</a></nav>
<main>${sections.join('')}<section id="schemas"><h2>schemas</h2>${schemas}</section>
<section id="errors"><h2>errors</h2>${errorsHtml()}</section></main></body></html>
`
}

function operationHtml(path: string, method: string, operation: Described): string {
  const { summary, description, security, parameters = [], requestBody, responses } = operation
  const access = security.length === 0 ? 'anyone' : Object.keys(security[0] ?? {}).join()
  const asked = parameters
    .map(
      ({ name, in: place, required, description: about = '', schema }) =>
        `<tr><td><code>${html(name)}</code>${required ? ' *' : ''}</td><td>${html(place)}</td><td>${typeHtml(schema)}</td><td>${prose(about)}</td></tr>`,
    )
    .join('')
  const body = requestBody ? `<h4>body</h4>${schemaHtml(requestBody.content['application/json'].schema)}` : ''
  const answers = Object.entries(responses)
    .map(([status, { description: about, content = {} }]) => {
      const type = Object.values(content).flatMap(({ schema }) => (schema ? [typeHtml(schema)] : []))
      return `<tr><td><code>${html(status)}</code></td><td>${type.join()}</td><td>${prose(about)}</td></tr>`
    })
    .join('')
  return `<details class="operation"><summary><b class="${html(method)}">${html(method.toUpperCase())}</b> <code>${html(path)}</code> <span>${html(summary)}</span> <i>${html(access)}</i></summary>
${description ? `<p>${prose(description)}</p>` : ''}${asked ? `<h4>parameters</h4><table>${asked}</table>` : ''}${body}<h4>answers</h4><table>${answers}</table></details>`
}

function schemaHtml(schema: Json): string {
  const { properties, required = [] } = schema as { properties?: Record<string, Json>; required?: string[] }
  if (!properties) return `<p>${typeHtml(schema)}</p>`
  const rows = Object.entries(properties)
    .map(
      ([name, property]) =>
        `<tr><td><code>${html(name)}</code>${required.includes(name) ? ' *' : ''}</td><td>${typeHtml(property)}</td><td>${prose(String(property.description ?? ''))}${'default' in property ? ` (default <code>${html(JSON.stringify(property.default))}</code>)` : ''}</td></tr>`,
    )
    .join('')
  return `<table>${rows}</table>`
}

function typeHtml(schema: Json): string {
  if (typeof schema.$ref === 'string') {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)
    return `<a href="#schema-${html(name)}">${html(name)}</a>`
  }
  const either = (schema.anyOf ?? schema.oneOf) as Json[] | undefined
  if (either) return either.map(typeHtml).join(' or ')
  // An error of these codes: the words beside it name them.
  if (Array.isArray(schema.allOf)) return typeHtml((schema.allOf[0] as Json | undefined) ?? {})
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `<code>${html(value)}</code>`).join(' ')
  if ('const' in schema) return `<code>${html(JSON.stringify(schema.const))}</code>`
  if (schema.type === 'array') return `list of ${typeHtml((schema.items as Json | undefined) ?? {})}`
  const type = Array.isArray(schema.type) ? schema.type.join(' or ') : schema.type
  return html(schema.format ?? type ?? 'anything')
}

/** Where the relay stands is not told here. */
function errorsHtml(): string {
  const rows = (Object.keys(ERRORS) as ErrorCode[]).map((code) => {
    const { error, details } = errorBody(code)
    return `<tr id="error-${code}"><td><code>${code}</code></td><td>${ERRORS[code].status}</td><td>${html(error)}</td><td>${html(details.suggestion)}</td><td>${isRetryable(code) ? 'yes' : 'no'}</td></tr>`
  })
  return `<table><tr><th>code</th><th>status</th><th>what happened</th><th>what to do</th><th>may go by itself</th></tr>${rows.join('')}</table>`
}

/** The look of the page that shows the swarm (web/theme/tokens.css), in short. */
const STYLE = `
:root{color-scheme:dark;--ground:#0a0d13;--panel:#0e131b;--line:#1d2531;--ink:#e8edf5;--ink-2:#9aa7b8;--accent:#4cc2ff;--warm:#f2b84b;--bad:#ff6b57}
@media(prefers-color-scheme:light){:root{color-scheme:light;--ground:#f3f5f9;--panel:#fff;--line:#dfe4ec;--ink:#121826;--ink-2:#465365;--accent:#0873b9;--warm:#8f5c00;--bad:#c42b17}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1040px;padding:32px 20px 96px;background:var(--ground);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
h1{font-size:26px;margin:0}h2{font-size:18px;margin:40px 0 4px;text-transform:capitalize}h4{margin:16px 0 4px;font-size:13px;color:var(--ink-2)}
p{margin:6px 0;color:var(--ink-2)}a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
code{font:13px ui-monospace,"SF Mono",Menlo,Consolas,monospace}nav{display:flex;flex-wrap:wrap;gap:16px;margin-top:16px}
details{margin:6px 0;padding:8px 14px;border:1px solid var(--line);border-radius:10px;background:var(--panel);overflow-x:auto}
summary{cursor:pointer;overflow-wrap:anywhere}summary span{color:var(--ink-2);margin-left:8px}summary i{float:right;font-style:normal;font-size:12px;color:var(--ink-2)}
b{display:inline-block;min-width:58px;font:600 12px ui-monospace,Menlo,Consolas,monospace;color:var(--accent)}b.post{color:var(--warm)}b.delete{color:var(--bad)}
table{border-collapse:collapse;width:100%;font-size:13px}td,th{padding:5px 10px 5px 0;border-top:1px solid var(--line);text-align:left;vertical-align:top}th{color:var(--ink-2);font-weight:500;border:0}
a:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}`
