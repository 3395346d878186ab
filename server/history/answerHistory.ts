// One call to the history → what the file says.

import type { HistoryCall, PastStateText } from './history.ts'
import type { HistoryFile, PastState } from './historyFile.ts'

export function answerHistory(file: HistoryFile, call: HistoryCall): unknown {
  switch (call.type) {
    case 'overview':
      return file.overview(call.fromMs, call.toMs, call.maxBuckets)
    case 'stateAt':
      return inFewStrings(file.stateAt(call.atMs), call.withVersions)
    case 'events':
      return file.events(call.query)
    case 'beginning':
      return file.beginning(call.fromMs)
    default:
      return call satisfies never
  }
}

/** 10,000 strings take longer between threads than one of their size. */
function inFewStrings({ entities, versions, ended, ...rest }: PastState, withVersions: boolean): PastStateText {
  const { agent, task, swarm, link, source } = entities
  const list = (jsons: readonly string[]) => `[${jsons.join(',')}]`
  const versionLists = {
    agents: versions.agent,
    links: versions.link,
    tasks: versions.task,
    swarms: versions.swarm,
    sources: versions.source,
  }
  return {
    ...rest,
    lists: { agents: list(agent), links: list(link), tasks: list(task), swarms: list(swarm), sources: list(source) },
    foldOn: withVersions ? { versions: JSON.stringify(versionLists), ended: JSON.stringify(ended) } : null,
  }
}
