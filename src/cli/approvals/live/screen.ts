/** The terminal: a screen of its own for as long as the list is shown, and everything as it was afterwards, however it ends. */

import type { Size } from './render.ts'

/** A screen of its own, no cursor, and marks around what is pasted; and back. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?2004h'
const LEAVE = '\u001b[?2004l\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const CLEAR_BELOW = '\u001b[J'

export class Screen implements Disposable {
  readonly #onKeys: (text: string) => void
  readonly #onResize: () => void
  readonly #restore = () => process.stdout.write(LEAVE)
  #last = ''

  /** Only where stdin and stdout are terminals. */
  constructor(onKeys: (text: string) => void, onResize: () => void) {
    this.#onKeys = onKeys
    this.#onResize = () => {
      this.#last = ''
      onResize()
    }
    process.on('exit', this.#restore)
    process.stdin.setRawMode(true)
    process.stdin.setEncoding('utf8')
    process.stdin.on('data', this.#onKeys)
    process.stdout.on('resize', this.#onResize)
    process.stdout.write(ENTER)
  }

  get size(): Size {
    return { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 }
  }

  /** @param lines each as wide as the screen: what was there is covered */
  draw(lines: readonly string[]): void {
    const text = lines.join('\r\n')
    if (text === this.#last) return
    this.#last = text
    process.stdout.write(`${HOME}${text}${CLEAR_BELOW}`)
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#restore)
    process.stdin.off('data', this.#onKeys)
    process.stdin.setRawMode(false)
    process.stdin.pause()
    process.stdout.off('resize', this.#onResize)
    this.#restore()
  }
}
