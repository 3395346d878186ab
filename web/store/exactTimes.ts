import { create } from 'zustand'

/** Times as the clock says them in place of ages: for who cannot point at each. As long as the page. */
export const useExactTimes = create<{ isOn: boolean }>(() => ({ isOn: false }))

export const toggleExactTimes = (): void => useExactTimes.setState(({ isOn }) => ({ isOn: !isOn }))
