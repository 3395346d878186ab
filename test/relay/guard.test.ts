import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { Guard, type GuardOptions } from '../../relay/guard.ts'
import { runRelay } from '../helpers/relayInProcess.ts'

const guardOf = (host: string, more: Partial<GuardOptions> = {}): Guard =>
  new Guard({ host, port: 9020, allowHosts: [], publicUrls: [], token: 'a-token-of-the-tests', ...more })
const from = (host: string, headers: IncomingHttpHeaders = {}) =>
  ({ headers: { host, ...headers } }) as unknown as IncomingMessage

test.each([
  ['127.0.0.2', '127.0.0.2:9020'],
  ['192.0.2.7', '192.0.2.7:9020'],
  ['2001:db8::7', '[2001:db8::7]:9020'],
  ['[2001:DB8:0:0::7]', '[2001:db8::7]:9020'],
])('A4: a relay on %s is spoken to as %s, with a token and without', (host, name) => {
  for (const token of ['a-token-of-the-tests', null]) {
    const guard = guardOf(host, { token })
    expect(guard.refusal(from(name))).toBeNull()
    expect(guard.refusal(from(name, { origin: `http://${name}` }))).toBeNull()
    expect(guard.refusal(from('localhost:9020'))).toBeNull()
    expect(guard.refusal(from(name.replace('9020', '9021')))).toBe('WRONG_HOST')
    expect(guard.refusal(from('192.0.2.8:9020'))).toBe('WRONG_HOST')
  }
})

test.each(['0.0.0.0', '::', '[::]', '0:0:0:0:0:0:0:0'])(
  'A4: %s stands for all addresses, and is none to ask for',
  (host) => {
    const guard = guardOf(host)
    for (const name of ['0.0.0.0:9020', '[::]:9020', '192.0.2.7:9020']) {
      expect(guard.refusal(from(name))).toBe('WRONG_HOST')
    }
  },
)

test('A4: a name to listen on is none to be asked for: a hostile network could give it to its page', () => {
  expect(guardOf('evil.example').refusal(from('evil.example:9020'))).toBe('WRONG_HOST')
})

// Elsewhere 127.0.0.2 is no address of the machine as it comes.
test.runIf(process.platform === 'linux')('A4: the URL that a relay announces is one that it answers', async () => {
  const { relay } = await runRelay({ host: '127.0.0.2' })
  const answer = await fetch(`${relay.url.replace(/^ws/, 'http').replace(/\/ws$/, '')}/health`)
  expect(answer.status).toBe(200)
})
