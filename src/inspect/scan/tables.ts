/**
 * Tables in texts: `| SSN | Plan |`, a line of dashes, rows, as Markdown, psql and mysql write them. What is in a cell stands under the head
 * of its column, or where that says nothing under the first cell of its row. All other text is looked at as it is.
 *
 * INVARIANT: the same however the text is cut: a cell is looked at when its end has come.
 */

import type { Names } from './names.ts'
import type { Pass } from './pass.ts'
import { type Context, openStream, type Sink, type Stream, type TableState } from './scanner.ts'

const BAR = 0x7c
const LF = 0x0a
/** Shorter texts have none. */
export const LEAST = 16
/** Up to there it is not worth calling for help to find a bar. */
const NEAR = 64
/** Bytes of the longest line of heads. */
const MAX_HEADS = 512
const MAX_COLUMNS = 64
/** Of the longest name, in bytes. */
const MAX_NAME = 64
/** A longer cell ends the table. */
const MAX_CELL = 1024
const NOTHING = Buffer.alloc(0)
/** The end of a cell has not come. */
const NOT_YET = -1

export class Tables {
  readonly #pass: Pass
  readonly #names: Names

  constructor(pass: Pass, names: Names) {
    this.#pass = pass
    this.#names = names
  }

  /** As `Scanner.scan`. */
  scan(
    bytes: Uint8Array,
    start: number,
    end: number,
    context: Context,
    sink: Sink,
    stream: Stream | null,
  ): number {
    const isWhole = stream === null || (stream.ended && !stream.begun && stream.table === null)
    const isPlain = isWhole && (end - start < LEAST || !hasBar(bytes, start, end))
    if (isPlain || context.keys !== null || (stream !== null && stream.open !== null))
      return this.#pass.scan(bytes, start, end, context, sink, stream)
    const text = stream ?? { ...openStream(), ended: true }
    const table = text.table ?? newTable()
    text.table = table
    let plain = start
    let at = start + table.ahead
    table.ahead = 0
    while (at < end || (text.ended && table.columns !== null)) {
      if (table.columns === null) {
        const rows = this.#findRows(bytes, at, end, table)
        if (rows === NOT_YET) break
        this.#endPlain(bytes, plain, rows, context, sink, text)
        plain = at = rows
        continue
      }
      const next = this.#readCell(bytes, at, end, context, sink, text.ended, table)
      if (next === NOT_YET) return at
      plain = at = next
      if (at === end && text.ended) break
    }
    if (plain === end && (plain > start || table.columns !== null)) return end
    const decided = this.#pass.scan(bytes, plain, end, context, sink, text)
    table.ahead = end - decided
    return decided
  }

