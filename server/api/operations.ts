// Every route of the API, with what it takes and gives. The description at /api/v1/openapi.json is made of this table, a
// method that is not in it is answered with 405, and tests hold each answer against it.

import { z } from 'zod'
import { CONNECTION_CODES, type ErrorCode } from '../../protocol/errors.ts'
import { HOOKS_PATH, OTLP_PATHS } from '../ingest/paths.ts'
import * as commands from './schemas/commands.ts'
import { noQuery } from './schemas/common.ts'
import * as past from './schemas/history.ts'
import * as reads from './schemas/reads.ts'

export type Access = 'anyone' | 'viewer' | 'operator' | 'ingest'

export interface Operation {
  method: 'get' | 'post' | 'delete'
  /** As OpenAPI writes it, from the root. */
  path: string
  /** Opaque name, unique: clients are generated with it. */
  id: string
  tag: 'reads' | 'commands' | 'history' | 'stream' | 'ingest' | 'operation' | 'description'
  summary: string
  description?: string
  access: Access
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodType
  /** By status: its JSON, or the media type of what is no JSON. */
  answers: Readonly<Record<number, { json: z.ZodType; name: string } | { type: string; says: string } | null>>
  /** Beyond those that every route has. */
  errors: readonly ErrorCode[]
  /** Of those that every route has, what this one never answers. */
  never?: readonly ErrorCode[]
  /** Takes `If-None-Match`. */
  etag?: boolean
  /** Speaks OTLP: its bodies, and errors as `google.rpc.Status`. */
  isOtlp?: boolean
}

const BOTS = '/api/v1/bots'

/** Of every route: who asks, and how. */
export const COMMON_ERRORS: readonly ErrorCode[] = [
  'WRONG_HOST',
  'WRONG_ORIGIN',
  'BAD_REQUEST',
  'METHOD_NOT_ALLOWED',
  'RATE_LIMITED',
  'INTERNAL',
]
const COMMAND_ERRORS: readonly ErrorCode[] = [
  'UNSUPPORTED_MEDIA_TYPE',
  'TOO_LARGE',
  'IDEMPOTENCY_CONFLICT',
  'OUTCOME_UNKNOWN',
  'STOPPING',
  'NOT_CONNECTED',
  ...CONNECTION_CODES,
  'CHILD_NOT_FOUND',
  'CHILD_CRASHED',
  'CHILD_SILENT',
  'CHILD_TIMEOUT',
  'TOOL_UNKNOWN',
  'TOOL_NOT_ALLOWED',
  'TOOL_FAILED',
  'ANSWER_TOO_LARGE',
  'NOT_SUPPORTED_BY_CLAUDE_FLOW',
]

const EFFECT = 'claude-flow has done it when this answers; the effect is seen as all else: in the reads and the stream.'

const read = (
  path: string,
  id: string,
  summary: string,
  given: Pick<Operation, 'params' | 'query' | 'description' | 'errors'> & { json: z.ZodType; name: string },
): Operation => {
  const { json, name, ...rest } = given
  return {
    method: 'get',
    path: BOTS + path,
    id,
    tag: 'reads',
    summary,
    access: 'viewer',
    etag: true,
    query: noQuery,
    answers: { 200: { json, name }, 304: null },
    ...rest,
  }
}

const command = (
  method: 'post' | 'delete',
  path: string,
  id: string,
  summary: string,
  given: Pick<Operation, 'params' | 'body'> & { json: z.ZodType; name: string; like?: string },
): Operation => {
  const { json, name, like, ...rest } = given
  return {
    method,
    path: BOTS + path,
    id,
    tag: 'commands',
    summary,
    description: like ? `The same as ${like}. ${EFFECT}` : EFFECT,
    access: 'operator',
    query: noQuery,
    answers: { 200: { json, name } },
    errors: [...COMMAND_ERRORS, 'NOT_FOUND'],
    ...rest,
  }
}

const byId = { params: reads.byId, errors: ['NOT_FOUND'] as const }
const { commandById: id } = commands
const spawn = { body: commands.spawnBody, json: commands.spawnDone, name: 'AgentSpawned' }
const cancel = { params: id, json: commands.taskDone, name: 'TaskDone' }

