// axe-core in a page: what it finds, as lines that name the rule and where.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

interface AxeResults {
  violations: { id: string; help: string; nodes: { target: unknown[]; failureSummary?: string }[] }[]
}

declare global {
  var axe: { run(context: unknown, options: unknown): Promise<AxeResults> } | undefined
}

/** `within`: CSS selectors; the whole page without. */
export async function axeFindings(page: Page, within: readonly string[] = []): Promise<string[]> {
  // By the debugger, which no CSP keeps out.
  if (!(await page.evaluate(() => globalThis.axe !== undefined))) await page.evaluate(SOURCE)
  const { violations } = await page.evaluate(
    async ({ include, tags }) => {
      const context = include.length > 0 ? { include: include.map((selector) => [selector]) } : document
      const found = await globalThis.axe?.run(context, { runOnly: { type: 'tag', values: tags } })
      return found ?? { violations: [] }
    },
    { include: [...within], tags: TAGS },
  )
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary = '' }) => `${id}: ${help} at ${target.join(' ')} (${failureSummary})`),
  )
}
