// A small chart of what was used over time. uPlot draws it; for who cannot see it, its words say the same.

import { type ReactNode, useEffect, useRef } from 'react'
import type uPlot from 'uplot'
import './totalsChart.css'
import { loadChart } from './loadChart.ts'

export interface ChartPoint {
  atMs: number
  /** `null`: not measured. */
  value: number | null
}

interface TotalsChartProps {
  points: readonly ChartPoint[]
  /** Of the theme. */
  color: '--accent' | '--live'
  label: string
}

const HEIGHT = 46

export function TotalsChart({ points, color, label }: TotalsChartProps): ReactNode {
  const box = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | null>(null)
  const latest = useRef(points)
  latest.current = points
  useEffect(() => {
    const element = box.current
    if (!element) return
    let isWanted = true
    const observer = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height: HEIGHT }))
    loadChart().then(
      (UPlot) => {
        if (!isWanted) return
        chart.current = new UPlot(optionsOf(element, color), dataOf(latest.current), element)
        observer.observe(element)
      },
      () => undefined, // without its chart the figure still stands there
    )
    return () => {
      isWanted = false
      observer.disconnect()
      chart.current?.destroy()
      chart.current = null
    }
  }, [color])
  useEffect(() => chart.current?.setData(dataOf(points)), [points])
  return <div ref={box} className="totals-chart" role="img" aria-label={label} data-testid="totals-chart" />
}

const dataOf = (points: readonly ChartPoint[]): uPlot.AlignedData => [
  points.map(({ atMs }) => atMs / 1_000),
  points.map(({ value }) => value),
]

function optionsOf(element: HTMLElement, color: TotalsChartProps['color']): uPlot.Options {
  // Asked at each drawing, so that another theme takes with the next one.
  const css = (name: string) => getComputedStyle(element).getPropertyValue(name).trim()
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [4, 1, 0, 1],
    legend: { show: false },
    cursor: { show: false },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    axes: [{ show: false }, { show: false }],
    scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(max ?? 0, 1e-9) * 1.05] } },
    series: [
      {},
      {
        stroke: () => css(color),
        width: 1.5,
        fill: () => `${css(color)}22`,
        points: { show: false },
        spanGaps: false,
      },
    ],
  }
}
