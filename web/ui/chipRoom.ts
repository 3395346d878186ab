// Which of the sources' chips there is room for: what is well says less where there is little, what is not is always said.

import type { SourceChip } from './sourceChip.ts'

export interface ShownChip extends Omit<SourceChip, 'tone'> {
  key: string
  tone: SourceChip['tone'] | 'past'
}

/** A little more than the widest letters of a chip take on average. */
const LETTER_PX = 7
const EMPTY_CHIP_PX = 40
const GAP_PX = 8

export const SUM_KEY = 'sum'

export function chipsFor(chips: readonly ShownChip[], widthPx: number): readonly ShownChip[] {
  // Nothing is known of them that somebody would miss.
  const heard = chips.filter(({ isUnheard }) => !isUnheard)
  const short = heard.map((chip) => (isWell(chip) ? { ...chip, state: '' } : chip))
  const candidates = [chips, heard, short].filter((some) => some.length > 0)
  const sum = summed(heard.length > 0 ? heard : chips)
  const found = [...candidates, sum].find((some) => widthOf(some) <= widthPx)
  return found ?? sum.map((chip) => (chip.key === SUM_KEY ? { ...chip, name: chip.name.replace(/ .*/, '') } : chip))
}

const isWell = ({ tone }: ShownChip): boolean => tone === 'live' || tone === 'quiet'

const widthOf = (chips: readonly ShownChip[]): number =>
  chips.reduce(
    (sum, { name, state }) => {
      const letters = name.length + (state === '' ? 0 : 1 + state.length)
      return sum + EMPTY_CHIP_PX + letters * LETTER_PX
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
