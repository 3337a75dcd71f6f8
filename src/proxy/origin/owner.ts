/**
 * One client connection, as the owner of connections to origins that nobody else may use: those on which it has authenticated in a way
 * that counts for the whole connection (NTLM, Negotiate). They end with it.
 */

/** Under which connections may wait; beyond them they are closed instead. */
const MAX_KEYS = 64

let count = 0

export class Owner {
  readonly #id = ++count
  #keys: Set<string> | null = null
  #isGone = false

  /** Whether any connection may wait for it. */
  get hasAny(): boolean {
    return this.#keys !== null
  }

  /** Whether connections under that key may wait for it. */
  owns(key: string): boolean {
    return this.#keys?.has(key) ?? false
  }

  keyFor(key: string): string {
    return `${key}\nof ${this.#id}`
  }

  /** @returns false when nothing may wait for it under that key, because it is over or has too many */
  claim(key: string): boolean {
    if (this.#isGone) return false
    this.#keys ??= new Set()
    if (this.#keys.size < MAX_KEYS) this.#keys.add(key)
    return this.#keys.has(key)
  }

  /** The client connection is over. @returns the keys under which something may wait for it */
  release(): readonly string[] {
    this.#isGone = true
    const keys = [...(this.#keys ?? [])]
    this.#keys = null
    return keys.map((key) => this.keyFor(key))
  }
}
