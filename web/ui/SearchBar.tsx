// The query as chips, with what is being typed behind them. A combobox by its keys and for screen readers: it offers what
// may come next, and marks what it does not understand, in words.

import { Search, TriangleAlert, X } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useEffect, useId, useMemo, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { useLooking } from '../store/looking.ts'
import { parseQuery, problemsOf, type QueryTerm, withoutTerm } from '../store/query.ts'
import { type Completion, completionsFor } from '../store/queryCompletions.ts'
import { model } from '../store/session.ts'
import { onShortcut } from '../store/shortcuts.ts'
import { useFocusKept } from './focusKept.ts'
import { focusRow, hasRows } from './rowFocus.ts'
import { Theirs } from './Theirs.tsx'

export function SearchBar(): ReactNode {
  const { committed, draft, write } = useDraft()
  const box = useRef<HTMLDivElement>(null)
  const input = useRef<HTMLInputElement>(null)
  // A chip was removed, or all of them.
  useFocusKept(box, () => input.current?.focus())
  const [isOffering, setOffering] = useState(false)
  const [active, setActive] = useState(-1)
  const listId = useId()
  const problemId = useId()
  const query = useMemo(() => parseQuery(committed), [committed])
  const problems = problemsOf(query)
  // Asked for only while they are seen.
  const offers = useMemo(() => (isOffering ? completionsFor(draft, model.agents.values()) : []), [isOffering, draft])

  useEffect(
    () =>
      onShortcut('search', () => {
        // At once: who goes on typing must not have the next letters taken for shortcuts.
        flushSync(() => useLooking.getState().setPanelOpen(true))
        input.current?.focus()
      }),
    [],
  )

  const take = ({ insert, isWhole }: Completion) => {
    if (isWhole) write(joined(committed, insert), '')
    else write(committed, insert)
    setActive(-1)
    setOffering(!isWhole)
    input.current?.focus()
  }
  const edit = (term: QueryTerm) => {
    write(withoutTerm(query, term), term.text)
    input.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    // An input method's own Enter and arrows choose among its words.
    if (event.nativeEvent.isComposing) return
    const last = query.terms.at(-1)
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (!isOffering) return setOffering(true)
      const step = event.key === 'ArrowDown' ? 1 : -1
      setActive((now) =>
        offers.length === 0 ? -1 : (now + step + offers.length + (now < 0 && step < 0 ? 1 : 0)) % offers.length,
      )
    } else if (event.key === 'Enter' || (event.key === 'Tab' && active >= 0)) {
      const offer = offers[active]
      if (offer) {
        event.preventDefault()
        take(offer)
      } else if (draft !== '') {
        write(joined(committed, closed(draft)), '')
        setOffering(false)
      }
    } else if (event.key === 'Escape') {
      event.stopPropagation()
      if (isOffering && offers.length > 0) setOffering(false)
      else if (committed !== '' || draft !== '') write('', '')
      else if (hasRows()) focusRow(useLooking.getState().selectedId)
      else input.current?.blur()
      setActive(-1)
    } else if (event.key === 'Backspace' && draft === '' && last) {
      event.preventDefault()
      edit(last)
    }
  }

  const isOpen = isOffering && offers.length > 0
  return (
    <search className="search-box">
      <div ref={box} className="search" data-has-problem={problems.length > 0 || undefined}>
        <Search size={15} aria-hidden="true" />
        <div className="search-terms">
          {query.terms.map((term) => (
            <Chip
              key={`${term.from} ${term.text}`}
              term={term}
              onEdit={() => edit(term)}
              onRemove={() => write(withoutTerm(query, term), draft)}
            />
          ))}
          <input
            ref={input}
            data-testid="search"
            type="text"
            role="combobox"
            value={draft}
            placeholder={query.terms.length === 0 ? 'Filter: name, status:failed, cost>1' : ''}
            aria-label="Filter agents"
            aria-autocomplete="list"
            aria-expanded={isOpen}
            aria-controls={isOpen ? listId : undefined}
            aria-activedescendant={isOpen && active >= 0 ? `${listId}-${active}` : undefined}
            aria-invalid={problems.length > 0}
            aria-describedby={problems.length > 0 ? problemId : undefined}
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            onChange={(event) => {
              const cut = cutDraft(event.target.value)
              write(joined(committed, cut.whole), cut.draft)
              setActive(-1)
              setOffering(cut.draft !== '')
            }}
            onKeyDown={onKeyDown}
            onBlur={() => setOffering(false)}
          />
        </div>
        {query.terms.length === 0 && draft === '' ? (
          <span className="key" aria-hidden="true">
            /
          </span>
        ) : (
          <button
            type="button"
            className="icon-button"
            data-small
            aria-label="Clear the filter"
            onClick={() => write('', '')}
          >
            <X size={15} />
          </button>
        )}
      </div>
      {isOpen && <Offers id={listId} offers={offers} active={active} onTake={take} />}
      <div id={problemId} role="status" className="search-problems">
        {problems.map((term) => (
          <p key={`${term.from} ${term.text}`} data-testid="query-problem">
            <TriangleAlert size={13} aria-hidden="true" /> <span>{withStop(term.problem)}</span>
          </p>
        ))}
      </div>
    </search>
  )
}

