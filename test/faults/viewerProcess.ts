// Starts a process full of viewers (viewerLoad.ts), and asks it.

import { fork } from 'node:child_process'
import { bundle } from '../helpers/bundle.ts'
import type { LoadCommand, LoadOptions, LoadReport } from './viewerLoad.ts'

export interface ViewerProcess {
  open(options: LoadOptions): Promise<void>
  /** Whether all viewers are synced (at `seq` of `epoch` or beyond) within the time. */
  allAt(place: { epoch: string; seq: number } | null, timeoutMs: number): Promise<boolean>
  report(options?: { hashes: boolean }): Promise<LoadReport>
  stop(): Promise<void>
}

export async function startViewers(): Promise<ViewerProcess> {
  const { path, remove } = await bundle('test/faults/viewerLoad.ts')
  const child = fork(path, {
    execArgv: process.env.GPROF ? ['--cpu-prof', '--cpu-prof-dir=/tmp/faultsprof/gen'] : [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const ask = <T>(command: LoadCommand) =>
    new Promise<T>((resolve, reject) => {
      const onExit = () => reject(new Error('the viewers ended'))
      child.once('exit', onExit)
      child.once('message', (answer) => {
        child.off('exit', onExit)
        resolve(answer as T)
      })
      child.send(command)
    })
  return {
    open: async (options) => void (await ask({ do: 'open', ...options })),
    allAt: (place, timeoutMs) => ask({ do: 'await', epoch: place?.epoch ?? null, seq: place?.seq ?? 0, timeoutMs }),
    report: ({ hashes } = { hashes: false }) => ask({ do: 'report', hashes }),
    stop: async () => {
      if (child.connected) child.disconnect()
      await exited
      remove()
    },
  }
}
