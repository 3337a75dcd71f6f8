/**
 * Where a text that is written in another way lies in what it is written in. Between places that are written otherwise one byte is one
 * byte. Knows only what is still undecided, and a row of such places of the same size as one.
 */

export class Layer {
  /** Five numbers each: position in the text, outside, length of one in the text, outside, and how many there are. */
  readonly #rows: number[] = []
  #first = 0
  /** Positions of the same place, before all rows that are known. */
  #inner = 0
  #outer: number

  /** @param outer where the text begins */
  constructor(outer: number) {
    this.#outer = outer
  }

  /** A place that is written otherwise; in order. */
  add(inner: number, outer: number, innerSize: number, outerSize: number): void {
    const rows = this.#rows
    const last = rows.length - ROW
    if (last >= this.#first) {
      const count = rows[last + 4] as number
      const isSame = rows[last + 2] === innerSize && rows[last + 3] === outerSize
      const isNext =
        rows[last] === inner - count * innerSize && rows[last + 1] === outer - count * outerSize
      if (isSame && isNext) {
        rows[last + 4] = count + 1
        return
      }
    }
    rows.push(inner, outer, innerSize, outerSize, 1)
  }

  /** Of the first byte of something. Within a place, where that begins; what stands for nothing is before it. */
  toStart(position: number): number {
    return this.#map(position, true)
  }

  /** Behind the last byte of something. */
  toEnd(position: number): number {
    return this.#map(position, false)
  }

  /** Nothing before a position will be asked for. */
  forget(position: number): void {
    const rows = this.#rows
    while (this.#first < rows.length) {
      const at = this.#first
      const inner = rows[at] as number
      const innerEnd = inner + (rows[at + 2] as number) * (rows[at + 4] as number)
      if (innerEnd > position || inner >= position) break
      this.#inner = innerEnd
      this.#outer = (rows[at + 1] as number) + (rows[at + 3] as number) * (rows[at + 4] as number)
      this.#first += ROW
    }
    if (this.#first === rows.length) {
      rows.length = 0
      this.#first = 0
    } else if (this.#first > MANY && this.#first * 2 > rows.length) {
      rows.splice(0, this.#first)
      this.#first = 0
    }
  }

  #map(position: number, isStart: boolean): number {
    const rows = this.#rows
    let low = this.#first
    let high = rows.length
    // The last row that begins before it, or at it where what stands for nothing counts as before.
    while (low < high) {
      const middle = low + (((high - low) / ROW) >> 1) * ROW
      const inner = rows[middle] as number
      const isBefore = inner < position || (isStart && inner === position && rows[middle + 2] === 0)
      if (isBefore) low = middle + ROW
      else high = middle
    }
    if (low === this.#first) return this.#outer + position - this.#inner
    const at = low - ROW
    const outer = rows[at + 1] as number
    const innerSize = rows[at + 2] as number
    const outerSize = rows[at + 3] as number
    const count = rows[at + 4] as number
    const behind = position - (rows[at] as number)
    if (behind >= innerSize * count) return outer + outerSize * count + behind - innerSize * count
    const places = behind / innerSize
    return outer + outerSize * (isStart ? Math.floor(places) : Math.ceil(places))
  }
}

const ROW = 5
const MANY = 4096
