// What fields of the history's answers must be.

import type { Version } from '../../protocol/events.ts'

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

export const isVersion = (value: unknown): value is Version =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'number')
