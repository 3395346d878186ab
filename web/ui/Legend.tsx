// What colours, marks, shapes and lines mean: of each only what is there.

import { ChevronUp } from 'lucide-react'
import { type ReactNode, useId, useMemo, useState } from 'react'
import { type Agent, LINK_KINDS, type LinkKind } from '../../protocol/swarm.ts'
import { groupKeyOf } from '../scene/nodeGroups.ts'
import { useConcerns } from '../store/concerns.ts'
import { model } from '../store/session.ts'
import { FAMILY_TITLES, familyOf } from '../theme/roles.ts'
import { isHindered, LOOK_TITLES, LOOKS, lookOf } from '../theme/status.ts'
import { useCalmVersion } from './calmVersion.ts'
import { FamilyShape } from './FamilyShape.tsx'
import { StatusMark } from './StatusMark.tsx'

const LINK_TITLES: Readonly<Record<LinkKind, string>> = {
  spawned: 'spawned',
  inferred: 'probably spawned',
  'registered-by': 'registered by',
  assigned: 'task of',
  message: 'message',
  conflict: 'conflict',
  topology: 'declared',
}
const DASHES: Readonly<Partial<Record<LinkKind, string>>> = {
  inferred: '5 4',
  topology: '1.5 3.5',
  'registered-by': '9 4',
}
const FAMILY_ORDER = ['lead', 'builder', 'checker', 'other'] as const

/** As the scene does: a group has at least two members, and there is something to tell it apart from. */
function areHullsDrawn(agents: readonly Agent[]): boolean {
  const sizes = new Map<string, number>()
  for (const agent of agents) {
    const key = groupKeyOf(agent, (id) => model.agents.get(id))
    sizes.set(key, (sizes.get(key) ?? 0) + 1)
  }
  const groups = [...sizes.values()].filter((size) => size > 1).length
  return groups > 0 && sizes.size > 1
}

export function Legend(): ReactNode {
  const version = useCalmVersion()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutated; its version says so
  const present = useMemo(() => {
    const kinds = new Set([...model.links.values()].map((link) => link.kind))
    const agents = [...model.agents.values()]
    const looks = new Set(agents.map(lookOf))
    const families = new Set<string>(agents.map(({ type }) => familyOf(type)))
    return {
      looks: LOOKS.filter((look) => looks.has(look)),
      families: FAMILY_ORDER.filter((family) => families.has(family)),
      hasHulls: areHullsDrawn(agents),
      kinds: LINK_KINDS.filter((kind) => kinds.has(kind)),
      hasHindered: agents.some(isHindered),
      hasRegistered: agents.some((agent) => agent.kind === 'registered'),
    }
  }, [version])
  const hasStuck = useConcerns(({ stuck }) => stuck > 0)
  const [isOpen, setOpen] = useState(false)
  const shapesId = useId()
  if (model.agents.size === 0) return null
  return (
    <aside
      className="legend"
      data-testid="legend"
      aria-label="Legend"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !isOpen) return
        event.stopPropagation()
        setOpen(false)
      }}
    >
      <ul aria-label="States">
        {present.looks.map((look) => (
          <li key={look}>
            <StatusMark look={look} /> {LOOK_TITLES[look]}
          </li>
        ))}
        {hasStuck && (
          <li>
            <StatusMark look="stuck" /> stuck
          </li>
        )}
        {present.hasHindered && (
          <li>
            <svg className="mark" width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
              <path d="M9 4.5 14 13H4z" fill="var(--look-failed)" />
            </svg>
            a tool failed
          </li>
        )}
        {/* Where there is room for all (overlays.css), it is not there. */}
        <li className="legend-more">
          <button
            type="button"
            className="text-button"
            data-testid="legend-more"
            aria-expanded={isOpen}
            aria-controls={shapesId}
            onClick={() => setOpen(!isOpen)}
          >
            shapes and lines <ChevronUp size={14} aria-hidden="true" />
          </button>
        </li>
      </ul>
      <ul id={shapesId} className="legend-shapes" data-open={isOpen} aria-label="Roles and links">
        {present.families.map((family) => (
          <li key={family}>
            <FamilyShape family={family} /> {FAMILY_TITLES[family]}
          </li>
        ))}
        {present.hasRegistered && (
          <li>
            <StatusMark look="idle" isHollow /> outline: only registered
          </li>
        )}
        {present.kinds.map((kind) => (
          <li key={kind}>
            <svg className="mark" width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
              {kind === 'conflict' && <path d="M3 6v6M9 6v6M15 6v6" stroke="var(--link-conflict)" strokeWidth="2.5" />}
              {kind === 'message' && <circle cx="12" cy="9" r="3" fill="var(--link-message)" />}
              <path d="M0 9h18" stroke={`var(--link-${kind})`} strokeWidth={1.5} strokeDasharray={DASHES[kind]} />
            </svg>
            {LINK_TITLES[kind]}
          </li>
        ))}
        {present.hasHulls && (
          <li>
            <svg className="mark" width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
              <path d="M3 10c0-5 4-7 8-6s6 5 4 8-12 5-12-2z" fill="var(--hull-2)" stroke="var(--hairline-strong)" />
            </svg>
            area: one swarm or session
          </li>
        )}
      </ul>
    </aside>
  )
}
