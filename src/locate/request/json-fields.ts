/**
 * A JSON text (RFC 8259) as it stands, for judging what any reader may make of it. `JSON.parse` keeps the last of repeated keys;
 * other readers keep the first, some take a key in another case for the same key, some stop at the first fault. So
 * repeated members are kept, whatever is not exactly JSON within the bounds is said not to be whole, and a field
 * that two readers could read differently has no values at all. Never throws; the time is linear in the bytes.
 */

export type JsonNode = JsonScalar | JsonArray | JsonObject

export interface JsonScalar {
  readonly kind: 'string' | 'number' | 'literal'
  /** A string decoded; a number, `true`, `false` or `null` as written. */
  readonly text: string
}

export interface JsonArray {
  readonly kind: 'array'
  readonly items: readonly JsonNode[]
}

export interface JsonObject {
  readonly kind: 'object'
  /** In order, repeated ones too. */
  readonly members: readonly JsonMember[]
}

export interface JsonMember {
  readonly key: string
  readonly value: JsonNode
}

export interface JsonFields {
  /** Whether every byte was seen and all of it is one JSON text. Otherwise `root` is what came before the fault or the cut. */
  readonly whole: boolean
  readonly root: JsonNode | null
  /**
   * All values at a pointer such as `provider.only[]`, repeated keys included: scalars as in `JsonScalar`, `{}` and `[]` for what
   * is an object or array there. Empty: certainly absent. Null: nobody can say, because the text is not whole, a key on the
   * way is repeated or also written in another case, or something else stands where an object or array should.
   */
  values(pointer: string): readonly string[] | null
}

/** 4 MiB of text; no request of an API that Cordon knows nests deeper or has more values. */
const MAX_BYTES = 4_194_304
const MAX_DEPTH = 64
const MAX_NODES = 200_000

/** What can be said of a body that was not or could not be read. */
export const UNREADABLE: JsonFields = { whole: false, root: null, values: () => null }

/** @param complete whether the bytes are all there are. */
export function fields(bytes: Uint8Array, complete = true): JsonFields {
  const text = bytes.length > MAX_BYTES ? null : decode(bytes, complete)
  if (text === null) return UNREADABLE
  const reader = new Reader(text)
  const whole = reader.read() && complete
  const { root } = reader
  return { whole, root, values: (pointer) => (whole && root ? valuesAt(root, pointer) : null) }
}

/** A key as the most forgiving reader compares it: without case, the Kelvin sign and the long s included. */
export function foldKey(key: string): string {
  return /^[a-z0-9_]*$/.test(key) ? key : key.toUpperCase().toLowerCase()
}

/** UTF-8 without byte order mark (section 8.1): a mark, UTF-16 and broken sequences all fail, here or in the grammar. */
function decode(bytes: Uint8Array, complete: boolean): string | null {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return decoder.decode(bytes, { stream: !complete })
  } catch {
    return null
  }
}

function valuesAt(root: JsonNode, pointer: string): readonly string[] | null {
  let nodes: readonly JsonNode[] = [root]
  const steps = pointer.replaceAll('[]', '.[]').split('.')
  for (const [index, step] of steps.entries()) {
    const isLast = steps.slice(index + 1).every((rest) => rest === '[]')
    const next: JsonNode[] = []
    for (const node of nodes) {
      const found = step === '[]' ? itemsOf(node) : membersAt(node, step, isLast)
      if (found === null) return null
      next.push(...found)
    }
    nodes = next
  }
  return nodes.map(toText)
}

function itemsOf(node: JsonNode): readonly JsonNode[] | null {
  if (node.kind === 'array') return node.items
  return isNull(node) ? [] : null
}

function membersAt(node: JsonNode, key: string, isLast: boolean): JsonNode[] | null {
  if (node.kind !== 'object') return isNull(node) ? [] : null
  const found: JsonNode[] = []
  for (const member of node.members) {
    if (member.key === key) found.push(member.value)
    else if (member.key.length === key.length && foldKey(member.key) === foldKey(key)) return null
  }
  return found.length > 1 && !isLast ? null : found
}

function isNull(node: JsonNode): boolean {
  return node.kind === 'literal' && node.text === 'null'
}

