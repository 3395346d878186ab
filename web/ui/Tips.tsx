import type { ReactNode } from 'react'
import { useTip } from '../store/tips.ts'
import { Late } from './Late.tsx'
import { lazyPart } from './lazyPart.ts'

const Tooltip = lazyPart(() => import('./Tooltip.tsx'))

/** Loaded when the first is wanted. */
export function Tips(): ReactNode {
  const tip = useTip((state) => state.tip)
  return <Late>{tip && <Tooltip tip={tip} />}</Late>
}
