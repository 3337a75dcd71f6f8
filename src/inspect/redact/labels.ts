/**
 * Labels in XML and HTML: what the text of one element says of the next, `<th>SSN</th><td>…`, `<dt>`, `<label>… <input value=`, the heads of a
 * table's columns, `<property name="ssn" value="…">`. What is inside of a text of its own, such as a paragraph, says nothing of others.
 */

import type { Context } from '../scan/scanner.ts'
import { decode } from './coding.ts'
import { ENTITY_CODING } from './entities.ts'
import { type KnownKey, type KnownKeys, knownLabelsOf } from './known-keys.ts'
import type { Job } from './reader.ts'
import { IS_VALUE, NAMES_VALUE, Role } from './tag-roles.ts'

/** Bytes of the longest label, and of as much of a text as is kept to see whether it is one. */
const MAX_LABEL = 64
export const KEPT = MAX_LABEL + 32
/** More columns have no heads. */
const MAX_COLUMNS = 256
const COLON = 0x3a
/** What a text is for the next one: a label, perhaps one, none. */
const LABEL = 2
const MARK = 1
const NO_LABEL = 0

export class Labels {
  readonly #job: Job
  readonly #known: KnownKeys
  readonly #nowhere: Context
  readonly #room = Buffer.allocUnsafe(KEPT)
  /** What the last label says, and what an attribute of the tag at hand. */
  #label: Context | null = null
  #named: Context | null = null
  /** Of the text at hand. */
  #role: Role = Role.other
  /** The kind of cell it is in. */
  #cell: Role = Role.other
  #column = -1
  #heads: (Context | null)[] = []
  /** Heads of the row at hand; it is one of heads where nothing else is in it. */
  #row: (Context | null)[] = []
  #isRowOfHeads = true

  constructor(job: Job) {
    this.#job = job
    this.#known = knownLabelsOf(job.scan)
    this.#nowhere = job.scan.under('')
  }

  /** Whether it matters where an element ends. */
  get isInside(): boolean {
    return this.#cell !== Role.other || this.#heads.length > 0
  }

  beginTag(): void {
    this.#named = null
  }

  /** A tag is over. @param tag that began an element, or @param closed ended one; null for what did not */
  beginText(tag: KnownKey | null, closed: KnownKey | null): void {
    if (closed !== null) return this.#leave(closed.role)
    const role = tag === null ? Role.other : tag.role
    this.#role = role
    switch (role) {
      case Role.table:
        this.#heads = []
        this.#beginRow()
        return
      case Role.row:
        if (this.#row.length > 0 && this.#isRowOfHeads) this.#heads = this.#row
        this.#beginRow()
        return
      case Role.head:
      case Role.cell:
        this.#cell = role
        this.#column++
        if (role === Role.cell) this.#isRowOfHeads = false
        return
      case Role.label:
      case Role.content:
        this.#cell = role
        return
      case Role.prose:
        if (this.#cell !== Role.other && this.#cell !== Role.prose) return
        this.#cell = role
        this.#label = null
        return
      default:
    }
  }

  #leave(role: Role): void {
    this.#role = Role.other
    if (role === Role.table) {
      this.#heads = []
      this.#beginRow()
    } else if (role === this.#cell) this.#cell = Role.other
  }

  #beginRow(): void {
    this.#row = []
    this.#isRowOfHeads = true
    this.#column = -1
    this.#label = null
    this.#cell = Role.other
  }

  /** What is said of the text at hand, of which its own tag says nothing; null for nothing. */
  ofText(): Context | null {
    const head = this.#cell === Role.cell ? (this.#heads[this.#column] ?? null) : null
    return this.#named ?? head ?? this.#label
  }

  /** The same of the value of an attribute. */
  ofValue(attribute: KnownKey): Context | null {
    return attribute.naming === IS_VALUE ? (this.#named ?? this.#label) : null
  }

  /** The text is over that is [from, to) as it is written: all of it, or KEPT bytes and more. */
  endText(bytes: Buffer, from: number, to: number): void {
    let start = from
    while (start < to && (bytes[start] as number) <= 0x20) start++
    if (start === to) return
    this.#named = null
    this.#label = null
    if (to - from >= KEPT) return
    let end = to
    while ((bytes[end - 1] as number) <= 0x20) end--
    const place = this.#placeOf(bytes[end - 1] === COLON)
    if (place === NO_LABEL) return
    const said = this.#contextOf(bytes, start, end)
    if (said === null) return
    if (this.#cell === Role.head && this.#column < MAX_COLUMNS) this.#row[this.#column] = said
    // What is only set apart may be anything: a word for what follows, and no more.
    this.#label = place === LABEL ? said : { ...said, keys: null }
  }

  /** The value of an attribute is over. */
  endValue({ naming }: KnownKey, bytes: Buffer, from: number, to: number): void {
    if (naming === IS_VALUE) {
      this.#label = null
      this.#named = null
    } else if (naming === NAMES_VALUE && to - from < KEPT) {
      this.#named = this.#contextOf(bytes, from, to) ?? this.#named
    }
  }

  /** What a text that stands there is for the next one. */
  #placeOf(hasColon: boolean): typeof LABEL | typeof MARK | typeof NO_LABEL {
    if (hasColon || this.#cell === Role.head || this.#cell === Role.label) return LABEL
    if (this.#cell === Role.prose) return NO_LABEL
    if (this.#cell === Role.cell && this.#column === 0 && this.#heads.length === 0) return LABEL
    return this.#role === Role.mark ? MARK : NO_LABEL
  }

  /** What a label says; null for nothing. */
  #contextOf(bytes: Buffer, from: number, to: number): Context | null {
    const size = decode(ENTITY_CODING, bytes, from, to, this.#room)
    let end = size
    while (end > 0 && !isOfName(this.#room[end - 1] as number)) end--
    if (end === 0 || end > MAX_LABEL || !isName(this.#room, end)) return null
    const { context } =
      this.#known.get(this.#room, 0, end) ??
      this.#known.add(
        this.#room,
        0,
        end,
        '',
        this.#job.scan.under(this.#room.toString('utf8', 0, end), true),
      )
    if (context.hinted === null && context.keys === null && !context.plain) return null
    return context === this.#nowhere ? null : context
  }
}

function isOfName(byte: number): boolean {
  return byte > 0x7f || isLetter(byte) || (byte >= 0x30 && byte <= 0x39)
}

/** A letter first, few words, hardly a digit. */
function isName(text: Buffer, end: number): boolean {
  if ((text[0] as number) <= 0x7f && !isLetter(text[0] as number)) return false
  let blanks = 0
  let digits = 0
  for (let at = 0; at < end; at++) {
    const byte = text[at] as number
    if (byte === 0x20) blanks++
    else if (byte >= 0x30 && byte <= 0x39) digits++
  }
  return blanks < 8 && digits < 4
}

function isLetter(byte: number): boolean {
  return (byte | 32) >= 0x61 && (byte | 32) <= 0x7a
}
