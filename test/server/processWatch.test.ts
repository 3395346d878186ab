import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { isGone, localProcesses } from '../../server/sources/claudeCode/processWatch.ts'

test('[K6] a real process is seen, told from another start, and missed when it is gone', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  const start = localProcesses.startOf(pid)
  expect(start).toMatch(/^(\d+|unknown)$/)
  expect(isGone(pid, start ?? '', localProcesses)).toBe(false)
  expect(isGone(pid, 'another', localProcesses)).toBe(true)
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  expect(localProcesses.startOf(pid)).toBeNull()
  expect(isGone(pid, start ?? '', localProcesses)).toBe(true)
})

test.runIf(process.platform === 'linux')('a program that cannot be Claude Code is not watched', async () => {
  const child = spawn('sleep', ['60'])
  await once(child, 'spawn')
  expect(localProcesses.isAlive(child.pid ?? 0)).toBe(true)
  expect(localProcesses.startOf(child.pid ?? 0)).toBeNull()
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
})
