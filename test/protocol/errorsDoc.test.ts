import { expect, it } from 'vitest'
import { ERRORS, type ErrorCode, type ErrorEntry, errorBody } from '../../protocol/errors.ts'

/** What people can not know from the sentence alone: where the code comes from. */
const FROM: Record<ErrorCode, string> = {
  CONNECTION_REFUSED: "nothing listens on the relay's port, or the relay lets nobody in (it is full, or stopping)",
  HOST_NOT_FOUND: "the relay's name has no address",
  CONNECTION_TIMEOUT: 'no answer to the connection, the handshake or a ping',
  HOST_UNREACHABLE: "no route to the relay's address",
  TLS_FAILED: 'wss: a certificate that is expired, of another name, or signed by nobody known',
  RELAY_UNAUTHORIZED: 'the relay answered 401',
  RELAY_FORBIDDEN: 'the relay answered 403 or 421',
  NOT_A_RELAY: 'some other answer came from that port',
  CONNECTION_LOST: 'the connection ended, also with a command under way',
  PROTOCOL_MISMATCH: 'a message broke the relay protocol',
  VERSION_MISMATCH: 'no protocol version that both speak',
  NOT_CONNECTED: 'no connection yet, or the demo',
  CHILD_NOT_FOUND: 'the relay found no claude-flow to start',
  CHILD_CRASHED: 'claude-flow ended; with the last lines that it wrote to stderr, redacted',
  CHILD_SILENT: "claude-flow runs, but left the relay's probe unanswered",
  CHILD_TIMEOUT: 'one command had no answer in 30 s',
  TOOL_UNKNOWN: 'this version of claude-flow has no such tool',
  TOOL_NOT_ALLOWED: "the relay's tool policy",
  TOOL_FAILED: "claude-flow's own words are quoted",
  ANSWER_TOO_LARGE: "the answer is above the relay's bound",
  NOT_SUPPORTED_BY_CLAUDE_FLOW: 'claude-flow 2.x has no such tool, or a stub that says yes and does nothing',
  UNAUTHORIZED: 'no token, a wrong one, or a ticket that is used up',
  FORBIDDEN: "the viewer's token, where the operator's is needed",
  WRONG_ORIGIN: 'a web page of another origin asked',
  WRONG_HOST: 'the Host header names what is not in the allow-list',
  BAD_REQUEST: 'the address, a parameter or the body is not valid; the suggestion names which',
  NOT_FOUND: 'no such address, agent, task or swarm',
  METHOD_NOT_ALLOWED: 'the Allow header lists what is taken',
  TOO_LARGE: 'a body above 64 KiB (a command), 8 MiB (hooks, telemetry) or 16 MiB unzipped',
  UNSUPPORTED_MEDIA_TYPE: 'a body that does not say that it is JSON',
  IDEMPOTENCY_CONFLICT: 'the key was sent with another command within a day',
  OUTCOME_UNKNOWN: 'the key of a command that was under way when the server was killed',
  RATE_LIMITED: 'too many requests or commands at once; Retry-After says when',
  TOO_MANY_VIEWERS: 'the cap on live streams',
  LOG_UNAVAILABLE: "the event log's file cannot be read or written",
  LOG_IN_USE: 'at the start: one server owns the file',
  LOG_NEWER: 'at the start',
  RECORDING_UNREADABLE: 'at the start, or when a replay comes to a part that is damaged or cut short',
  RECORDING_NEWER: 'at the start, or where a replay meets an event of a later version',
  STOPPING: 'the server or the relay got a signal to end',
  INTERNAL: 'a bug; server.log has the stack',
  PROJECT_NOT_FOUND: 'at the start, and by each command that takes --project',
  PORT_IN_USE: 'at the start',
}

const cell = (text: string): string => text.replaceAll('|', '\\|')

function errorsDoc(): string {
  const rows = (Object.keys(ERRORS) as ErrorCode[]).map((code) => {
    const { status, error, retryable } = ERRORS[code] as ErrorEntry
    const { suggestion } = errorBody(code, { host: 'powerdev', port: 3000 }).details
    return `| \`${code}\` | ${status} | ${cell(error)} | ${cell(FROM[code])} | ${cell(suggestion)} | ${retryable ? 'yes' : 'no'} |`
  })
  return `# Errors

Every error of the API, of the page's banner and of \`GET /api/v1/bots/health\` has one of these codes, in one shape:

\`\`\`json
${JSON.stringify(errorBody('CONNECTION_REFUSED', { host: 'powerdev', port: 3000 }), null, 2)}
\`\`\`

The suggestion is told with the real host and port (here those of a relay on \`powerdev:3000\`), and more exactly where more is
known. The last column says whether the same again may succeed without anybody doing anything. This page is made of
\`protocol/errors.ts\` by \`npx vitest run test/protocol/errorsDoc.test.ts -u\`.

| code | HTTP | what happened | where from | what to do | by itself |
|---|---|---|---|---|---|
${rows.join('\n')}
`
}

it('[E2] docs/errors.md lists every code with its fix, as the catalogue has them', async () => {
  await expect(errorsDoc()).toMatchFileSnapshot('../../docs/errors.md')
})
