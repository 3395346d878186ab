// Connected, but nobody is there: how to start a swarm, or a session of Claude Code where claude-flow is not used.

import type { ReactNode } from 'react'
import { commandsFor, useLine } from '../store/line.ts'
import { CopyButton } from './CopyButton.tsx'

const withClaudeFlow = (connect: string) => ({
  head: 'Connected. No agents yet.',
  words:
    "Start a swarm in the project's folder; each agent appears here as soon as it is there. Nothing has to be reloaded.",
  steps: [
    { title: 'Give the project claude-flow, once', command: 'npx claude-flow@latest init' },
    { title: 'Register an agent', command: 'npx claude-flow agent spawn --type coder' },
    {
      title: 'Or let Claude Code start a swarm',
      command: 'claude "Use claude-flow to set up a swarm of three agents"',
    },
    { title: 'See Claude Code’s own agents too, with tokens and cost', command: connect },
  ],
})
const withClaudeCode = (connect: string) => ({
  head: 'Ready. No agents yet.',
  words:
    'Have Claude Code report here: each session and each subagent appears as soon as it begins, with tokens and cost. Nothing has to be reloaded.',
  steps: [
    { title: 'Connect the project’s Claude Code, once, where Swarmscope is', command: connect },
    { title: 'Start a new session in the project’s folder', command: 'claude' },
  ],
})
/** Beside the real one, on a port of its own: nothing made up ever comes onto this page. */
const DEMO = 'npm start -- --demo 40 --port 0 --open'

export function EmptyState(): ReactNode {
  const { connect } = useLine(commandsFor)
  const isUsed = useLine(({ status }) =>
    status?.sources.some(({ kind, state }) => kind === 'claude-flow' && state !== 'never'),
  )
  const { head, words, steps } = (isUsed ? withClaudeFlow : withClaudeCode)(connect)
  return (
    <div className="center">
      <section className="card" data-testid="empty">
        <h2>{head}</h2>
        <p>{words}</p>
        <ol className="steps">
          {steps.map(({ title, command }) => (
            <li key={command} className="step">
              <span className="step-title">{title}</span>
              <span className="copy-line">
                <span>{command}</span>
                <CopyButton text={command} label={`the command: ${title}`} isSmall />
              </span>
            </li>
          ))}
        </ol>
        <div className="card-aside">
          <span className="step-title">Or look at a demo first, beside this page</span>
          <span className="copy-line">
            <span>{DEMO}</span>
            <CopyButton text={DEMO} label="the command: show a demo" isSmall />
          </span>
        </div>
      </section>
    </div>
  )
}

export function Loading(): ReactNode {
  return (
    <div className="center">
      <p className="loading" role="status" data-testid="loading">
        <span className="loading-dots" aria-hidden="true">
          <span />
          <span />
          <span />
        </span>
        Looking for your swarm…
      </p>
    </div>
  )
}
