/**
 * What texts do that were read already, also where they differ in numbers and literals alone: a client says the same over and over, and to read a text
 * takes longer than to send it. Only texts are known again in which it is plain what is a literal.
 *
 * INVARIANT: two texts of one shape have the same tokens but for what is in literals and which numbers stand there.
 */

/** Texts that are kept, and the longest of them in bytes. */
const MAX_SHAPES = 500
const MAX_LENGTH = 2_048

/** What may begin or end a literal, a comment or a name in another way than a quote does. */
const UNPLAIN = /["$\\]|--|\/\*/
/** How that is read hangs on more than the text. */
const NOT_ASCII = /[^\t\n\r -~]/
const LITERAL = /'[^']*'/g
/** Not within a word, or with a point or an exponent. */
const NUMBER = /(?<![\w.])\d+(?![\w.])/g

export class Shapes<T> {
  readonly #known = new Map<string, T>()

  /** @param read reads it, where it is not known */
  get(text: Buffer, read: (text: Buffer) => T): T {
    if (text.length > MAX_LENGTH) return read(text)
    const bytes = text.toString('latin1')
    if (NOT_ASCII.test(bytes)) return read(text)
    const shape = toShape(bytes)
    const known = this.#known.get(shape)
    if (known) return known
    const now = read(text)
    if (this.#known.size >= MAX_SHAPES) this.#known.clear()
    this.#known.set(shape, now)
    return now
  }

  clear(): void {
    this.#known.clear()
  }
}

/** The text itself where that is not plain. @param text ASCII alone */
export function toShape(text: string): string {
  if (UNPLAIN.test(text)) return text
  const bare = text.includes("'") ? text.replace(LITERAL, "''") : text
  return bare.replace(NUMBER, '0')
}