function toText(node: JsonNode): string {
  if (node.kind === 'object') return '{}'
  return node.kind === 'array' ? '[]' : node.text
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/** Recursive descent; a method that answers false has met a fault or the end, and nothing is read after it. */
class Reader {
  root: JsonNode | null = null
  readonly #text: string
  #at = 0
  #nodes = 0
  readonly #plain = /[^"\\\u0000-\u001f]*/y
  readonly #number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y

  constructor(text: string) {
    this.#text = text
  }

  read(): boolean {
    const keep = (node: JsonNode) => {
      this.root = node
    }
    if (!this.#value(keep, 0)) return false
    this.#space()
    return this.#at === this.#text.length
  }

  /** What was begun is kept at once, so that a cut loses only what is behind it. */
  #value(keep: (node: JsonNode) => void, depth: number): boolean {
    if (++this.#nodes > MAX_NODES || depth > MAX_DEPTH) return false
    this.#space()
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(keep, depth)
      case '[':
        return this.#array(keep, depth)
      case '"': {
        const text = this.#string()
        if (text === null) return false
        keep({ kind: 'string', text })
        return true
      }
      case 't':
        return this.#literal('true', keep)
      case 'f':
        return this.#literal('false', keep)
      case 'n':
        return this.#literal('null', keep)
      default:
        return this.#digits(keep)
    }
  }

  #object(keep: (node: JsonNode) => void, depth: number): boolean {
    const members: JsonMember[] = []
    keep({ kind: 'object', members })
    this.#at++
    if (this.#ends('}')) return true
    for (;;) {
      this.#space()
      const key = this.#text.charCodeAt(this.#at) === QUOTE ? this.#string() : null
      if (key === null || !this.#takes(COLON)) return false
      if (!this.#value((value) => members.push({ key, value }), depth + 1)) return false
      if (this.#ends('}')) return true
      if (!this.#takes(COMMA)) return false
    }
  }

  #array(keep: (node: JsonNode) => void, depth: number): boolean {
    const items: JsonNode[] = []
    keep({ kind: 'array', items })
    this.#at++
    if (this.#ends(']')) return true
    for (;;) {
      if (!this.#value((item) => items.push(item), depth + 1)) return false
      if (this.#ends(']')) return true
      if (!this.#takes(COMMA)) return false
    }
  }

  /** From the opening quote to behind the closing one. A lone surrogate is kept, as most readers do. */
  #string(): string | null {
    let text = ''
    this.#at++
    for (;;) {
      const from = this.#at
      this.#plain.lastIndex = from
      this.#plain.test(this.#text)
      this.#at = this.#plain.lastIndex
      const run = this.#text.slice(from, this.#at)
      text = text === '' ? run : text + run
      const code = this.#text.charCodeAt(this.#at++)
      if (code === QUOTE) return text
      const escaped = code === BACKSLASH ? this.#escape() : null
      if (escaped === null) return null
      text += escaped
    }
  }

  #escape(): string | null {
    const letter = this.#text[this.#at++] ?? ''
    if (letter !== 'u') return ESCAPES[letter] ?? null
    const hex = this.#text.slice(this.#at, this.#at + 4)
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) return null
    this.#at += 4
    return String.fromCharCode(Number.parseInt(hex, 16))
  }

  #literal(text: string, keep: (node: JsonNode) => void): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += text.length
    keep({ kind: 'literal', text })
    return true
  }

  /** A number that ends with the text may go on behind the cut, but then the text is not whole either. */
  #digits(keep: (node: JsonNode) => void): boolean {
    this.#number.lastIndex = this.#at
    if (!this.#number.test(this.#text)) return false
    const text = this.#text.slice(this.#at, this.#number.lastIndex)
    this.#at = this.#number.lastIndex
    keep({ kind: 'number', text })
    return true
  }

  #takes(code: number): boolean {
    this.#space()
    if (this.#text.charCodeAt(this.#at) !== code) return false
    this.#at++
    return true
  }

  #ends(bracket: '}' | ']'): boolean {
    return this.#takes(bracket.charCodeAt(0))
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }
}
