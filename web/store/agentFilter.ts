// The query as a test of one agent: the same for list, table, tree and scene.

import type { Agent } from '../../protocol/swarm.ts'
import { useLine } from './line.ts'
import { compileQuery, parseQuery } from './query.ts'

export type AgentFilter = (agent: Agent) => boolean

/** Ages are told by the server's clock. */
const serverNowMs = (): number => Date.now() + useLine.getState().clockOffsetMs

/** `null`: nothing is asked for, or nothing of it is understood. */
export const parseFilter = (text: string): AgentFilter | null => compileQuery(parseQuery(text), serverNowMs)
