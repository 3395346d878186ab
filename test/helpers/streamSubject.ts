// Everything between the event log and the page's store, as one module: so that a bug can be seeded anywhere into it.

export { Hub } from '../../server/hub/hub.ts'
export { MemoryLog } from '../../server/log/memoryLog.ts'
export { View } from '../../server/view.ts'
export { World } from '../../server/world.ts'
export { SwarmModel } from '../../web/store/swarmModel.ts'
export { ViewerStream } from '../../web/stream/viewerStream.ts'
