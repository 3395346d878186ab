// The error catalogue: one table for every code that leaves Swarmscope. The sentence is what happened, the suggestion
// what to do about it, with the real host and port in it.

export interface ErrorContext {
  host?: string
  port?: number
  /** More exactly what was wrong; must hold neither path, stack nor token. */
  detail?: string
  /** What mends it, if that is known more exactly than the code does. */
  fix?: string
  /** In place of the catalogue's own: from whoever met the error and knows better. The same holds for it. */
  suggestion?: string
  /** When the same again may succeed, if that is known. */
  retryAfterMs?: number
  /** Command to copy. */
  command?: string
  /** The relay is a child process of this server, which sees to it that it runs. */
  managed?: boolean
}

export interface ErrorEntry {
  /** HTTP status of an API answer with this code. */
  status: number
  /** What happened, for people. */
  error: string
  suggestion: (context: ErrorContext) => string
  /** Whether the same again may succeed without anybody doing anything. */
  retryable: boolean
}

function at({ host, port = 3000 }: ErrorContext): string {
  if (!host) return 'the relay'
  // A bare IPv6 address and its port cannot be told apart.
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`
}
const theRelay = (context: ErrorContext): string => (context.host ? `the relay on ${at(context)}` : 'the relay')
/** An empty detail says nothing either. */
const because = (context: ErrorContext, otherwise: string): string => context.detail || otherwise

const FAILED_TO_CONNECT = 'Failed to connect to Claude Flow'
const RESTARTING =
  'The relay beside this server is started again by itself; relay.log in the data folder says why it ended'

export const ERRORS = {
  CONNECTION_REFUSED: {
    status: 503,
    error: FAILED_TO_CONNECT,
    suggestion: (c) => (c.managed ? RESTARTING : `Ensure the MCP WebSocket relay is running on ${at(c)}`),
    retryable: true,
  },
  HOST_NOT_FOUND: {
    status: 503,
    error: FAILED_TO_CONNECT,
    suggestion: (c) =>
      `Host ${c.host || 'of the relay'} was not found: check CLAUDE_FLOW_HOST, and that the relay's machine or container is on this network`,
    retryable: true,
  },
  CONNECTION_TIMEOUT: {
    status: 503,
    error: FAILED_TO_CONNECT,
    suggestion: (c) =>
      c.managed
        ? `The relay beside this server (${at(c)}) does not answer; it may only be busy. If that goes on, restart this server, which restarts it`
        : `${at(c)} does not answer: check the firewall and that the relay is not hung (restart it)`,
    retryable: true,
  },
  HOST_UNREACHABLE: {
    status: 503,
    error: FAILED_TO_CONNECT,
    suggestion: (c) => `There is no route to ${at(c)}: check the network, VPN or container network`,
    retryable: true,
  },
  TLS_FAILED: {
    status: 502,
    error: 'The secure connection to Claude Flow failed',
    suggestion: (c) =>
      because(
        c,
        `The certificate of ${at(c)} was not accepted: check that CLAUDE_FLOW_URL has the name in the certificate, and that CLAUDE_FLOW_CA names the authority that signed it`,
      ),
    // A certificate is renewed where the relay runs, without anybody touching this server.
    retryable: true,
  },
  RELAY_UNAUTHORIZED: {
    status: 502,
    error: 'The relay refused our token',
    suggestion: (c) => `Give this server the SWARMSCOPE_RELAY_TOKEN of ${theRelay(c)}, then restart it`,
    retryable: false,
  },
  RELAY_FORBIDDEN: {
    status: 502,
    error: 'The relay refused our host name',
    suggestion: (c) => `Start ${theRelay(c)} with --allow-host ${c.host || 'NAME'}`,
    retryable: false,
  },
  NOT_A_RELAY: {
    status: 502,
    error: 'What listens there is no Swarmscope relay',
    suggestion: (c) => `Another program answers on ${at(c)}: check CLAUDE_FLOW_HOST and CLAUDE_FLOW_PORT`,
    retryable: true,
  },
  CONNECTION_LOST: {
    status: 503,
    error: 'The connection to Claude Flow was lost',
    suggestion: (c) =>
      c.managed
        ? RESTARTING
        : `Nothing comes from ${theRelay(c)} any more; it is tried again by itself. If it stays away, restart it`,
    retryable: true,
  },
  PROTOCOL_MISMATCH: {
    status: 502,
    error: 'The relay sent something that is not understood',
    suggestion: (c) => `Update Swarmscope and ${theRelay(c)} to the same version (${because(c, 'bad message')})`,
    retryable: true,
  },
  VERSION_MISMATCH: {
    status: 502,
    error: 'Relay and server speak different versions',
    suggestion: (c) => because(c, `Update Swarmscope here and ${theRelay(c)} to the same version`),
    retryable: false,
  },
  NOT_CONNECTED: {
    status: 503,
    error: FAILED_TO_CONNECT,
    suggestion: (c) => because(c, `The connection to ${at(c)} is not up yet; try again in a moment`),
    retryable: true,
  },
  CHILD_NOT_FOUND: {
    status: 503,
    error: 'claude-flow is not installed',
    suggestion: (c) =>
      c.detail
        ? `${c.detail}: check --claude-flow and CLAUDE_FLOW_COMMAND, then restart the relay`
        : `Install it where the relay runs: ${c.command || 'npm install claude-flow'} (or start with --claude-flow "COMMAND"), then restart the relay`,
    retryable: false,
  },
  CHILD_CRASHED: {
    status: 503,
    error: 'claude-flow stopped',
    suggestion: (c) =>
      `The relay starts it again by itself (${because(c, 'it ended')}); if it keeps stopping, run its command by hand to see why`,
    retryable: true,
  },
  CHILD_SILENT: {
    status: 503,
    error: 'claude-flow runs but does not answer',
    suggestion: (c) =>
      `It left the relay's own question unanswered (${because(c, 'it may be busy or hung')}); the relay starts it again by itself when a request was given up meanwhile, or after two minutes. If that goes on, run its command by hand to see why`,
    retryable: true,
  },
  CHILD_TIMEOUT: {
    status: 504,
    error: 'claude-flow does not answer',
    suggestion: () =>
      'The command took too long: it may still take effect, so look at the agents first; then try again, or restart the relay',
    retryable: true,
  },
  TOOL_UNKNOWN: {
    status: 501,
    error: 'This claude-flow has no such tool',
    suggestion: (c) => `Update claude-flow (${because(c, 'tool not found')})`,
    retryable: false,
  },
  TOOL_NOT_ALLOWED: {
    status: 403,
    error: 'The relay does not pass this tool on',
    suggestion: (c) => because(c, `Only some of claude-flow's tools pass: change the list of ${theRelay(c)}`),
    retryable: false,
  },
  TOOL_FAILED: {
    status: 502,
    error: 'claude-flow refused the command',
    suggestion: (c) => `It said: ${because(c, 'nothing')}`,
    retryable: false,
  },
  ANSWER_TOO_LARGE: {
    status: 502,
    error: "claude-flow's answer is too large",
    suggestion: (c) => because(c, 'The relay passes on no answer of that size: ask for less at once'),
    retryable: false,
  },
  NOT_SUPPORTED_BY_CLAUDE_FLOW: {
    status: 501,
    error: 'claude-flow does nothing for this command',
    suggestion: (c) => because(c, 'Use claude-flow 3.x, where this command has an effect'),
    retryable: false,
  },
  UNAUTHORIZED: {
    status: 401,
    error: 'A valid token is needed',
    suggestion: (c) => because(c, 'Open the link that "npm start" printed, or send Authorization: Bearer TOKEN'),
    retryable: false,
  },
  FORBIDDEN: {
    status: 403,
    error: 'This token may not do that',
    suggestion: (c) => because(c, 'Use the operator token'),
    retryable: false,
  },
  WRONG_ORIGIN: {
    status: 403,
    error: 'Requests from this web page are not allowed',
    suggestion: () => 'If the page is yours, start with --public-url URL of that page',
    retryable: false,
  },
  WRONG_HOST: {
    status: 421,
    error: 'This host name is not served here',
    suggestion: () => 'If the name is yours, start with --allow-host NAME',
    retryable: false,
  },
  BAD_REQUEST: {
    status: 400,
    error: 'The request is not valid',
    suggestion: (c) => because(c, 'Check the request against the API description'),
    retryable: false,
  },
  NOT_FOUND: {
    status: 404,
    error: 'There is nothing here',
    suggestion: (c) => because(c, 'Check the address'),
    retryable: false,
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    error: 'This address does not take that method',
    suggestion: (c) => because(c, 'Check the method'),
    retryable: false,
  },
  TOO_LARGE: {
    status: 413,
    error: 'The request is too large',
    suggestion: (c) => because(c, 'Send less at once'),
    retryable: false,
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    error: 'The body is not JSON',
    suggestion: () => 'Send Content-Type: application/json',
    retryable: false,
  },
  IDEMPOTENCY_CONFLICT: {
    status: 422,
    error: 'This idempotency key was used for another request',
    suggestion: () =>
      'Send each new command with a new Idempotency-Key; only a repetition of the very same one keeps it',
    retryable: false,
  },
  OUTCOME_UNKNOWN: {
    status: 409,
    error: 'It is not known whether this command was done',
    suggestion: () =>
      'The server was killed while it was under way: look at the agents and tasks first; to have it done (again), send it with a new Idempotency-Key',
    retryable: false,
  },
  RATE_LIMITED: {
    status: 429,
    error: 'Too many requests',
    suggestion: () => 'Wait a moment, then try again',
    retryable: true,
  },
  TOO_MANY_VIEWERS: {
    status: 503,
    error: 'Too many viewers are connected',
    suggestion: () => 'Close a viewer, or try again in a moment',
    retryable: true,
  },
  LOG_UNAVAILABLE: {
    status: 503,
    error: 'The event log cannot be written',
    suggestion: (c) =>
      `${because(c, 'Its disk may be full or its file damaged')}: the live view goes on from memory, history does not; ${c.fix || 'make room in the data folder, or put a backup in place of a damaged file'}, then restart the server`,
    retryable: true,
  },
  STOPPING: {
    status: 503,
    error: 'Swarmscope is stopping',
    suggestion: () => 'Try again in a moment, when it has started again',
    retryable: true,
  },
  LOG_IN_USE: {
    status: 500,
    error: 'Another server keeps this event log',
    suggestion: (c) =>
      because(
        c,
        'A Swarmscope server of this project is running already: use it, end it, or choose another --data-dir',
      ),
    retryable: false,
  },
  LOG_NEWER: {
    status: 500,
    error: 'The event log was written by a newer Swarmscope',
    suggestion: (c) => `${because(c, 'Its format is not known')}: update Swarmscope, or choose another --data-dir`,
    retryable: false,
  },
  RECORDING_UNREADABLE: {
    status: 500,
    error: 'The recording cannot be played',
    suggestion: (c) =>
      `${because(c, 'It is damaged, or is none of Swarmscope')}: get it anew (GET /api/v1/history/recording)`,
    retryable: false,
  },
  RECORDING_NEWER: {
    status: 500,
    error: 'The recording was made by a newer Swarmscope',
    suggestion: () => 'Update this one',
    retryable: false,
  },
  INTERNAL: {
    status: 500,
    error: 'Something went wrong in Swarmscope itself',
    suggestion: () => 'Look into server.log, and report it with what you did',
    retryable: true,
  },
  PROJECT_NOT_FOUND: {
    status: 500,
    error: 'There is no such project folder',
    suggestion: (c) => `${because(c, 'The folder that was named is not there')}; check --project`,
    retryable: false,
  },
  PORT_IN_USE: {
    status: 500,
    error: 'The port is in use by another program',
    suggestion: (c) => because(c, 'Choose another with --port'),
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof ERRORS

/** By which a connection to a relay fails. */
export const CONNECTION_CODES = [
  'CONNECTION_REFUSED',
  'HOST_NOT_FOUND',
  'CONNECTION_TIMEOUT',
  'HOST_UNREACHABLE',
  'TLS_FAILED',
  'RELAY_UNAUTHORIZED',
  'RELAY_FORBIDDEN',
  'NOT_A_RELAY',
  'CONNECTION_LOST',
  'PROTOCOL_MISMATCH',
  'VERSION_MISMATCH',
] as const satisfies readonly ErrorCode[]

/** The one shape of every error answer. */
export interface ErrorBody {
  success: false
  error: string
  code: ErrorCode
  details: { suggestion: string }
}

export function errorBody(code: ErrorCode, context: ErrorContext = {}): ErrorBody {
  const entry: ErrorEntry = ERRORS[code]
  return {
    success: false,
    error: entry.error,
    code,
    details: { suggestion: context.suggestion || entry.suggestion(context) },
  }
}

export const errorStatus = (code: ErrorCode): number => ERRORS[code].status
export const isRetryable = (code: ErrorCode): boolean => ERRORS[code].retryable

/** An error of the catalogue on its way to where it is answered or shown. */
export class SwarmscopeError extends Error {
  override readonly name = 'SwarmscopeError'
  readonly code: ErrorCode
  readonly context: ErrorContext

  constructor(code: ErrorCode, context: ErrorContext = {}, options?: ErrorOptions) {
    super(`${ERRORS[code].error}: ${errorBody(code, context).details.suggestion}`, options)
    this.code = code
    this.context = context
  }

  get body(): ErrorBody {
    return errorBody(this.code, this.context)
  }

  get status(): number {
    return errorStatus(this.code)
  }
}
