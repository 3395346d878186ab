// One call to the history → what the file says.

import type { HistoryCall, PastStateText } from './history.ts'
import type { HistoryFile, PastState } from './historyFile.ts'

export function answerHistory(file: HistoryFile, call: HistoryCall): unknown {
  switch (call.type) {
    case 'overview':
      return file.overview(call.fromMs, call.toMs, call.maxBuckets)
    case 'stateAt':
      return asText(file.stateAt(call.atMs, call.withVersions), call.withVersions)
    case 'events':
      return file.events(call.query)
    case 'beginning':
      return file.beginning(call.fromMs)
    default:
      return call satisfies never
  }
}

const utf8 = new TextEncoder()

/**
 * As bytes, which go from thread to thread and into the socket without a copy; each entity on a line of its own (H10).
 * `withVersions`: for whoever folds on from there.
 */
function asText({ entities, versions, ended, ...rest }: PastState, withVersions: boolean): PastStateText {
  const { agent, task, swarm, link, source } = entities
  const lists = { agents: agent, links: link, tasks: task, swarms: swarm, sources: source }
  let text = ''
  for (const [name, jsons] of Object.entries(lists)) {
    text += jsons.length === 0 ? `"${name}":[],` : `"${name}":[\n${jsons.join(',\n')}\n],`
  }
  if (withVersions) {
    const versionLists = {
      agents: versions.agent,
      links: versions.link,
      tasks: versions.task,
      swarms: versions.swarm,
      sources: versions.source,
    }
    text += `"versions":${JSON.stringify(versionLists)},"ended":${JSON.stringify(ended)},`
  }
  return { ...rest, rest: utf8.encode(`${text.slice(0, -1)}}`) }
}
