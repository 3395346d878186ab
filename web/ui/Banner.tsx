// What is wrong, what to do about it, and when it is tried again. Announced once, not each second: the countdown is for the
// eye, what is announced is the sentence.

import { FlaskConical, History, Info, RotateCw, TriangleAlert } from 'lucide-react'
import { type ReactNode, useRef } from 'react'
import { useBudget } from '../store/budget.ts'
import { useLine } from '../store/line.ts'
import { useMissingParts } from '../store/missingParts.ts'
import { retryNow } from '../store/session.ts'
import { type BannerLine, bannerLines, inWords } from './bannerLines.ts'
import { CopyButton } from './CopyButton.tsx'
import { formatAge } from './format.ts'
import { useSteadyClock } from './useNow.ts'

export function Banner(): ReactNode {
  const line = useLine()
  const now = useSteadyClock()
  const budget = useBudget((state) => state.budget)
  const isPartMissing = useMissingParts(({ parts }) => parts.size > 0)
  const lines = bannerLines(line, now, __VERSION__, isPartMissing, budget)
  const [first] = lines
  const isUrgent = lines.some(({ tone }) => tone === 'lost')
  const said = lines.map((each) => `${each.word ?? ''} ${each.sentence} ${inWords(each)}`.trim()).join(' ')
  // That it is over is news too, for who does not see the banner go.
  const wasUrgent = useRef(false)
  const isOver = wasUrgent.current && lines.every(({ tone }) => tone === 'note')
  if (isUrgent) wasUrgent.current = true
  // "Retry now" once, whatever is down: it tries all of it.
  const retryKey = lines.find(({ canRetry }) => canRetry)?.key
  return (
    <>
      <div className="sr-only" role={isUrgent ? 'alert' : 'status'}>
        {isOver ? 'All connections are live again.' : said}
      </div>
      {first && (
        <section className="banner" data-testid="banner" data-tone={first.tone} aria-label="Connection">
          {lines.map((each) => (
            <Line key={each.key} line={each} nowMs={now} hasRetry={each.key === retryKey} />
          ))}
        </section>
      )}
    </>
  )
}

export function Line({ line, nowMs, hasRetry }: { line: BannerLine; nowMs: number; hasRetry: boolean }): ReactNode {
  const { word, sentence, suggestion, command, figure, asOfMs, reload } = line
  const canCopy = command !== null || (hasRetry && suggestion !== '')
  return (
    <div className="banner-line" data-tone={line.tone}>
      <Icon line={line} />
      <p className="banner-text">
        {word && <span className="banner-word">{word}</span>}
        <strong>{sentence}</strong> {figure !== null && <span className="figures">{figure}</span>}{' '}
        {asOfMs !== null && <span className="banner-age figures">Agents as of {formatAge(nowMs - asOfMs)} ago.</span>}{' '}
        {suggestion}
      </p>
      {canCopy && (
        <div className="banner-fix">
          {command !== null && <code className="code">{command}</code>}
          <CopyButton text={command ?? suggestion} label={command === null ? 'the suggestion' : 'the command'} />
        </div>
      )}
      <Wait line={line} nowMs={nowMs} />
      {hasRetry && (
        <button type="button" className="button" data-testid="retry" onClick={retryNow}>
          <RotateCw size={14} /> Retry now
        </button>
      )}
      {reload && (
        <button type="button" className="button" data-testid="reload" onClick={() => location.reload()}>
          <RotateCw size={14} /> Reload
        </button>
      )}
    </div>
  )
}

function Icon({ line }: { line: BannerLine }): ReactNode {
  if (line.word === 'MOCK') return <FlaskConical className="banner-icon" size={18} aria-hidden="true" />
  if (line.tone === 'note') return <Info className="banner-icon" size={16} aria-hidden="true" />
  if (line.tone === 'past') return <History className="banner-icon" size={18} aria-hidden="true" />
  return <TriangleAlert className="banner-icon" size={18} aria-hidden="true" />
}

function Wait({ line, nowMs }: { line: BannerLine; nowMs: number }): ReactNode {
  if (line.retryAtMs === null && !line.isTrying) return null
  const seconds = line.retryAtMs === null ? 0 : Math.ceil((line.retryAtMs - nowMs) / 1_000)
  return (
    <span className="banner-wait figures" aria-hidden="true">
      {line.isTrying || seconds <= 0 ? 'trying now' : `retry in ${seconds} s`}
    </span>
  )
}
