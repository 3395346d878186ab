// Installs a package into a folder of its own under .cache/: what is tested or measured against is no dependency of ours.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run, seconds } from './run.mjs'

const INSTALL_TIMEOUT_MS = 15 * 60_000

/**
 * Into a folder beside, then renamed: one that was interrupted does not pass for whole.
 * @param {{ name: string, version: string, folder: string, time: string }} what `time`: about how long it takes, for people
 * @returns {Promise<boolean>} false: it failed, and stderr has the reason
 */
export async function installApart({ name, version, folder, time }) {
  if (installedVersion(name, folder) === version) return true
  const began = performance.now()
  process.stderr.write(`Installing ${name} ${version} (${time}) … `)
  const draft = `${folder}.new`
  for (const old of [draft, folder]) rmSync(old, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true })
  writeFileSync(join(draft, 'package.json'), JSON.stringify({ private: true }))
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${version}`]
  const { code, output } = await run('npm', args, { cwd: draft, timeoutMs: INSTALL_TIMEOUT_MS })
  if (code !== 0) {
    process.stderr.write(`failed\n${output.trimEnd()}\n`)
    return false
  }
  mkdirSync(dirname(folder), { recursive: true })
  renameSync(draft, folder)
  process.stderr.write(`${seconds(began)}\n`)
  return true
}

function installedVersion(/** @type {string} */ name, /** @type {string} */ folder) {
  const manifest = join(folder, 'node_modules', name, 'package.json')
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : null
}
