/**
 * Where a text that is written in another way lies in what it is written in: `\u0041` in JSON, `%41` in a form. Between such places one
 * byte is one byte. Knows only what is still undecided.
 */

export class Layer {
  /** Four numbers each: position in the text, outside, length in the text, outside. */
  readonly #units: number[] = []
  #first = 0
  /** Positions of the same place, before all units that are known. */
  #inner = 0
  #outer: number

  /** @param outer where the text begins */
  constructor(outer: number) {
    this.#outer = outer
  }

  /** A place that is written otherwise; in order. */
  add(inner: number, outer: number, innerSize: number, outerSize: number): void {
    this.#units.push(inner, outer, innerSize, outerSize)
  }

  /** Of the first byte of something. Within a unit, where that begins; what stands for nothing is before it. */
  toStart(position: number): number {
    return this.#map(position, true)
  }

  /** Behind the last byte of something. */
  toEnd(position: number): number {
    return this.#map(position, false)
  }

  /** Nothing before a position will be asked for. */
  forget(position: number): void {
    const units = this.#units
    while (this.#first < units.length) {
      const [inner, outer, innerSize, outerSize] = this.#at(this.#first)
      if (inner + innerSize > position || inner >= position) break
      this.#inner = inner + innerSize
      this.#outer = outer + outerSize
      this.#first += 4
    }
    if (this.#first > 4096 || this.#first === units.length) {
      units.splice(0, this.#first)
      this.#first = 0
    }
  }

  #map(position: number, isStart: boolean): number {
    let low = this.#first
    let high = this.#units.length
    // The last unit that begins before it, or at it where what stands for nothing counts as before.
    while (low < high) {
      const middle = low + (((high - low) / 4) >> 1) * 4
      const [inner, , innerSize] = this.#at(middle)
      const isBefore = inner < position || (isStart && inner === position && innerSize === 0)
      if (isBefore) low = middle + 4
      else high = middle
    }
    if (low === this.#first) return this.#outer + position - this.#inner
    const [inner, outer, innerSize, outerSize] = this.#at(low - 4)
    if (position >= inner + innerSize) return outer + outerSize + position - inner - innerSize
    return isStart ? outer : outer + outerSize
  }

  #at(index: number): [number, number, number, number] {
    const units = this.#units
    return [
      units[index] as number,
      units[index + 1] as number,
      units[index + 2] as number,
      units[index + 3] as number,
    ]
  }
}
