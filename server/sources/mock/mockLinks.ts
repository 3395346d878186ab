// Links of the demo that come and go by themselves: warnings, and messages that were sent a moment ago.

import type { IsoTime, Link, LinkKind, Unnumbered } from '../../../protocol/swarm.ts'

interface Passing {
  link: Unnumbered<Link>
  untilStep: number
}

export class PassingLinks {
  readonly #byId = new Map<string, Passing>()

  /** One that is there already is seen again. */
  add(link: Unnumbered<Link>, untilStep: number): void {
    this.#byId.set(link.id, { link, untilStep })
  }

  /** Takes out those whose time is over, and gives their ids. */
  takeDue(step: number): string[] {
    return this.#take(({ untilStep }) => untilStep <= step)
  }

  /** Takes out those of an agent that is gone. */
  takeOf(agentId: string): string[] {
    return this.#take(({ link }) => link.source === agentId || link.target === agentId)
  }

  has(kind: LinkKind, agentId: string): boolean {
    return [...this.#byId.values()].some(
      ({ link }) => link.kind === kind && (link.source === agentId || link.target === agentId),
    )
  }

  #take(isTaken: (passing: Passing) => boolean): string[] {
    const taken = [...this.#byId.entries()].filter(([, passing]) => isTaken(passing)).map(([id]) => id)
    for (const id of taken) this.#byId.delete(id)
    return taken
  }
}

export function mockLink(
  sourceId: string,
  kind: LinkKind,
  [source, target]: readonly [string, string],
  evidence: string,
  since: IsoTime,
): Unnumbered<Link> {
  const id = `${source}/${kind}/${target}`
  return { entity: 'link', id, kind, sourceId, source, target, evidence: `${evidence} (made up)`, since, mock: true }
}
