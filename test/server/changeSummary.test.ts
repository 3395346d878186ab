import { expect, test } from 'vitest'
import { changeSummary } from '../../server/connect/changeSummary.ts'
import { join } from '../../server/connect/settingsText.ts'
import { HOOKED_EVENTS, wantedSettings } from '../../server/connect/wantedSettings.ts'

const PATH = '/srv/shop/.claude/settings.local.json'
const connected = (text: string, url = 'http://localhost:8080') =>
  join(text, wantedSettings({ url, ingestToken: 'ingest-secret', hostName: 'here' }), () => true)

test('a summary names the file, each hook, each variable and where the file is kept as it was, and no value', () => {
  const before = '{"env": {"MINE": "1"}}'
  const said = changeSummary({ path: PATH, before, after: connected(before), backup: '/data/backup.json' }, false)
  const lines = said.split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[0]).toBe(`Changes ${PATH}`)
  expect(lines[1]).toBe(`  + ${HOOKED_EVENTS.length} hooks: ${HOOKED_EVENTS.join(', ')}`)
  expect(lines[2]).toMatch(/^ {2}\+ 13 variables: SWARMSCOPE_INGEST_TOKEN, CLAUDE_CODE_ENABLE_TELEMETRY, /)
  expect(lines[3]).toBe('  as it was: /data/backup.json')
  expect(said).not.toMatch(/ingest-secret|MINE/)
})

test('a summary tells what is new from what is changed and what goes, and a plan from what is done', () => {
  const [old, renewed] = [connected(''), connected('', 'http://localhost:9090')]
  const summary = (before: string | null, after: string | null) =>
    changeSummary({ path: PATH, before, after, backup: null }, true).split('\n')
  expect(summary(null, old)[0]).toBe(`Would make ${PATH}`)
  expect(summary(old, renewed)).toEqual([
    `Would change ${PATH}`,
    `  ~ ${HOOKED_EVENTS.length} hooks: ${HOOKED_EVENTS.join(', ')}`,
    '  ~ 1 variable: OTEL_EXPORTER_OTLP_ENDPOINT',
  ])
  const words = (line: string) => line.split(' ').slice(0, 5).join(' ')
  expect(summary(old, null).map(words)).toEqual([`Would remove ${PATH}`, '  - 21 hooks:', '  - 13 variables:'])
})
