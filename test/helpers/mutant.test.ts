import { expect, test } from 'vitest'
import { mutant } from './mutant.ts'

type Backoff = typeof import('../../protocol/backoff.ts')

test('a seeded bug is in the module, and a text that fits nowhere, or twice, is an error', async () => {
  const file = 'protocol/backoff.ts'
  const { backoffMs } = await mutant<Backoff>(file, { file, find: 'random * ceiling', replace: 'ceiling' })
  expect(backoffMs({ baseMs: 100, capMs: 1_000 }, 0, 0)).toBe(100)
  await expect(mutant(file, { file, find: 'no such text', replace: '' })).rejects.toThrow('0 × no such text')
  await expect(mutant(file, { file, find: 'policy', replace: '' })).rejects.toThrow(/[2-9] × policy/)
})
