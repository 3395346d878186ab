// Child processes of the scripts: started without a shell, ended together with what they started.

import { spawn } from 'node:child_process'

/** Enough of a tool's output to see what is wrong with it. */
const MAX_OUTPUT = 4 * 1024 * 1024
const KILL_AFTER_MS = 5_000

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {boolean} [show] lets the output through to stderr as it comes
 * @property {number} [timeoutMs]
 *
 * @typedef {object} RunResult
 * @property {number} code 0: success
 * @property {string} output stdout and stderr, in the order in which they came
 * @property {boolean} timedOut
 */

/**
 * Runs `node` with `args` to its end; never rejects for what the program does.
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult>}
 */
export const runNode = (args, options) => run(process.execPath, args, options)

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult>}
 */
export function run(command, args, { cwd, env = process.env, show = false, timeoutMs } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: timeoutMs !== undefined,
    })
    let output = ''
    let timedOut = false
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true
            endGroup(child)
          }, timeoutMs)
    const onData = (/** @type {Buffer} */ data) => {
      if (show) process.stderr.write(data)
      output = (output + data.toString('utf8')).slice(-MAX_OUTPUT)
    }
    child.stdout.on('data', onData)
    child.stderr.on('data', onData)
    // With its own group it does not get the terminal's Ctrl-C: pass it on.
    const passOn = () => endGroup(child)
    if (timeoutMs !== undefined) for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, passOn)
    const done = (/** @type {number} */ code) => {
      clearTimeout(timer)
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, passOn)
      resolve({ code, output, timedOut })
    }
    child.on('error', (error) => {
      output += `${error.message}\n`
      done(127)
    })
    child.on('close', (code, signal) => {
      if (signal) output += `ended by ${signal}\n`
      done(code ?? 1)
    })
  })
}

/**
 * SIGTERM, then SIGKILL, for a detached child and all that it started.
 * @param {import('node:child_process').ChildProcess} child
 */
export function endGroup(child) {
  signalGroup(child, 'SIGTERM')
  setTimeout(() => signalGroup(child, 'SIGKILL'), KILL_AFTER_MS).unref()
}

function signalGroup(child, signal) {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

/** @param {number} sinceMs of `performance.now()` */
export const seconds = (sinceMs) => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`
