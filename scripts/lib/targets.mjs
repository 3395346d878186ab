// What can be built, from what, and whether the built folder still belongs to its sources.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
export const DIST = join(ROOT, 'dist')

/** Where the hash of the inputs stands in a built folder. A dot file: static file servers leave it out. */
const STAMP = '.stamp'

const SHARED_INPUTS = ['package-lock.json', 'tsconfig.base.json']

/**
 * @typedef {object} Target
 * @property {string} title what people call it
 * @property {readonly string[]} inputs files and folders, from the root
 * @property {readonly string[]} tools packages that the build needs
 */
/** @type {Record<'node' | 'web', Target>} */
export const TARGETS = {
  node: {
    title: 'the server and relay',
    inputs: ['protocol', 'platform', 'relay', 'server', 'tsconfig.json', ...SHARED_INPUTS],
    tools: ['typescript'],
  },
  web: {
    title: 'the web app',
    // package.json: the page says its version.
    inputs: ['web', 'protocol', 'package.json', ...SHARED_INPUTS],
    tools: ['typescript', 'vite'],
  },
}

/** @param {string} name @returns {name is 'node' | 'web'} */
export const isTarget = (name) => Object.hasOwn(TARGETS, name)

/** @param {'node' | 'web'} name */
export const builtFolder = (name) => join(DIST, name)

/** A package installed from the registry has what was built, and nothing to build it from. */
export const hasSources = () => existsSync(join(ROOT, 'tsconfig.json'))

/** @param {'node' | 'web'} name */
export const hasTools = (name) =>
  TARGETS[name].tools.every((tool) => existsSync(join(ROOT, 'node_modules', tool, 'package.json')))

/** @param {'node' | 'web'} name */
export const isBuilt = (name) => existsSync(join(builtFolder(name), STAMP))

/** @param {'node' | 'web'} name */
export function isFresh(name) {
  return isBuilt(name) && readFileSync(join(builtFolder(name), STAMP), 'utf8') === inputHash(name)
}

/** @param {string} folder */
export const stampFile = (folder) => join(folder, STAMP)

/**
 * Contents, not times: a checkout or a copy touches times and changes nothing.
 * @param {'node' | 'web'} name
 */
export function inputHash(name) {
  const hash = createHash('sha256')
  for (const input of TARGETS[name].inputs) {
    for (const file of filesUnder(join(ROOT, input))) {
      hash.update(`${relative(ROOT, file).split(sep).join('/')}\0`)
      hash.update(createHash('sha256').update(readFileSync(file)).digest())
    }
  }
  return hash.digest('hex')
}

/** @param {string} path @returns {string[]} every file at or under `path`, in a fixed order */
function filesUnder(path) {
  let entries
  try {
    entries = readdirSync(path, { withFileTypes: true })
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path]
    if (error.code === 'ENOENT') return []
    throw error
  }
  return entries
    .filter((entry) => !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesUnder(join(path, entry.name)) : [join(path, entry.name)]))
}
