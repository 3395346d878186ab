// Which labels stand where: the important ones first, none over another. Pure: boxes in, choices out, in pixels from the
// upper left. A coarse grid of taken cells makes each test cheap, however many there are.

export interface LabelWish {
  slot: number
  /** Node's middle and radius. */
  x: number
  y: number
  radius: number
  width: number
  height: number
  /** Where it stood last, to stay there if it can; -1 for nowhere. */
  lastSide: number
}

/** Below, above, right, left of the body, then to the side and a little lower or higher. */
export const SIDES = [
  { x: 0, y: 1 },
  { x: 0, y: -1 },
  { x: 1, y: 0 },
  { x: -1, y: 0 },
  { x: 1, y: 0.7 },
  { x: -1, y: 0.7 },
  { x: 1, y: -0.7 },
  { x: -1, y: -0.7 },
] as const

const CELL = 6
/** What is in a cell: something that must stay free, or a body that an important label may cover. */
const HARD = 1
const SOFT = 2
const PADDING = 3
/** Narrower and lower than any label. */
const LEAST_WIDTH = 14
const LEAST_HEIGHT = 18

export class Declutter {
  #columns = 0
  #rows = 0
  #taken = new Uint8Array(0)
  #left = 0
  #top = 0

  /** Begins anew: labels may stand in this rectangle. */
  reset(left: number, top: number, width: number, height: number): void {
    this.#left = left
    this.#top = top
    this.#columns = Math.max(1, Math.ceil(width / CELL))
    this.#rows = Math.max(1, Math.ceil(height / CELL))
    const cells = this.#columns * this.#rows
    if (this.#taken.length < cells) this.#taken = new Uint8Array(cells)
    else this.#taken.fill(0, 0, cells)
  }

  /** Nothing may stand on this; `isSoft`: but for what is important and finds no other place. */
  block(x: number, y: number, halfWidth: number, halfHeight: number, isSoft = false): void {
    setRoom(x, y, halfWidth, halfHeight)
    this.#mark(room, isSoft ? SOFT : HARD)
  }

  /** Whether the smallest label would fit anywhere beside this body: to ask so costs less than to measure a text. */
  hasRoom(x: number, y: number, radius: number, gapOf: (radius: number) => number, mayCover = false): boolean {
    const kept = mayCover ? HARD : HARD | SOFT
    const least = { x, y, width: LEAST_WIDTH, height: LEAST_HEIGHT }
    const gap = gapOf(radius)
    return SIDES.some((side) => {
      setRoomBeside(least, side, gap)
      return this.#isFree(room, kept)
    })
  }

  /** The side on which the label fits, which is then taken; -1 if there is none. `mayCover`: bodies, rather than not to stand. */
  place(wish: LabelWish, gapOf: (radius: number) => number, mayCover = false): number {
    const first = wish.lastSide >= 0 ? wish.lastSide : 0
    for (const kept of mayCover ? [HARD | SOFT, HARD] : [HARD | SOFT]) {
      for (let turn = 0; turn < SIDES.length; turn++) {
        const index = turn === 0 ? first : turn <= first ? turn - 1 : turn
        if (this.placeAt(wish, index, gapOf, kept)) return index
      }
    }
    return -1
  }

  /** Takes the place on this side, if it is free. */
  placeAt(wish: LabelWish, index: number, gapOf: (radius: number) => number, kept = HARD | SOFT): boolean {
    const side = SIDES[index]
    if (!side) return false
    setRoomBeside(wish, side, gapOf(wish.radius))
    if (!this.#isFree(room, kept)) return false
    this.#mark(room, HARD)
    return true
  }

  #isFree({ left, top, right, bottom }: Room, kept: number): boolean {
    const fromColumn = Math.floor((left - this.#left) / CELL)
    const fromRow = Math.floor((top - this.#top) / CELL)
    const toColumn = Math.floor((right - this.#left) / CELL)
    const toRow = Math.floor((bottom - this.#top) / CELL)
    if (fromColumn < 0 || fromRow < 0 || toColumn >= this.#columns || toRow >= this.#rows) return false
    for (let row = fromRow; row <= toRow; row++) {
      for (let column = fromColumn; column <= toColumn; column++) {
        if (((this.#taken[row * this.#columns + column] as number) & kept) !== 0) return false
      }
    }
    return true
  }

  #mark({ left, top, right, bottom }: Room, what: number): void {
    const fromColumn = Math.max(0, Math.floor((left - this.#left) / CELL))
    const toColumn = Math.min(this.#columns - 1, Math.floor((right - this.#left) / CELL))
    const fromRow = Math.max(0, Math.floor((top - this.#top) / CELL))
    const toRow = Math.min(this.#rows - 1, Math.floor((bottom - this.#top) / CELL))
    if (toColumn < fromColumn) return
    for (let row = fromRow; row <= toRow; row++) {
      for (let column = fromColumn; column <= toColumn; column++) {
        const cell = row * this.#columns + column
        this.#taken[cell] = (this.#taken[cell] as number) | what
      }
    }
  }
}

interface Room {
  left: number
  top: number
  right: number
  bottom: number
}

/** Looked at thousands of times in one go: the same object each time. */
const room: Room = { left: 0, top: 0, right: 0, bottom: 0 }

function setRoom(x: number, y: number, halfWidth: number, halfHeight: number): void {
  room.left = x - halfWidth
  room.top = y - halfHeight
  room.right = x + halfWidth
  room.bottom = y + halfHeight
}

/** What a label takes up on that side of its body, with some air beside it. */
function setRoomBeside(
  { x, y, width, height }: Pick<LabelWish, 'x' | 'y' | 'width' | 'height'>,
  side: (typeof SIDES)[number],
  gap: number,
): void {
  setRoom(x + side.x * (gap + width / 2), y + side.y * (gap + height / 2), width / 2 + PADDING, height / 2)
}
