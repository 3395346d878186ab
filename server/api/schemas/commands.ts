// Bodies and answers of the commands.

import { z } from 'zod'
import { MODES } from '../../../protocol/swarm.ts'
import { id } from './common.ts'
import { sourceError } from './entities.ts'

const MAX_TEXT_LENGTH = 4_000
const MAX_LIST_LENGTH = 100

const name = z.string().trim().min(1).max(100)
const text = z.string().max(MAX_TEXT_LENGTH)
const orNull = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? null)
const ids = z.array(id).max(MAX_LIST_LENGTH)

const swarmFields = {
  topology: name.default('hierarchical').describe('2.x takes hierarchical, mesh, ring and star alone'),
  maxAgents: z.number().int().min(1).max(1_000).default(8).describe('3.x takes 50 at most, and cuts what is above'),
  strategy: name.default('adaptive'),
}
export const swarmBody = z.object(swarmFields)
export const initializeBody = z.object({
  ...swarmFields,
  enableNeural: z
    .boolean()
    .default(false)
    .describe('No claude-flow has such a switch: taken for the sake of callers, without effect'),
  agentTypes: z.array(name).max(MAX_LIST_LENGTH).default([]).describe('One agent is spawned of each'),
  customPrompt: text.default('').describe("3.x's hint for choosing each agent's model; 2.x takes none"),
})

export const spawnBody = z.object({
  agentType: name.default('coder'),
  name: orNull(name).describe(
    "2.x: its name; 3.x: claude-flow's id of it, where one that is there already is replaced",
  ),
  swarmId: orNull(id).describe('Else the youngest swarm'),
  task: orNull(text).describe("3.x's hint for choosing the model; 2.x takes none"),
})

export const taskBody = z.object({
  description: z.string().trim().min(1).max(MAX_TEXT_LENGTH),
  type: name.default('feature').describe('2.x knows no types'),
  priority: z.enum(['low', 'normal', 'high', 'critical']).default('normal'),
  assignTo: ids.default([]).describe('Ids of agents; not with 2.x'),
})
export const assignBody = z.object({ agentIds: ids.min(1) })

export const updateBody = z
  .object({
    agentId: id.optional(),
    taskId: id.optional(),
    status: name.optional(),
    health: z.number().min(0).max(1).optional().describe('Of an agent'),
    progress: z.number().min(0).max(1).optional().describe('Of a task'),
  })
  .refine(({ agentId, taskId }) => (agentId === undefined) !== (taskId === undefined), {
    message: 'give either agentId or taskId',
  })
  .refine(({ agentId, health, progress }) => (agentId === undefined ? health : progress) === undefined, {
    message: 'health is of agents, progress of tasks',
  })
  .refine(({ status, health, progress }) => (status ?? health ?? progress) !== undefined, {
    message: 'nothing to change: give status, health or progress',
  })

export const commandById = z.object({ id: id.describe("As the API gave it, or claude-flow's own; percent-encoded") })

/** 1 to 200 visible ASCII characters. */
export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, 'Idempotency-Key: 1 to 200 visible ASCII characters')

const done = { success: z.literal(true), mode: z.enum(MODES) }
const nativeId = z.string().nullable()

export const swarmDone = z.object({ ...done, swarmId: nativeId.describe("claude-flow's id of the new swarm") })
export const initializeDone = z.object({
  ...done,
  swarmId: nativeId,
  agents: z.array(
    z.object({
      type: z.string(),
      success: z.boolean(),
      agentId: nativeId,
      error: sourceError.nullable(),
    }),
  ),
})
export const spawnDone = z.object({
  ...done,
  agentId: nativeId.describe("claude-flow's id of the new agent"),
  agentType: z.string(),
  swarmId: nativeId,
})
export const agentDone = z.object({ ...done, agentId: z.string() })
export const taskDone = z.object({ ...done, taskId: z.string() })
export const assignDone = z.object({ ...done, taskId: z.string(), agentIds: z.array(z.string()) })
export const updateDone = z.union([agentDone, taskDone])
