// Whether somebody is in a headset, or on the way: known to the whole page, whose buttons may come and go meanwhile.

import { create } from 'zustand'

export type Headset = { state: 'out' } | { state: 'entering' } | { state: 'inside'; session: XRSession }

export const useHeadset = create<Headset>(() => ({ state: 'out' }))

export const setHeadset = (headset: Headset): void => useHeadset.setState(headset, true)
