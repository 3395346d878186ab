import { describe, expect, it } from 'vitest'
import { HookQueue, isActivity } from '../../../server/ingest/hookQueue.ts'
import { recorded } from '../../helpers/ingestServer.ts'
import { seededRandom } from '../../protocol/samples.ts'

const hook = (bytes: Buffer) => ({ bytes, receivedAtMs: 0, machine: { host: null, isHere: true }, pid: null })

describe('[I3] what waits', () => {
  it('is told apart by the recorded hooks: only tool calls may go first, but not those that make a subagent', () => {
    const activity = recorded('hooks').filter((body) => isActivity(Buffer.from(body)))
    for (const body of recorded('hooks')) {
      const { hook_event_name: event } = JSON.parse(body) as Record<string, string>
      expect(activity.includes(body)).toBe(/Tool/.test(event ?? '') && !body.includes('"tool_name":"Agent"'))
    }
  })

  it('is what no longer fits, never what begins or ends something while lesser is left, in the order of arrival (seed 3)', () => {
    const random = seededRandom(3)
    const queue = new HookQueue({ maxHooks: 50, maxBytes: 5_000 })
    const model: { n: number; activity: boolean; bytes: number }[] = []
    const dropped = { activity: 0, lifecycle: 0 }
    for (let n = 0; n < 20_000; n++) {
      if (random() < 0.3) {
        const first = model.shift()
        expect(queue.shift()?.bytes.readUInt32BE(0)).toBe(first?.n)
        continue
      }
      const activity = random() < 0.8
      const bytes = Buffer.concat([
        Buffer.alloc(4),
        Buffer.from(`"hook_event_name":"${activity ? 'PostToolUse' : 'Stop'}"`),
        Buffer.alloc(Math.floor(random() * 200)),
      ])
      bytes.writeUInt32BE(n)
      queue.push(hook(bytes))
      const fits = () => model.length < 50 && model.reduce((sum, one) => sum + one.bytes, 0) + bytes.length <= 5_000
      while (!fits()) {
        const lesser = activity ? -1 : model.findIndex((one) => one.activity)
        if (lesser === -1) break
        model.splice(lesser, 1)
        dropped.activity++
      }
      if (fits()) model.push({ n, activity, bytes: bytes.length })
      else dropped[activity ? 'activity' : 'lifecycle']++
      if (queue.size !== model.length) expect(queue.size).toBe(model.length)
    }
    expect(queue.dropped).toEqual(dropped)
    expect(dropped.activity).toBeGreaterThan(1_000)
    expect(queue.bytes).toBe(model.reduce((sum, one) => sum + one.bytes, 0))
  })
})
