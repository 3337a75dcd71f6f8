/**
 * What was typed, as a terminal in raw mode sends it. Letters decide here, so nothing that was not typed as a letter may become one: not
 * the rest of a sequence that came in two pieces, and not what was pasted.
 */

export type Key =
  | { readonly kind: 'text'; readonly text: string }
  /** Not typed: may only become part of a text. */
  | { readonly kind: 'paste'; readonly text: string }
  | {
      readonly kind:
        | 'up'
        | 'down'
        | 'first'
        | 'last'
        | 'page-up'
        | 'page-down'
        | 'enter'
        | 'escape'
        | 'erase'
        | 'interrupt'
    }

const SEQUENCES: Readonly<Record<string, Exclude<Key['kind'], 'text' | 'paste'>>> = {
  '\u001b[A': 'up',
  '\u001bOA': 'up',
  '\u001b[B': 'down',
  '\u001bOB': 'down',
  '\u001b[H': 'first',
  '\u001b[1~': 'first',
  '\u001b[F': 'last',
  '\u001b[4~': 'last',
  '\u001b[5~': 'page-up',
  '\u001b[6~': 'page-down',
  '\r': 'enter',
  '\n': 'enter',
  '\u001b': 'escape',
  '\u007f': 'erase',
  '\b': 'erase',
  '\u0003': 'interrupt',
}

/** Bracketed paste: what a terminal puts around it when it is asked to. */
const PASTE_BEGINS = '\u001b[200~'
const PASTE_ENDS = '\u001b[201~'

/** A whole control sequence, one of three characters, a letter with Alt, or one character. */
const PIECE = /\u001b\[[0-?]*[ -/]*[@-~]|\u001bO[@-~]|\u001b[^\u001b[O]|[\s\S]/gu
/** A sequence whose end has not come yet. */
const UNFINISHED = /\u001b(\[[0-?]*[ -/]*|O)?$/

export class KeyReader {
  /** The beginning of a sequence. */
  #rest = ''
  #isPasting = false

  read(text: string): readonly Key[] {
    // Whether it was the escape key is known by what follows; it was told as that already, and is now part of something else, or over.
    const before = this.#rest === '\u001b' && !/^[[O]/.test(text) ? '' : this.#rest
    const all = before + text
    this.#rest = UNFINISHED.exec(all)?.[0] ?? ''
    const whole = all.slice(0, all.length - this.#rest.length)
    const keys = [...whole.matchAll(PIECE)].flatMap(([piece]) => this.#toKey(piece) ?? [])
    if (this.#rest !== '\u001b' || this.#isPasting) return keys
    return [...keys, { kind: 'escape' }]
  }

  /** @returns null for what is nothing: sequences that are not known are not the letters they are made of. */
  #toKey(piece: string): Key | null {
    if (piece === PASTE_BEGINS || piece === PASTE_ENDS) {
      this.#isPasting = piece === PASTE_BEGINS
      return null
    }
    const isText = !/^[\u0000-\u001f\u007f-\u009f]/.test(piece)
    if (this.#isPasting) return isText ? { kind: 'paste', text: piece } : null
    const kind = SEQUENCES[piece]
    if (kind) return { kind }
    return isText ? { kind: 'text', text: piece } : null
  }
}
