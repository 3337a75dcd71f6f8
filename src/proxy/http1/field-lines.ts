/**
 * Header and trailer sections on an HTTP/1 connection (RFC 9112 section 5): checked to the last character, once, and otherwise left as
 * they came. Names and values are taken apart only where somebody asks.
 */

import type { Problem } from '../../model/errors.ts'
import { Fields, framing, isHopByHop, malformed, NOTED, noteField } from '../exchange/fields.ts'
import { isBlank, skip, TOKEN, trimBlanks, VALUE } from '../exchange/text.ts'

const MAX_FIELDS = 1_000

class FieldLines extends Fields {
  readonly #text: string
  readonly #start: number
  #list: readonly string[] | null = null

  constructor(text: string, start: number) {
    super()
    this.#text = text
    this.#start = start
  }

  get list(): readonly string[] {
    this.#list ??= takeApart(this.#text, this.#start)
    return this.#list
  }
}

/** A section from `start` up to and including its empty line, which ends the text. */
export function parseFields(text: string, start: number): Fields | Problem {
  const fields = new FieldLines(text, start)
  let count = 0
  let forwardable = ''
  let isAsWritten = true
  let runStart = start
  let at = start
  while (text.charCodeAt(at) !== CR) {
    const nameEnd = skip(TOKEN, text, at)
    if (nameEnd === at || text.charCodeAt(nameEnd) !== COLON) {
      return malformed('a header field has no valid name')
    }
    let valueStart = nameEnd + 1
    while (isBlank(text.charCodeAt(valueStart))) valueStart++
    const lineEnd = skip(VALUE, text, valueStart)
    if (text.charCodeAt(lineEnd) !== CR || text.charCodeAt(lineEnd + 1) !== LF) {
      return malformed('a header field has a character that no value may have')
    }
    if (++count > MAX_FIELDS) return TOO_MANY
    const next = lineEnd + 2
    if (
      valueStart !== nameEnd + 2 ||
      text.charCodeAt(nameEnd + 1) !== SP ||
      (lineEnd > valueStart && isBlank(text.charCodeAt(lineEnd - 1)))
    ) {
      isAsWritten = false
    }
    const initial = text.charCodeAt(at) | 0x20
    // Most names can be told by length and first letter to be none of those that matter here.
    if (INITIALS[nameEnd - at]?.includes(initial) || initial === LOWER_P) {
      const name = text.slice(at, nameEnd).toLowerCase()
      const problem = noteField(fields, name, text.slice(valueStart, lineEnd))
      if (problem) return problem
      if (isHopByHop(name)) {
        forwardable += text.slice(runStart, at)
        runStart = next
      }
    }
    at = next
  }
  if (text.charCodeAt(at + 1) !== LF || at + 2 !== text.length) {
    return malformed('a line of the head does not end in CR LF')
  }
  if (fields.chunked && fields.contentLength >= 0) {
    return framing('there are both Content-Length and Transfer-Encoding')
  }
  if (isAsWritten && fields.nominated === null) {
    fields.forwardable = forwardable + text.slice(runStart, at)
  }
  return fields
}

/** First letters of the names that have to be noted, by length. */
const INITIALS: number[][] = []
for (const name of NOTED) {
  INITIALS[name.length] = [...(INITIALS[name.length] ?? []), name.charCodeAt(0)]
}

/** Names and values of a section that was checked. */
function takeApart(text: string, start: number): readonly string[] {
  const list: string[] = []
  for (let at = start; text.charCodeAt(at) !== CR; ) {
    const colon = text.indexOf(':', at)
    const end = text.indexOf('\r\n', colon)
    list.push(text.slice(at, colon), trimBlanks(text.slice(colon + 1, end)))
    at = end + 2
  }
  return list
}

const CR = 13
const LF = 10
const SP = 32
const COLON = 58
const LOWER_P = 112

const TOO_MANY: Problem = {
  code: 'request-head-too-large',
  detail: `more than ${MAX_FIELDS} header fields`,
}