  /** What is before the first row ends there. */
  #endPlain(
    bytes: Uint8Array,
    from: number,
    to: number,
    context: Context,
    sink: Sink,
    text: Stream,
  ): void {
    const { ended } = text
    text.ended = true
    this.#pass.scan(bytes, from, to, context, sink, text)
    text.ended = ended
    text.begun = true
  }

  /** @returns where the first row begins, behind a line of heads and one of dashes */
  #findRows(bytes: Uint8Array, from: number, end: number, table: TableState): number {
    let at = from
    for (;;) {
      if (table.heads === null && !table.hasBar) {
        const bar = barFrom(bytes, at, end)
        at = beginLine(bytes, at, bar, table)
        if (bar === end) return keepLine(bytes, at, end, table)
      }
      const feed = find(LF, bytes, at, end)
      if (feed === end) return keepLine(bytes, at, end, table)
      const rest = bytes.subarray(at, feed)
      const line = table.size === 0 ? rest : keptWith(rest, table)
      table.size = 0
      table.hasBar = false
      at = feed + 1
      if (table.heads !== null && isRule(line)) {
        table.columns = this.#columnsOf(table.heads)
        table.heads = null
        table.column = -1
        return at
      }
      const mayBe = line.length <= MAX_HEADS && line.includes(BAR)
      table.heads = mayBe ? Buffer.from(line) : null
    }
  }

  #columnsOf(heads: Buffer): readonly (Context | null)[] {
    const text = heads
      .toString()
      .trim()
      .replace(/^\||\|$/g, '')
    return text.split('|', MAX_COLUMNS).map((head) => this.#said(head))
  }

  /** @returns behind the cell and what ends it; where it is none, the table is over */
  #readCell(
    bytes: Uint8Array,
    at: number,
    end: number,
    context: Context,
    sink: Sink,
    isEnd: boolean,
    table: TableState,
  ): number {
    const bound = Math.min(end, at + MAX_CELL)
    let to = at
    while (to < bound && bytes[to] !== BAR && bytes[to] !== LF) to++
    const isOpen = to === bound
    if (isOpen && bound === end && !isEnd) return NOT_YET
    const isBar = !isOpen && bytes[to] === BAR
    if ((isOpen && bound < end) || (!isBar && table.column < 0)) {
      table.columns = null
      return at
    }
    const isEdge = isBar && table.column < 0 && isBlank(bytes, at, to)
    if (!isEdge) this.#lookAt(bytes, at, to, context, sink, table)
    table.column = isBar ? Math.max(0, table.column) + (isEdge ? 0 : 1) : -1
    return isOpen ? to : to + 1
  }

  #lookAt(
    bytes: Uint8Array,
    from: number,
    to: number,
    context: Context,
    sink: Sink,
    table: TableState,
  ): void {
    const column = Math.max(0, table.column)
    const head = table.columns?.[column] ?? null
    const label = column > 0 ? table.label : null
    this.#pass.scan(bytes, from, to, head ?? label ?? context, sink, null)
    if (column > 0) return
    const isShort = to - from <= MAX_NAME
    table.label = isShort ? this.#said(Buffer.from(bytes.subarray(from, to)).toString()) : null
  }

  /** What a name says; null for nothing. */
  #said(name: string): Context | null {
    const text = name.replace(/[\s*`_:]+$/, '').trimStart()
    if (text === '' || text.length > MAX_NAME || /\d{4}/.test(text)) return null
    const said = this.#names.under(text, true)
    return said.hinted === null && said.keys === null && !said.plain ? null : said
  }
}

const newTable = (): TableState => ({
  ahead: 0,
  line: NOTHING,
  size: 0,
  hasBar: false,
  heads: null,
  columns: null,
  column: -1,
  label: null,
})

function hasBar(bytes: Uint8Array, start: number, end: number): boolean {
  return barFrom(bytes, start, end) < end
}

/** @returns where the first bar is; `end` for none */
function barFrom(bytes: Uint8Array, start: number, end: number): number {
  return find(BAR, bytes, start, end)
}

/** INVARIANT: not a byte behind `end` is read: there may be very many texts in one buffer. @returns where the first one is; `end` for none */
function find(byte: number, bytes: Uint8Array, start: number, end: number): number {
  const near = Math.min(end, start + NEAR)
  for (let at = start; at < near; at++) if (bytes[at] === byte) return at
  if (near === end) return end
  const found = bytes.subarray(near, end).indexOf(byte)
  return found < 0 ? end : near + found
}

/** @returns where the line begins that `to` is in, or `from`, where it began before */
function beginLine(bytes: Uint8Array, from: number, to: number, table: TableState): number {
  // What is longer is none of heads, wherever it begins.
  const least = Math.max(from, to - MAX_HEADS - 1)
  for (let at = to; at > least; at--) {
    if (bytes[at - 1] !== LF) continue
    table.size = 0
    return at
  }
  if (least > from) table.size = MAX_HEADS + 1
  return least
}

/** The line at hand goes on behind `end`. */
function keepLine(bytes: Uint8Array, from: number, end: number, table: TableState): typeof NOT_YET {
  const size = Math.min(MAX_HEADS + 1, table.size + end - from)
  if (table.line.length < size) {
    const line = Buffer.allocUnsafe(Math.max(64, Math.min(MAX_HEADS + 1, size * 2)))
    table.line.copy(line, 0, 0, table.size)
    table.line = line
  }
  for (let at = from; table.size < size; at++) {
    const byte = bytes[at] as number
    if (byte === BAR) table.hasBar = true
    table.line[table.size++] = byte
  }
  return NOT_YET
}

/** The line whose beginning is kept. */
function keptWith(rest: Uint8Array, table: TableState): Uint8Array {
  return Buffer.concat([table.line.subarray(0, table.size), rest.subarray(0, MAX_HEADS + 1)])
}

/** `|---|:--:|`, `----+----`: dashes, and what is between columns. */
function isRule(line: Uint8Array): boolean {
  if (line.length > MAX_HEADS) return false
  let dashes = 0
  for (const byte of line) {
    if (byte === 0x2d || byte === 0x3d) dashes++
    else if (byte !== BAR && byte !== 0x3a && byte !== 0x2b && byte !== 0x20 && byte !== 0x0d)
      return false
  }
  return dashes >= 2
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((bytes[at] as number) > 0x20) return false
  return true
}
