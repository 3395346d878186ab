import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { Guardian } from '../../relay/guardian.ts'
import { RelayClient } from '../helpers/relayClient.ts'
import { cleanup, fakeChild, isAlive, temporaryFolder } from '../helpers/relayFiles.ts'
import { type Running, startRelayProcess } from '../helpers/swarmscope.ts'
import { until } from '../helpers/until.ts'

const TOKEN = 'relay-token-of-the-tests'

async function startRelay(...child: string[]): Promise<{ relay: Running; pids: number[] }> {
  const { file, args } = fakeChild('--grandchild', ...child)
  const relay = await startRelayProcess({
    args: ['--port', '0', '--project', temporaryFolder(), '--data-dir', temporaryFolder()],
    env: { SWARMSCOPE_RELAY_TOKEN: TOKEN, CLAUDE_FLOW_COMMAND: [file, ...args].map((word) => `"${word}"`).join(' ') },
  })
  cleanup(() => relay.kill())
  const client = await RelayClient.connect(relay.url, TOKEN)
  cleanup(() => client.socket.terminate())
  const { pid, grandchild } = await client.ask('facts')
  return { relay, pids: [pid, grandchild] }
}

describe('a relay that is killed outright', () => {
  test('leaves nothing of its child, not even one that ignores the end of its input and SIGTERM', async () => {
    const { relay, pids } = await startRelay('--stay-after-eof')
    expect(pids.map(isAlive)).toEqual([true, true])
    await relay.kill()
    await until(() => !pids.some(isAlive), 5_000)
  })

  test('leaves no grandchild of a child that ended by itself', async () => {
    const { relay, pids } = await startRelay()
    await relay.kill()
    await until(() => !pids.some(isAlive), 5_000)
  })
})

test('a guardian that is dismissed ends, and ends nobody', async () => {
  const group = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' })
  cleanup(() => group.kill('SIGKILL'))
  await once(group, 'spawn')
  const pid = group.pid ?? 0
  const guardian = new Guardian(pid)
  guardian.dismiss()
  await guardian.ended
  expect(isAlive(pid)).toBe(true)
})
