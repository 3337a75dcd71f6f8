/** What phrases speak for, or candidates are: small numbers, as a list and as bits. Whether two have one in common is told by a few words of bits. */

export type Bits = Uint32Array

export interface Topic {
  /** From the smallest on. */
  readonly what: readonly number[]
  readonly bits: Bits
}

/** Makes topics, one for all that speak for the same. */
export class Topics {
  readonly #known = new Map<string, Topic>()

  /** @param numbers in any order */
  of(numbers: readonly number[]): Topic {
    const what = numbers.toSorted((a, b) => a - b)
    const name = what.join()
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const topic = { what, bits: toBits(what) }
    this.#known.set(name, topic)
    return topic
  }
}

/** As long as the largest needs. */
export function toBits(numbers: readonly number[]): Bits {
  const bits = new Uint32Array((Math.max(-1, ...numbers) >> 5) + 1)
  for (const number of numbers) setBit(bits, number)
  return bits
}

export function setBit(bits: Bits, number: number): void {
  bits[number >> 5] = (bits[number >> 5] as number) | (1 << (number & 31))
}

export function hasBit(bits: Bits, number: number): boolean {
  const word = number >> 5
  return word < bits.length && (((bits[word] as number) >>> (number & 31)) & 1) === 1
}

export function meet(left: Bits, right: Bits): boolean {
  const length = Math.min(left.length, right.length)
  for (let i = 0; i < length; i++)
    if (((left[i] as number) & (right[i] as number)) !== 0) return true
  return false
}

/** @param into is long enough */
export function addBits(into: Bits, bits: Bits): void {
  for (let i = 0; i < bits.length; i++) into[i] = (into[i] as number) | (bits[i] as number)
}
