// What the whole session of a main agent used: what no agent is known for, all of it, and whether its metrics say the same.

import { type ReactNode, useMemo } from 'react'
import type { Agent, Usage } from '../../protocol/swarm.ts'
import { model } from '../store/session.ts'
import { differences, sessionUse } from '../store/sessionUse.ts'
import { Field } from './Field.tsx'
import { formatCost } from './format.ts'
import { useModelVersion } from './hooks.ts'
import { tokensText } from './tokensText.ts'

export function SessionUse({ agent }: { agent: Agent }): ReactNode {
  const version = useModelVersion()
  const { sessionId, unattributed, crossCheck } = agent
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutated; its version says so
  const use = useMemo(() => sessionUse(model.agents.values(), sessionId ?? ''), [sessionId, version])
  if (!use && !crossCheck) return null
  const off = use && crossCheck ? differences(use, crossCheck) : null
  return (
    <section data-testid="session-use">
      <h3>Whole session</h3>
      <dl>
        {/* From the same requests as each agent's own figure. */}
        <Field agent={agent} field="tokens" label="Session" isMono value={use && usageText(use)} />
        {unattributed && (
          <Field
            agent={agent}
            field="unattributed"
            label="Of nobody yet"
            isMono
            value={usageText(unattributed)}
            note="Reported for the session; no trace says yet which agent it belongs to. It is in the session’s sum."
          />
        )}
        {crossCheck && (
          <Field
            agent={agent}
            field="crossCheck"
            label="By metrics"
            isMono
            value={usageText(crossCheck)}
            note={
              off === null
                ? 'To compare with; never added to anything.'
                : off.length === 0
                  ? 'The same as the session’s requests.'
                  : `Not the same as the session’s requests: ${off.join(', ')}. Metrics come late and are never added.`
            }
            isOff={off !== null && off.length > 0}
          />
        )}
      </dl>
    </section>
  )
}

const usageText = ({ tokens, costUsd }: Usage): string =>
  [tokens && tokensText(tokens), costUsd === null ? null : formatCost(costUsd)]
    .filter((part) => part !== null)
    .join(' · ')
