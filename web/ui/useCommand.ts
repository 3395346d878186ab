// One command to claude-flow, from the question to its outcome. Its key stays the same while the same is asked for: who does
// not know whether it arrived may press again, and it is done once.

import { useRef, useState } from 'react'
import type { SourceError } from '../../protocol/swarm.ts'
import { type Ask, askApi, newKey } from '../stream/apiClient.ts'

export type CommandState =
  | { state: 'asking' }
  | { state: 'sending' }
  | { state: 'done' }
  | { state: 'failed'; error: SourceError }

export interface Command {
  now: CommandState
  send(path: string, ask: Pick<Ask, 'method' | 'body'>): void
}

export function useCommand(): Command {
  const [now, setNow] = useState<CommandState>({ state: 'asking' })
  const sent = useRef({ request: '', key: '' })
  const send = (path: string, { method = 'POST', body }: Pick<Ask, 'method' | 'body'>) => {
    const request = JSON.stringify([method, path, body])
    if (sent.current.request !== request) sent.current = { request, key: newKey() }
    setNow({ state: 'sending' })
    void askApi(path, { method, idempotencyKey: sent.current.key, ...(body ? { body } : {}) }).then((answer) =>
      setNow(answer.type === 'ok' ? { state: 'done' } : { state: 'failed', error: answer.error }),
    )
  }
  return { now, send }
}
