import type { ReactNode } from 'react'

const RING = [0, 60, 120, 180, 240, 300].map((degrees) => {
  const angle = (degrees * Math.PI) / 180
  return { cx: 11 + 8.4 * Math.sin(angle), cy: 11 - 8.4 * Math.cos(angle), degrees }
})

export function Brand(): ReactNode {
  return (
    <div className="brand">
      <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true">
        {RING.map(({ cx, cy, degrees }) => (
          <circle key={degrees} cx={cx} cy={cy} r="1.9" fill="var(--ink-2)" />
        ))}
        <circle cx="11" cy="11" r="3.6" fill="var(--accent)" />
      </svg>
      <h1 className="brand-name">Swarmscope</h1>
    </div>
  )
}
