// Agents of a bench's world, as events.

const TIME = '2026-11-23T21:07:25.000Z'
let revision = 0

/** `count` agents from number `from` on, each with `currentTask`. */
export const agentEvents = (/** @type {number} */ from, /** @type {number} */ count, currentTask = '') =>
  Array.from({ length: count }, (_, offset) => {
    const id = `k3jx9a/agent-${from + offset}`
    return /** @type {any} */ ({
      v: 1,
      key: `${id}@${++revision}`,
      sourceId: 'k3jx9a',
      version: [1, revision],
      at: TIME,
      receivedAt: TIME,
      type: 'agent.upserted',
      entity: {
        entity: 'agent',
        id,
        nativeId: `agent-${from + offset}`,
        sourceId: 'k3jx9a',
        origin: 'claude-flow',
        kind: 'registered',
        name: `agent ${from + offset}`,
        type: 'coder',
        rawType: 'coder',
        status: 'busy',
        rawStatus: 'busy',
        mock: false,
        swarmId: 'k3jx9a/swarm-1',
        parentId: null,
        model: 'sonnet',
        health: 1,
        currentTask,
        tasksActive: 1,
        tasksCompleted: 3,
        tokens: null,
        costUsd: null,
        cpuUsage: null,
        memoryBytes: null,
        capabilities: null,
        activity: null,
        attention: null,
        project: 'shop',
        host: 'powerdev',
        tools: null,
        statusSince: TIME,
        createdAt: TIME,
        lastActiveAt: TIME,
        updatedAt: TIME,
        sources: { status: { source: 'k3jx9a', at: TIME }, health: { source: 'k3jx9a', at: TIME } },
      },
    })
  })
