import { describe, expect, it } from 'vitest'
import { differences, sessionUse } from '../../web/store/sessionUse.ts'
import { agentOf } from '../helpers/webWorld.ts'

const tokens = (input: number, output: number | null = null) => ({ input, output, cacheRead: null, cacheWrite: null })
const use = (input: number, costUsd: number | null) => ({ tokens: tokens(input), costUsd })

describe("a session's use [K9, K11]", () => {
  it('is the sum of its agents and of what belongs to none of them, and of nobody else', () => {
    const agents = [
      agentOf('main', { sessionId: 's', ...use(100, 0.5), unattributed: use(7, 0.25) }),
      agentOf('sub', { sessionId: 's', tokens: tokens(20, 3) }),
      agentOf('silent', { sessionId: 's' }),
      agentOf('other', { sessionId: 't', ...use(1_000, 9) }),
    ]
    expect(sessionUse(agents, 's')).toEqual({ tokens: tokens(127, 3), costUsd: 0.75 })
    expect(sessionUse(agents, 'nobody')).toBeNull()
  })

  it('differs from the metrics only where both say something, and says by how much', () => {
    expect(differences(use(127, 0.1 + 0.2), use(127, 0.3))).toEqual([])
    expect(differences(use(1_127, 0.5), { tokens: { ...tokens(2_200), output: 4 }, costUsd: 0.4 })).toEqual([
      '+1,073 in',
      '−$0.1000',
    ])
    expect(differences({ tokens: null, costUsd: null }, use(5, 1))).toEqual([])
  })
})
