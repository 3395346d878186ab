// What is to be remembered of the sessions, as notes of the event log: small ones, so that a commit writes only what
// changed. A session's facts are one, each of its agents is, what that wrote is, and each page of its rows.

import type { Turn } from '../../../platform/turn.ts'
import { type GoneSession, goneSessionOf, goneSumOf } from './goneSessions.ts'
import type { ClaudeCodeModel } from './model.ts'
import type { Row, Rows } from './rows.ts'
import { type AgentFacts, newAgent, newSession, Session, type SessionFacts } from './session.ts'

type Notes = Map<string, string | null>

const ROWS = { c: 'calls', r: 'requests', p: 'points' } as const
type RowsKind = keyof typeof ROWS
const rowsOf = (session: Session, kind: RowsKind): Rows<Row> => session[ROWS[kind]] as unknown as Rows<Row>

interface KeptFacts {
  facts: SessionFacts
  horizons: Record<RowsKind, string>
}

/** What those used that left, by machine: no session has this id. A former version kept the cost alone, hence the name. */
const GONE_SUM = '~/cost/'
/** Between two looks at the clock. */
const SESSIONS_AT_ONCE = 4

/** Notes of what changed since the last call, in pieces: nobody may write to the model meanwhile. */
export async function changedNotes(model: ClaudeCodeModel, prefix: string, turn: Turn): Promise<Notes> {
  const notes: Notes = new Map()
  let noted = 0
  for (const session of model.takeDropped()) {
    const base = `${prefix}${session.facts.id}/`
    notes.set(`${base}f`, null)
    for (const id of new Set([...session.agents.keys(), ...session.changedAgents])) {
      notes.set(`${base}a/${id}`, null)
      notes.set(`${base}w/${id}`, null)
    }
    for (const kind of Object.keys(ROWS) as RowsKind[]) {
      const rows = rowsOf(session, kind)
      for (const page of rows.pages) notes.set(`${base}${kind}/${page}`, null)
      for (const [page] of rows.takeChanges()) notes.set(`${base}${kind}/${page}`, null)
    }
  }
  for (const session of model.takeUnkept()) {
    if (++noted % SESSIONS_AT_ONCE === 0 && turn.isOver) await turn.next()
    const base = `${prefix}${session.facts.id}/`
    const horizons = { c: session.calls.horizon, r: session.requests.horizon, p: session.points.horizon }
    notes.set(`${base}f`, JSON.stringify({ facts: session.facts, horizons } satisfies KeptFacts))
    for (const id of session.changedAgents) {
      const agent = session.agents.get(id)
      notes.set(`${base}a/${id}`, agent ? JSON.stringify({ ...agent, writes: {} }) : null)
      if (!agent) session.changedWrites.add(id)
    }
    for (const id of session.changedWrites) {
      const writes = session.agents.get(id)?.writes
      notes.set(`${base}w/${id}`, writes ? JSON.stringify(writes) : null)
    }
    session.changedAgents.clear()
    session.changedWrites.clear()
    for (const kind of Object.keys(ROWS) as RowsKind[]) {
      for (const [page, text] of rowsOf(session, kind).takeChanges()) notes.set(`${base}${kind}/${page}`, text)
    }
  }
  for (const [id, gone] of model.gone.takeUnkept()) notes.set(`${prefix}${id}/gone`, gone && JSON.stringify(gone))
  for (const [host, sum] of model.gone.takeUnkeptSums()) notes.set(`${prefix}${GONE_SUM}${host}`, JSON.stringify(sum))
  return notes
}

/** The sessions as they were kept, and those that had left. A note that is not understood costs what it held. */
export function restoreSessions(model: ClaudeCodeModel, kept: ReadonlyMap<string, string>, prefix: string): void {
  const sessions = new Map<string, Session>()
  const goneNotes: [id: string, gone: GoneSession][] = []
  const sumNotes: [host: string, text: string][] = []
  const rest: [session: string, kind: string, name: string, text: string][] = []
  for (const [key, text] of kept) {
    const [id = '', kind = '', ...name] = key.slice(prefix.length).split('/')
    if (key.startsWith(`${prefix}${GONE_SUM}`)) sumNotes.push([name.join('/'), text])
    else if (kind === 'gone') goneNotes.push([id, goneSessionOf(text)])
    else if (kind === 'f') {
      const { facts, horizons } = JSON.parse(text) as KeptFacts
      // A former version took all that named no machine for this one's.
      const isHere = facts.isHere ?? facts.host === null
      const session = new Session({ ...newSession(id, facts.firstAt), ...facts, isHere })
      for (const rows of Object.keys(ROWS) as RowsKind[]) rowsOf(session, rows).restoreHorizon(horizons[rows])
      sessions.set(id, session)
    } else rest.push([id, kind, name.join('/'), text])
  }
  for (const [id, kind, name, text] of rest) {
    const session = sessions.get(id)
    if (!session) continue
    if (kind === 'a') session.agents.set(name, { ...newAgent(name, ''), ...(JSON.parse(text) as AgentFacts) })
    else if (kind in ROWS) rowsOf(session, kind as RowsKind).restorePage(Number(name), text)
  }
  for (const [id, kind, name, text] of rest) {
    const agent = kind === 'w' ? sessions.get(id)?.agents.get(name) : undefined
    if (agent) agent.writes = JSON.parse(text) as AgentFacts['writes']
  }
  for (const session of sessions.values()) model.restore(session)
  // The oldest first, as they left.
  goneNotes.sort(([, a], [, b]) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  for (const [id, gone] of goneNotes) model.gone.restore(id, gone)
  const allGone = goneNotes.map(([, gone]) => gone)
  for (const [host, text] of sumNotes) model.gone.restoreSum(host, goneSumOf(text, host, allGone))
}
