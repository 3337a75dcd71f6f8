/**
 * The form of a body without what stands in it, for people who decide about a call: names of fields, kinds and lengths of values. Names
 * are shown only where they look like names, and so many of them; nothing else of the body is.
 *
 * INVARIANT: no value of the body is in the outline.
 */

import type { BodyView } from '../model/request-view.ts'

/** Lines that people read. */
const MAX_LINES = 40
/** Of what is nested deeper, only that there is something. */
const MAX_DEPTH = 6
/** Elements of a list that are shown one by one. */
const MAX_ELEMENTS = 3
/** Bytes that are looked at: what is larger is described by its size. */
const MAX_BYTES = 1024 * 1024

/** @param body decoded. @returns null for no body at all */
export function outline({ bytes, complete, contentType }: BodyView): string | null {
  if (complete && bytes.length === 0) return null
  const size = `${complete ? '' : 'more than '}${bytes.length} bytes`
  const kind = /^[a-z]{1,40}\/[a-z0-9.+-]{1,80}/i.exec(contentType ?? '')?.[0].toLowerCase()
  const head = `${kind ?? 'no content type'}, ${size}`
  const shape = complete && bytes.length <= MAX_BYTES ? describe(kind ?? '', bytes) : null
  return shape === null ? head : `${head}\n${shape}`
}

function describe(kind: string, bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
  if (kind === 'application/x-www-form-urlencoded') return describeForm(text)
  if (!/[/+]json$/.test(kind) && !/^\s*[{[]/.test(text)) return null
  try {
    const lines = new Lines()
    describeValue('', JSON.parse(text), 0, lines)
    return lines.toText()
  } catch {
    return 'not JSON, though it says so'
  }
}

function describeForm(text: string): string {
  const lines = new Lines()
  for (const [key, value] of new URLSearchParams(text)) {
    lines.add(0, `${toName(key)}: ${sayText(value)}`)
  }
  return lines.toText()
}

function describeValue(name: string, value: unknown, depth: number, lines: Lines): void {
  const label = name === '' ? '' : `${name}: `
  if (lines.isFull) return lines.skip()
  if (Array.isArray(value)) {
    lines.add(depth, `${label}list of ${value.length}`)
    if (depth >= MAX_DEPTH) return
    for (const element of value.slice(0, MAX_ELEMENTS))
      describeValue('-', element, depth + 1, lines)
    if (value.length > MAX_ELEMENTS) lines.add(depth + 1, `… ${value.length - MAX_ELEMENTS} more`)
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    lines.add(depth, `${label}object of ${entries.length}`)
    if (depth >= MAX_DEPTH) return
    for (const [key, inner] of entries) describeValue(toName(key), inner, depth + 1, lines)
  } else
    lines.add(depth, `${label}${typeof value === 'string' ? sayText(value) : sayScalar(value)}`)
}

function sayText(text: string): string {
  return `text of ${text.length} characters`
}

function sayScalar(value: unknown): string {
  return value === null ? 'null' : typeof value === 'boolean' ? 'yes or no' : 'number'
}

/** Keys can be data as well. */
function toName(key: string): string {
  return /^[A-Za-z_$][A-Za-z_.-]{0,39}$/.test(key) ? key : '(a name)'
}

class Lines {
  readonly #lines: string[] = []
  #skipped = 0

  get isFull(): boolean {
    return this.#lines.length >= MAX_LINES
  }

  add(depth: number, line: string): void {
    if (this.isFull) return this.skip()
    this.#lines.push(`${'  '.repeat(depth)}${line}`)
  }

  skip(): void {
    this.#skipped++
  }

  toText(): string {
    const more = this.#skipped > 0 ? [`… ${this.#skipped} more lines`] : []
    return [...this.#lines, ...more].join('\n')
  }
}
