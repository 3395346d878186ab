// The whole server in this process, on a free port, and its clients over real sockets.

import { mkdirSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { join } from 'node:path'
import { type ClientOptions, WebSocket } from 'ws'
import { parseServerMessage, type ServerMessage, VIEWER_SUBPROTOCOL } from '../../protocol/viewerWire.ts'
import { type RunningServer, type ServerOptions, startServer } from '../../server/server.ts'
import { expectDescribed } from './describedApi.ts'
import { silentLog } from './silentLog.ts'
import { temporaryFolder } from './swarmscope.ts'

export const TOKENS = {
  operator: 'operator-token-1',
  viewer: 'viewer-token-22',
  ingest: 'ingest-token-333',
  relay: 'relay-token-of-the-test',
}
export const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })
export const OPERATOR = bearer(TOKENS.operator)
export const VIEWER = bearer(TOKENS.viewer)
export const INGEST = bearer(TOKENS.ingest)

const UNLIMITED: NonNullable<ServerOptions['rateLimits']> = {
  health: 1e6,
  anonymous: 1e6,
  read: 1e6,
  command: 1e6,
  ticket: 1e6,
  ingest: 1e6,
}

/** As health tells of what sends by itself, as long as nothing did. */
export const NEVER_HEARD = [
  { kind: 'claude-code', state: 'never', lastError: null },
  { kind: 'otlp', state: 'never', lastError: null },
]

export interface TestServer extends RunningServer {
  ask(path: string, options?: AskOptions): Promise<Answer>
  stop(): Promise<void>
}

export async function startTestServer(
  shown: ServerOptions['shown'],
  given: Partial<ServerOptions['config']> &
    Pick<Partial<ServerOptions>, 'log' | 'rateLimits' | 'tls' | 'commands'> = {},
): Promise<TestServer> {
  // Tests ask more in a moment than anybody may.
  const { log = silentLog, rateLimits = UNLIMITED, tls = null, commands, ...config } = given
  const web = webFolder()
  const server = await startServer({
    config: { host: '127.0.0.1', port: 0, seed: 1, allowHosts: [], publicUrls: [], tokens: TOKENS, ...config },
    shown,
    tls,
    webDir: web.path,
    log,
    rateLimits,
    ...(commands ? { commands } : {}),
  })
  return {
    ...server,
    ask: async (path, options = {}) => {
      const answer = await ask(server.port, path, options)
      expectDescribed(options.method ?? 'GET', path, answer)
      return answer
    },
    stop: async () => {
      await server.close()
      web.remove()
    },
  }
}

/** A page like the built one, as far as the server looks into it. */
function webFolder() {
  const web = temporaryFolder('web')
  mkdirSync(join(web.path, 'assets/profiles'), { recursive: true })
  writeFileSync(
    join(web.path, 'index.html'),
    '<!doctype html><meta name="csp-nonce" content="__CSP_NONCE__"><style nonce="__CSP_NONCE__"></style>',
  )
  writeFileSync(join(web.path, 'assets/main-abc123.js'), 'export {}')
  writeFileSync(join(web.path, 'robots.txt'), 'User-agent: *')
  writeFileSync(join(web.path, '.env'), 'SECRET=1')
  return web
}

export interface AskOptions {
  method?: string
  headers?: Record<string, string>
  body?: string
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
  json: () => Record<string, unknown>
}

/** Unlike `fetch` it sends any Host, and the path as it stands. */
export function ask(port: number, path: string, { method = 'GET', headers = {}, body }: AskOptions = {}) {
  return new Promise<Answer>((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (more: string) => {
        text += more
      })
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: () => JSON.parse(text) as Record<string, unknown>,
        }),
      )
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

export const HELLO = { type: 'hello', protocol: { min: 1, max: 1 }, version: 'test', resume: null }

/** A viewer's WebSocket: what it got so far, and how to wait for more. */
export class StreamClient {
  readonly socket: WebSocket
  readonly messages: ServerMessage[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  /** Resolves when it is open; rejects with status and body of a refusal. */
  readonly opened: Promise<void>
  readonly #waiting = new Set<() => void>()

  constructor(
    port: number,
    {
      headers = {},
      protocols = [VIEWER_SUBPROTOCOL],
      path = '/api/v1/stream',
      ...options
    }: { headers?: Record<string, string>; protocols?: string[]; path?: string } & ClientOptions = {},
  ) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers, ...options })
    this.socket = socket
    this.opened = new Promise((resolve, reject) => {
      socket.on('open', resolve)
      socket.on('error', reject)
      socket.on('unexpected-response', (_request, response) => {
        let body = ''
        response.on('data', (more: Buffer) => {
          body += more.toString()
        })
        response.on('end', () => reject(new Refused(response.statusCode ?? 0, body, response.headers)))
      })
    })
    this.opened.catch(() => undefined) // a test that only waits for the end need not look at it
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    })
    socket.on('message', (data) => {
      const message = parseServerMessage(data.toString())
      if (!message) throw new Error(`the server said ${data.toString().slice(0, 200)}`)
      this.messages.push(message)
      for (const look of [...this.#waiting]) look()
    })
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message))
  }

  /** Resolves with the first message, past or future, that is so. */
  find<T extends ServerMessage['type']>(
    type: T,
    condition: (message: Extract<ServerMessage, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ServerMessage, { type: T }>> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.messages.find(
          (message): message is Extract<ServerMessage, { type: T }> =>
            message.type === type && condition(message as Extract<ServerMessage, { type: T }>),
        )
        if (!found) return
        this.#waiting.delete(look)
        resolve(found)
      }
      this.#waiting.add(look)
      look()
    })
  }
}

export class Refused extends Error {
  readonly status: number
  readonly body: string
  readonly headers: IncomingHttpHeaders

  constructor(status: number, body: string, headers: IncomingHttpHeaders) {
    super(`refused with ${status}: ${body}`)
    this.status = status
    this.body = body
    this.headers = headers
  }
}
