// What a swarm's declared topology says of who is connected to whom. Declared, not observed: the links say so.

import type { AgentStatus } from '../../../protocol/swarm.ts'

export interface Member {
  id: string
  role: string
  status: AgentStatus
}

interface DeclaredLink {
  source: string
  target: string
  evidence: string
}

/** A full mesh has n² links, which says nothing in a picture: above this size it is left to the grouping by swarm. */
const MAX_MESH_MEMBERS = 12

const HEADED = new Set(['hierarchical', 'star', 'centralized', 'hierarchical-mesh'])

/** Members in a fixed order; ended ones take no part. */
export function topologyLinks(
  topology: string | null,
  members: readonly Member[],
  queenId: string | null,
): DeclaredLink[] {
  const present = members.filter((member) => member.status !== 'offline')
  if (topology === null || present.length < 2) return []
  if (HEADED.has(topology)) return headed(topology, present, queenId)
  if (topology === 'ring') return ring(present)
  if (topology === 'mesh' && present.length <= MAX_MESH_MEMBERS) return mesh(present)
  return []
}

/** The head is the hive's queen, else the swarm's only coordinator; where neither is known nothing is drawn. */
function headed(topology: string, members: readonly Member[], queenId: string | null): DeclaredLink[] {
  const coordinators = members.filter((member) => member.role === 'coordinator')
  const queen = members.find((member) => member.id === queenId)
  const head = queen ?? (coordinators.length === 1 ? coordinators[0] : undefined)
  if (!head) return []
  const evidence = queen ? `${topology} swarm, its hive names the queen` : `${topology} swarm with one coordinator`
  return members.filter((member) => member !== head).map((member) => ({ source: head.id, target: member.id, evidence }))
}

function ring(members: readonly Member[]): DeclaredLink[] {
  const ends = members.length === 2 ? members.slice(0, 1) : members
  return ends.map((member, index) => ({
    source: member.id,
    target: (members[(index + 1) % members.length] ?? member).id,
    evidence: 'ring swarm',
  }))
}

function mesh(members: readonly Member[]): DeclaredLink[] {
  return members.flatMap((member, index) =>
    members.slice(index + 1).map((other) => ({ source: member.id, target: other.id, evidence: 'mesh swarm' })),
  )
}
