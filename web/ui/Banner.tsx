// What is wrong, what to do about it, and when it is tried again. Announced once, not each second: the countdown is for the
// eye, what is announced is the sentence.

import { ChevronDown, FlaskConical, History, Info, RotateCw, TriangleAlert } from 'lucide-react'
import { type ReactNode, useRef, useState } from 'react'
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
  const [isOpen, setOpen] = useState(false)
  const wait = waitText(line, nowMs)
  const canCopy = command !== null || (hasRetry && suggestion !== '')
  return (
    <div className="banner-line" data-tone={line.tone} data-open={isOpen}>
      <Icon line={line} />
      <p className="banner-text">
        {word && <span className="banner-word">{word}</span>}
        <strong>{sentence}</strong> {figure !== null && <span className="figures">{figure}</span>}{' '}
        {asOfMs !== null && <span className="banner-age figures">Agents as of {formatAge(nowMs - asOfMs)} ago.</span>}{' '}
        <span className="banner-suggestion">{withWholeOptions(suggestion)}</span>
      </p>
      {canCopy && (
        <div className="banner-fix">
          {command !== null && <code className="code">{command}</code>}
          <CopyButton text={command ?? suggestion} label={command === null ? 'the suggestion' : 'the command'} />
        </div>
      )}
      {wait !== null && (
        <span className="banner-wait figures" aria-hidden="true">
          {wait.long}
        </span>
      )}
      {hasRetry && (
        <button type="button" className="button" data-testid="retry" onClick={retryNow}>
          <RotateCw size={14} aria-hidden="true" />
          {wait !== null && (
            <span className="retry-wait figures" aria-hidden="true">
              {wait.short}
            </span>
          )}
          <span className="retry-word">Retry now</span>
        </button>
      )}
      {reload && (
        <button type="button" className="button" data-testid="reload" onClick={() => location.reload()}>
          <RotateCw size={14} /> Reload
        </button>
      )}
      {(suggestion !== '' || canCopy) && (
        <button
          type="button"
          className="icon-button banner-more only-small"
          data-small
          data-testid="banner-more"
          aria-expanded={isOpen}
          aria-label="What to do"
          data-tip={isOpen ? 'Less' : 'What to do'}
          onClick={() => setOpen(!isOpen)}
        >
          <ChevronDown size={16} />
        </button>
      )}
    </div>
  )
}

/** An option to be typed is never broken after one of its hyphens; none is named twice. */
const withWholeOptions = (text: string): ReactNode[] =>
  text.split(/(--[a-z-]+)/).map((part) =>
    part.startsWith('--') ? (
      <span key={part} className="whole">
        {part}
      </span>
    ) : (
      part
    ),
  )

function Icon({ line }: { line: BannerLine }): ReactNode {
  if (line.word === 'MOCK') return <FlaskConical className="banner-icon" size={18} aria-hidden="true" />
  if (line.tone === 'note') return <Info className="banner-icon" size={16} aria-hidden="true" />
  if (line.tone === 'past') return <History className="banner-icon" size={18} aria-hidden="true" />
  return <TriangleAlert className="banner-icon" size={18} aria-hidden="true" />
}

/** The countdown: in words, and as short as it stands on a button. */
function waitText({ retryAtMs, isTrying }: BannerLine, nowMs: number): { long: string; short: string } | null {
  if (retryAtMs === null && !isTrying) return null
  const seconds = retryAtMs === null ? 0 : Math.ceil((retryAtMs - nowMs) / 1_000)
  return isTrying || seconds <= 0
    ? { long: 'trying now', short: '…' }
    : { long: `retry in ${seconds} s`, short: `${seconds} s` }
}
