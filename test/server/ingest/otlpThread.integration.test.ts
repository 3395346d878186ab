// The built reader with its real thread: only what was built can start one.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OtlpReader } from '../../../server/ingest/otlp/otlpReader.ts'
import { MAX_ELEMENTS, readBody } from '../../../server/ingest/otlp/readBody.ts'
import type { Signal } from '../../../server/ingest/paths.ts'
import { asProtobuf, recorded } from '../../helpers/ingestServer.ts'
import { ROOT } from '../../helpers/swarmscope.ts'

let reader: OtlpReader
beforeAll(async () => {
  execFileSync(process.execPath, ['scripts/build.mjs', 'node'], { cwd: ROOT, stdio: 'pipe' })
  const built = pathToFileURL(join(ROOT, 'dist/node/server/ingest/otlp/otlpReader.js')).href
  reader = new ((await import(built)) as { OtlpReader: typeof OtlpReader }).OtlpReader()
}, 120_000)
afterAll(() => reader.close())

const SIGNALS: Signal[] = ['traces', 'logs', 'metrics']
const ENCODINGS = ['json', 'protobuf'] as const

/** So often that it has more records than one part has. */
function many(signal: Signal): string {
  const json = recorded(`otlp-${signal}`).sort((a, b) => b.length - a.length)[0] ?? ''
  const [[key, resources] = ['', []]] = Object.entries(JSON.parse(json) as Record<string, unknown[]>)
  return JSON.stringify({ [key]: Array.from({ length: 120 }, () => resources).flat() })
}

test.each(SIGNALS.flatMap((signal) => ENCODINGS.map((encoding) => [signal, encoding] as const)))(
  '[I12] what a thread reads is what is read here: %s in %s',
  async (signal, encoding) => {
    const json = many(signal)
    const bytes = encoding === 'json' ? Buffer.from(json) : asProtobuf(signal, json)
    const read = await reader.read({ signal, encoding, bytes, isHere: false })
    expect(read.taken).toBeGreaterThan(1_000)
    expect(read).toEqual(await readBody({ signal, encoding, bytes, isHere: false }))
  },
)

test('[I12] a body of too many things, or that is none, is refused, and the thread goes on', async () => {
  const [empties, message] = ['{},'.repeat(MAX_ELEMENTS), Buffer.from([0x0a, 0])]
  const json = (text: string) =>
    reader.read({ signal: 'logs', encoding: 'json', bytes: Buffer.from(text), isHere: false })
  await expect(json(`{"resourceLogs":[${empties}{}]}`)).rejects.toMatchObject({ code: 'TOO_LARGE' })
  await expect(json(`{"resourceLogs":[${'{},'.repeat(50_000)}`)).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  const bytes = Buffer.alloc(2 * MAX_ELEMENTS + 2, message)
  await expect(reader.read({ signal: 'logs', encoding: 'protobuf', bytes, isHere: false })).rejects.toMatchObject({
    code: 'TOO_LARGE',
  })
  expect(await json(many('logs'))).toMatchObject({ malformed: 0 })
})
