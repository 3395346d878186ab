// Which of the sources' chips there is room for: what is well says less where there is little, what is not is always said.

import type { SourceChip } from './sourceChip.ts'

export interface ShownChip extends Omit<SourceChip, 'tone'> {
  key: string
  tone: SourceChip['tone'] | 'past'
}

/** As topBar.css has it: border, edges, the dot and what is beside it. */
const EMPTY_CHIP_PX = 39
/** Between chips, and between the words of one. */
const GAP_PX = 8

export const SUM_KEY = 'sum'

/** How wide a chip's words are: its name, or how it is. */
export type WordsWidth = (words: string, part: 'name' | 'state') => number

export function chipsFor(chips: readonly ShownChip[], widthPx: number, widthOfWords: WordsWidth): readonly ShownChip[] {
  // Nothing is known of them that somebody would miss.
  const heard = chips.filter(({ isUnheard }) => !isUnheard)
  const short = heard.map((chip) => (isWell(chip) ? { ...chip, state: '' } : chip))
  const candidates = [chips, heard, short].filter((some) => some.length > 0)
  const sum = summed(heard.length > 0 ? heard : chips)
  const found = [...candidates, sum].find((some) => widthOf(some, widthOfWords) <= widthPx)
  return found ?? sum.map((chip) => (chip.key === SUM_KEY ? { ...chip, name: chip.name.replace(/ .*/, '') } : chip))
}

const isWell = ({ tone }: ShownChip): boolean => tone === 'live' || tone === 'quiet'

const widthOf = (chips: readonly ShownChip[], widthOfWords: WordsWidth): number =>
  chips.reduce(
    (sum, { name, state }) => {
      const statePx = state === '' ? 0 : GAP_PX + widthOfWords(state, 'state')
      return sum + EMPTY_CHIP_PX + widthOfWords(name, 'name') + statePx
    },
    GAP_PX * (chips.length - 1),
  )

/** Those that are well as one: `3 sources`, or the mere number where even that is too long. */
function summed(chips: readonly ShownChip[]): readonly ShownChip[] {
  const inWords = (some: readonly ShownChip[]) => some.map(({ name, state }) => `${name}: ${state}`).join(', ')
  if (chips.length > 1 && chips.every(({ isUnheard }) => isUnheard)) {
    const name = `${chips.length} sources`
    return [{ key: SUM_KEY, tone: 'trying', name, state: 'nothing yet', title: inWords(chips) }]
  }
  const well = chips.filter(isWell)
  const ill = chips.filter((chip) => !isWell(chip))
  const [first] = well
  if (!first || well.length === 1) return [...ill, ...well.map((chip) => ({ ...chip, state: '' }))]
  const title = inWords(well)
  const tone = well.some((chip) => chip.tone === 'live') ? 'live' : 'quiet'
  return [...ill, { key: SUM_KEY, tone, name: `${well.length} sources`, state: '', title }]
}
