import { describe, expect, it } from 'vitest'
import {
  ERRORS,
  type ErrorCode,
  type ErrorContext,
  errorBody,
  errorStatus,
  isRetryable,
  SwarmscopeError,
} from '../../protocol/errors.ts'

const CODES = Object.keys(ERRORS) as ErrorCode[]
const CONTEXTS: [string, ErrorContext][] = [
  ['nothing', {}],
  ['a host', { host: 'powerdev' }],
  ['a host and port', { host: 'powerdev', port: 3001 }],
  ['everything', { host: 'powerdev', port: 3000, detail: 'it fell over', command: 'npm install claude-flow' }],
  ['a relay of our own', { host: '127.0.0.1', port: 3000, managed: true }],
  ['only empty text', { host: '', detail: '', command: '' }],
]

it('[E3] nothing listening on powerdev:3000 is told in the very words of the original', () => {
  expect(JSON.stringify(errorBody('CONNECTION_REFUSED', { host: 'powerdev', port: 3000 }))).toBe(
    '{"success":false,"error":"Failed to connect to Claude Flow","code":"CONNECTION_REFUSED","details":{"suggestion":"Ensure the MCP WebSocket relay is running on powerdev:3000"}}',
  )
})

describe.each(CODES)('%s', (code) => {
  it.each(CONTEXTS)('[E1, E3] has the one shape, and a suggestion that says something, given %s', (_, context) => {
    const body = errorBody(code, context)
    expect(Object.keys(body)).toEqual(['success', 'error', 'code', 'details'])
    expect(Object.keys(body.details)).toEqual(['suggestion'])
    expect(body).toMatchObject({ success: false, code })
    for (const text of [body.error, body.details.suggestion]) {
      expect(text.trim()).toBe(text)
      expect(text.length).toBeGreaterThan(8)
      expect(text).not.toMatch(/undefined|null|NaN|\[object|\(\)|: $| {2}/)
    }
  })

  it('[E2] has a status of its own kind', () => {
    expect(errorStatus(code)).toBeGreaterThanOrEqual(400)
    expect(errorStatus(code)).toBeLessThan(600)
  })

  it('[E1] is the same on its way as an exception', () => {
    const cause = new Error('from below')
    const error = new SwarmscopeError(code, { host: 'powerdev', port: 3000 }, { cause })
    expect(error.body).toEqual(errorBody(code, { host: 'powerdev', port: 3000 }))
    expect(error.status).toBe(errorStatus(code))
    expect(error.message).toContain(error.body.details.suggestion)
    expect(error.cause).toBe(cause)
  })
})

it('[E3] what speaks of the connection names the real host and port', () => {
  for (const code of CODES) {
    const { suggestion } = errorBody(code).details
    if (!/the relay (?:does|is running on)|on the relay/.test(suggestion) && !suggestion.includes(' the relay:'))
      continue
    expect(errorBody(code, { host: 'elsewhere', port: 4321 }).details.suggestion, code).not.toBe(suggestion)
  }
  for (const code of [
    'CONNECTION_REFUSED',
    'CONNECTION_TIMEOUT',
    'HOST_UNREACHABLE',
    'NOT_A_RELAY',
    'NOT_CONNECTED',
  ] as const) {
    expect(errorBody(code, { host: 'elsewhere', port: 4321 }).details.suggestion).toContain('elsewhere:4321')
  }
  expect(errorBody('HOST_NOT_FOUND', { host: 'elsewhere', port: 4321 }).details.suggestion).toContain('elsewhere')
})

it('[E3] an IPv6 address and its port stay apart', () => {
  const suggestion = (host: string) => errorBody('CONNECTION_REFUSED', { host, port: 3000 }).details.suggestion
  expect(suggestion('::1')).toContain('[::1]:3000')
  expect(suggestion('[::1]')).toContain(' [::1]:3000')
})

it('[E2] a refusal is not worth repeating, a lost connection is', () => {
  for (const code of ['RELAY_UNAUTHORIZED', 'VERSION_MISMATCH', 'UNAUTHORIZED', 'FORBIDDEN', 'BAD_REQUEST'] as const) {
    expect(isRetryable(code), code).toBe(false)
  }
  for (const code of ['CONNECTION_REFUSED', 'CONNECTION_LOST', 'HOST_NOT_FOUND', 'CONNECTION_TIMEOUT'] as const) {
    expect(isRetryable(code), code).toBe(true)
  }
})