const history = (
  path: string,
  id: string,
  summary: string,
  query: z.ZodObject,
  answer: { json: z.ZodType; name: string } | { type: string; says: string },
): Operation => ({
  method: 'get',
  path: `/api/v1/history${path}`,
  id,
  tag: 'history',
  summary,
  access: 'viewer',
  query,
  answers: { 200: answer },
  errors: ['NOT_FOUND', 'LOG_UNAVAILABLE'],
})

const otlp = (path: string, id: string, what: string): Operation => ({
  method: 'post',
  path,
  id,
  tag: 'ingest',
  summary: `OTLP/HTTP: ${what}`,
  description: '200: it is in the event log. In JSON or protobuf, plain or with Content-Encoding: gzip.',
  access: 'ingest',
  isOtlp: true,
  answers: { 200: { type: 'application/json', says: "OTLP's answer, in the request's encoding" } },
  errors: ['UNSUPPORTED_MEDIA_TYPE', 'TOO_LARGE', 'STOPPING', 'LOG_UNAVAILABLE'],
})

/** Looked at before anything else is. */
const probe = (path: string, id: string, summary: string, answers: Operation['answers']): Operation => ({
  method: 'get',
  path,
  id,
  tag: 'operation',
  summary,
  access: 'anyone',
  answers,
  errors: [],
  never: ['WRONG_HOST', 'WRONG_ORIGIN', 'BAD_REQUEST', 'RATE_LIMITED', 'INTERNAL'],
})

