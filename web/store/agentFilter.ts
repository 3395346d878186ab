// The query as a test of one agent: the same for list, table, tree and scene.

import type { Agent } from '../../protocol/swarm.ts'
import { momentMs } from './moment.ts'
import { compileQuery, hasDurations, parseQuery } from './query.ts'

export type AgentFilter = (agent: Agent) => boolean

/** `null`: nothing is asked for, or nothing of it is understood. Ages are those of the moment that is shown. */
export const parseFilter = (text: string): AgentFilter | null => compileQuery(parseQuery(text), momentMs)

/** Whether time alone may change who is found. */
export const asksForAges = (text: string): boolean => hasDurations(parseQuery(text))