interface ChipProps {
  term: QueryTerm
  onEdit(): void
  onRemove(): void
}

function Chip({ term, onEdit, onRemove }: ChipProps): ReactNode {
  const isProblem = term.type === 'problem'
  return (
    <span
      className="term"
      data-testid="query-chip"
      data-problem={isProblem || undefined}
      data-not={term.isNot || undefined}
    >
      <button
        type="button"
        className="term-text clip"
        data-tip={isProblem ? term.problem : 'Change'}
        aria-label={isProblem ? `${term.text}, not understood: change` : `${term.text}: change`}
        onClick={onEdit}
      >
        {isProblem && <TriangleAlert size={12} aria-hidden="true" />}
        <Theirs>{term.text}</Theirs>
      </button>
      <button type="button" className="term-remove" aria-label={`Remove ${term.text}`} onClick={onRemove}>
        <X size={12} />
      </button>
    </span>
  )
}

interface OffersProps {
  id: string
  offers: readonly Completion[]
  active: number
  onTake(offer: Completion): void
}

function Offers({ id, offers, active, onTake }: OffersProps): ReactNode {
  return (
    <div id={id} className="offers" role="listbox" aria-label="May come next" data-testid="offers">
      {offers.map((offer, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the input has the keys and the focus
        <div
          key={offer.insert}
          id={`${id}-${index}`}
          className="offer"
          role="option"
          tabIndex={-1}
          aria-selected={index === active}
          // The input must keep the focus.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onTake(offer)}
        >
          <span className="mono clip">{offer.insert}</span>
          <span className="offer-hint clip">{offer.hint}</span>
        </div>
      ))}
    </div>
  )
}

/** The query's text is the chips' and then what is being typed; whoever else sets it sets chips. */
function useDraft() {
  const filter = useLooking((state) => state.filter)
  const [draft, setDraft] = useState('')
  const written = useRef<string | null>(null)
  const isOurs = written.current === filter
  return {
    draft: isOurs ? draft : '',
    committed: (isOurs ? filter.slice(0, filter.length - draft.length) : filter).trim(),
    write: (committed: string, next: string) => {
      const text = joined(committed, next)
      written.current = text
      setDraft(next)
      useLooking.getState().setFilter(text)
    },
  }
}

const joined = (a: string, b: string): string => [a.trim(), b].filter((part) => part !== '').join(' ')

const withStop = (text: string): string => (/[.?!]$/.test(text) ? text : `${text}.`)

/** Closes an open quotation. */
const closed = (draft: string): string => ((draft.match(/"/g) ?? []).length % 2 === 1 ? `${draft}"` : draft)

/** What was typed or pasted: whole terms, and the one that is still being written. */
function cutDraft(typed: string): { whole: string; draft: string } {
  const { terms } = parseQuery(typed)
  const last = terms.at(-1)
  const isWritten = last === undefined || (/\s$/.test(typed) && last.to < typed.length)
  const whole = isWritten ? terms : terms.slice(0, -1)
  return { whole: whole.map((term) => term.text).join(' '), draft: isWritten ? '' : typed.slice(last.from) }
}
