import { expect, test } from 'vitest'
import { join } from '../../server/connect/settingsText.ts'
import { shownDiff } from '../../server/connect/shownDiff.ts'
import { wantedSettings } from '../../server/connect/wantedSettings.ts'

const settingsFor = (ingestToken: string) =>
  wantedSettings({ url: 'http://localhost:8080', ingestToken, hostName: 'my-laptop' })
const connected = (text: string, token: string) => join(text, settingsFor(token), () => true)

test('a diff shows what is written, without the token', () => {
  const shown = shownDiff(null, connected('', 'ingest-secret'), 'ingest-secret')
  expect(shown).toContain('+    "SWARMSCOPE_INGEST_TOKEN": "<ingest token>"')
  expect(shown).toContain('"OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer <ingest token>"')
  expect(shown).toContain('"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:8080"')
  expect(shown).toContain('http://localhost:8080/api/v1/ingest/claude-code/hooks >/dev/null 2>&1 3<<EOF')
  expect(shown).toContain('Authorization: Bearer $SWARMSCOPE_INGEST_TOKEN')
  expect(shown).not.toMatch(/ingest-secret|redacted/)
})

test('a diff tells a former token from the new one, and shows neither', () => {
  const before = connected('', 'former-secret')
  const shown = shownDiff(before, connected(before, 'another-secret'), 'another-secret')
  expect(shown).toContain('-    "SWARMSCOPE_INGEST_TOKEN": "<former ingest token>"')
  expect(shown).toContain('+    "SWARMSCOPE_INGEST_TOKEN": "<ingest token>"')
  expect(shown).not.toMatch(/former-secret|another-secret/)
})

const key = 'sk-ant-api03-USERSKEY'
test.each([
  ['a variable beside ours', { env: { ANTHROPIC_API_KEY: 'USERSKEY' } }],
  [
    'a header that ours takes the place of',
    { env: { OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer USERSKEY,x-k=USERSKEY' } },
  ],
  ['a rule beside ours', { permissions: { allow: [`Bash(curl -H 'x-api-key: ${key}' https://api.example)`] } }],
  ['a hook of theirs', { hooks: { Stop: [{ hooks: [{ type: 'command', command: 'notify --token=USERSKEY' }] }] } }],
])('a diff shows no secret of others: %s', (_what, settings) => {
  for (const indent of [2, 0]) {
    const before = JSON.stringify(settings, null, indent)
    expect(before).toContain('USERSKEY')
    expect(shownDiff(before, connected(before, 'ingest-secret'), 'ingest-secret')).not.toContain('USERSKEY')
  }
})
