// Whom the scene is measured against: 3d-force-graph with its own three and d3-force-3d, installed apart.

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installApart } from '../../../scripts/lib/installApart.mjs'
import { ROOT } from '../../../scripts/lib/targets.mjs'

const PEER = { name: '3d-force-graph', version: '1.80.0' }
const FOLDER = join(ROOT, '.cache/peers', `${PEER.name}-${PEER.version}`)
const modules = join(FOLDER, 'node_modules')

export const PEER_SCRIPT = join(modules, PEER.name, 'dist/3d-force-graph.min.js')

export async function installPeer() {
  if (!(await installApart({ ...PEER, folder: FOLDER, time: 'some seconds' }))) {
    throw new Error(`${PEER.name} could not be installed`)
  }
}

/** Its layout, as a library for Node. */
export const loadD3Force = () => import(pathToFileURL(join(modules, 'd3-force-3d/src/index.js')).href)
