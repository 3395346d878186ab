// claude-flow lets an id be used again: a changed `createdAt` is another agent, and gets another id.

/** Beyond this the oldest are forgotten; a re-used id among them would then be taken for the same agent again. */
const MAX_REMEMBERED = 20_000

export class Incarnations {
  readonly #known = new Map<string, { createdAt: string | null; count: number }>()

  /** An agent that is known from a former run, by the id that it was given then. */
  remember(id: string, sourceId: string, nativeId: string, createdAt: string | null): void {
    const suffix = id.slice(`${sourceId}/${nativeId}`.length)
    const count = suffix === '' ? 1 : Number(/^~(\d+)$/.exec(suffix)?.[1] ?? 1)
    this.#known.set(nativeId, { createdAt, count })
  }

  /** `<sourceId>/<native id>`, with `~2`, `~3` … for further incarnations. */
  idFor(sourceId: string, nativeId: string, createdAt: string | null): string {
    const known = this.#known.get(nativeId)
    let count = known?.count ?? 1
    if (known && createdAt !== null && known.createdAt !== null && createdAt !== known.createdAt) count++
    if (known?.count !== count || known.createdAt !== (createdAt ?? known.createdAt)) {
      this.#known.delete(nativeId)
      this.#known.set(nativeId, { createdAt: createdAt ?? known?.createdAt ?? null, count })
      if (this.#known.size > MAX_REMEMBERED) {
        for (const oldest of this.#known.keys()) {
          this.#known.delete(oldest)
          break
        }
      }
    }
    return count === 1 ? `${sourceId}/${nativeId}` : `${sourceId}/${nativeId}~${count}`
  }
}