export const OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: `${BOTS}/health`,
    id: 'getHealth',
    tag: 'reads',
    summary: 'How Swarmscope and its sources are',
    description: 'With a token, errors say more.',
    access: 'anyone',
    answers: {
      200: { json: reads.healthAnswer, name: 'Health' },
      503: { json: reads.healthAnswer, name: 'Health' },
    },
    errors: [],
  },
  read('/agents', 'listAgents', 'Agents', {
    query: reads.agentsQuery,
    json: reads.agentsAnswer,
    name: 'Agents',
    errors: [],
  }),
  read('/agents/{id}', 'getAgent', 'One agent', { ...byId, json: reads.agentAnswer, name: 'AgentAnswer' }),
  read('/tasks', 'listTasks', 'Tasks', { query: reads.tasksQuery, json: reads.tasksAnswer, name: 'Tasks', errors: [] }),
  read('/tasks/{id}', 'getTask', 'One task', { ...byId, json: reads.taskAnswer, name: 'TaskAnswer' }),
  read('/swarms', 'listSwarms', 'Swarms', {
    query: reads.swarmsQuery,
    json: reads.swarmsAnswer,
    name: 'Swarms',
    errors: [],
  }),
  read('/swarms/{id}', 'getSwarm', 'One swarm', { ...byId, json: reads.swarmAnswer, name: 'SwarmAnswer' }),
  read('/links', 'listLinks', 'Links between agents, and of tasks to agents', {
    query: reads.linksQuery,
    json: reads.linksAnswer,
    name: 'Links',
    errors: [],
  }),
  read('/activity', 'listActivity', 'What changed, the latest first', {
    description: 'As the log has it: it is bounded, and `complete` says whether it was read to the end.',
    query: reads.activityQuery,
    json: reads.activityAnswer,
    name: 'Activity',
    errors: ['LOG_UNAVAILABLE'],
  }),
  read('/data', 'getData', 'Agents, links, tasks and swarms in one answer', {
    query: reads.dataQuery,
    json: reads.dataAnswer,
    name: 'Data',
    errors: [],
  }),
  read('/status', 'getStatus', 'Totals; registered and observed agents apart', {
    json: reads.statusAnswer,
    name: 'Status',
    errors: [],
  }),

  command('post', '/swarms', 'initSwarm', 'Make a swarm', {
    body: commands.swarmBody,
    json: commands.swarmDone,
    name: 'SwarmMade',
  }),
  command('post', '/agents', 'spawnAgent', 'Spawn an agent', spawn),
  command('delete', '/agents/{id}', 'terminateAgent', 'Terminate an agent (3.x)', {
    params: id,
    json: commands.agentDone,
    name: 'AgentDone',
  }),
  command('post', '/tasks', 'createTask', 'Make a task', {
    body: commands.taskBody,
    json: commands.taskDone,
    name: 'TaskDone',
  }),
  command('post', '/tasks/{id}/assign', 'assignTask', 'Assign a task to agents (3.x)', {
    params: id,
    body: commands.assignBody,
    json: commands.assignDone,
    name: 'TaskAssigned',
  }),
  command('delete', '/tasks/{id}', 'cancelTask', 'Cancel a task (3.x)', cancel),
  command('post', '/initialize-swarm', 'initializeSwarm', 'Make a swarm, then spawn one agent of each type', {
    body: commands.initializeBody,
    json: commands.initializeDone,
    name: 'SwarmInitialized',
  }),
  command('post', '/spawn-agent-hybrid', 'spawnAgentHybrid', 'Spawn an agent', { ...spawn, like: 'POST /agents' }),
  command('delete', '/remove-task/{id}', 'removeTask', 'Cancel a task (3.x)', {
    ...cancel,
    like: 'DELETE /tasks/{id}',
  }),
  command('post', '/update', 'update', "Change an agent's or a task's state (3.x)", {
    body: commands.updateBody,
    json: commands.updateDone,
    name: 'Updated',
  }),

  history('', 'getHistory', 'What is kept, and counts by event type, for a timeline', past.overviewQuery, {
    json: past.overviewAnswer,
    name: 'History',
  }),
  history('/state', 'getPastState', 'Everything as it was at a time', past.stateQuery, {
    json: past.stateAnswer,
    name: 'PastState',
  }),
  history('/events', 'listEvents', 'Events; the Link header has the next page', past.eventsQuery, {
    type: 'application/x-ndjson',
    says: 'One event a line',
  }),
  history('/recording', 'getRecording', 'A session as a file that --replay plays', past.recordingQuery, {
    type: 'application/x-ndjson',
    says: 'A head, then one event a line',
  }),

  {
    method: 'post',
    path: '/api/v1/ticket',
    id: 'getTicket',
    tag: 'stream',
    summary: "A ticket for a browser's WebSocket: good once",
    access: 'viewer',
    answers: { 200: { json: reads.ticketAnswer, name: 'Ticket' } },
    errors: ['TOO_MANY_VIEWERS', 'STOPPING'],
  },
  {
    method: 'get',
    path: '/api/v1/events',
    id: 'streamEvents',
    tag: 'stream',
    summary: 'The live stream as server-sent events; Last-Event-ID resumes',
    access: 'viewer',
    answers: { 200: { type: 'text/event-stream', says: 'The messages of protocol/SPEC.md, V' } },
    errors: ['TOO_MANY_VIEWERS', 'STOPPING'],
  },
  {
    method: 'post',
    path: HOOKS_PATH,
    id: 'postHook',
    tag: 'ingest',
    summary: "A hook of Claude Code's, as it sends it",
    description:
      'Answered alike whatever is in it, before anything is made of it. `X-Swarmscope-Host` and `X-Swarmscope-Pid` may say from where it comes.',
    access: 'ingest',
    body: z.looseObject({ session_id: z.string(), hook_event_name: z.string() }),
    answers: { 200: { json: z.strictObject({}), name: 'Nothing' } },
    errors: ['TOO_LARGE'],
    // Whatever is in it, it is answered before anybody looks.
    never: ['BAD_REQUEST', 'INTERNAL'],
  },
  otlp(OTLP_PATHS.traces, 'postTraces', 'spans'),
  otlp(OTLP_PATHS.logs, 'postLogs', 'log records'),
  otlp(OTLP_PATHS.metrics, 'postMetrics', 'metrics'),
  {
    method: 'get',
    path: '/metrics',
    id: 'getMetrics',
    tag: 'operation',
    summary: 'Figures for Prometheus',
    access: 'viewer',
    answers: { 200: { type: 'text/plain', says: "Prometheus' text format" } },
    errors: [],
    never: ['BAD_REQUEST'],
  },
  probe('/livez', 'getLiveness', 'Whether it runs', { 200: null }),
  probe('/readyz', 'getReadiness', 'Whether it takes new work', { 200: null, 503: null }),
  {
    method: 'get',
    path: '/api/v1/openapi.json',
    id: 'getOpenApi',
    tag: 'description',
    summary: 'This description, for programs',
    access: 'anyone',
    answers: { 200: { type: 'application/json', says: 'OpenAPI 3.1' } },
    errors: [],
  },
  {
    method: 'get',
    path: '/api/v1/docs',
    id: 'getDocs',
    tag: 'description',
    summary: 'This description, for people',
    access: 'anyone',
    answers: { 200: { type: 'text/html', says: 'A page' } },
    errors: [],
  },
]
