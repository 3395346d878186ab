// What colours, marks, shapes and lines mean. Lines only of kinds that are there.

import { type ReactNode, useMemo } from 'react'
import { LINK_KINDS, type LinkKind } from '../../protocol/swarm.ts'
import { model } from '../store/session.ts'
import { FAMILY_TITLES } from '../theme/roles.ts'
import { LOOK_TITLES, LOOKS } from '../theme/status.ts'
import { FamilyShape } from './FamilyShape.tsx'
import { useModelVersion } from './hooks.ts'
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

export function Legend(): ReactNode {
  const version = useModelVersion()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutated; its version says so
  const present = useMemo(() => {
    const kinds = new Set([...model.links.values()].map((link) => link.kind))
    const agents = [...model.agents.values()]
    return {
      kinds: LINK_KINDS.filter((kind) => kinds.has(kind)),
      hasRegistered: agents.some((agent) => agent.kind === 'registered'),
    }
  }, [version])
  if (model.agents.size === 0) return null
  return (
    <aside className="legend" data-testid="legend" aria-label="Legend">
      <ul aria-label="States">
        {LOOKS.map((look) => (
          <li key={look}>
            <StatusMark look={look} /> {LOOK_TITLES[look]}
          </li>
        ))}
      </ul>
      <ul aria-label="Roles and links">
        {FAMILY_ORDER.map((family) => (
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
              <path
                d="M0 9h18"
                stroke={`var(--link-${kind})`}
                strokeWidth={kind === 'conflict' ? 2 : 1.5}
                strokeDasharray={DASHES[kind]}
              />
            </svg>
            {LINK_TITLES[kind]}
          </li>
        ))}
      </ul>
    </aside>
  )
}
