// What the server counted, as Prometheus reads it: to be held against what the test did to it.

import { expect } from 'vitest'
import { readExposition } from '../helpers/prometheus.ts'
import { ask, VIEWER } from '../helpers/testServer.ts'

export class Scrape {
  readonly #samples: ReturnType<typeof readExposition>['samples']

  constructor(text: string) {
    const { samples, faults } = readExposition(text)
    expect(faults).toEqual([])
    expect(samples.length).toBeLessThanOrEqual(300)
    this.#samples = samples
  }

  static async of(port: number): Promise<Scrape> {
    const { status, text } = await ask(port, '/metrics', { headers: VIEWER })
    expect(status).toBe(200)
    return new Scrape(text)
  }

  value(name: string, labels: Record<string, string> = {}): number {
    const matches = this.#samples.filter(
      (one) => one.name === name && Object.entries(labels).every(([label, word]) => one.labels[label] === word),
    )
    return matches.reduce((sum, { value }) => sum + value, 0)
  }

  /** By the value of a label; those at 0 are left out. */
  by(name: string, label: string, before?: Scrape): Record<string, number> {
    const words = new Set(this.#samples.filter((one) => one.name === name).map(({ labels }) => labels[label] ?? ''))
    const risen = [...words].map((word) => {
      const labels = { [label]: word }
      return [word, this.value(name, labels) - (before?.value(name, labels) ?? 0)] as const
    })
    return Object.fromEntries(risen.filter(([, count]) => count !== 0))
  }
}
