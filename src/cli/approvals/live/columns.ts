/**
 * Text into the columns of a terminal. INVARIANT: nothing that comes out of here moves the cursor or changes the terminal: what is
 * shown was written by others.
 */

import { toPrintable } from '../../output.ts'

/** On one line, exactly `columns` wide: cut with an ellipsis, or filled up. */
export function fill(text: string, columns: number): string {
  // Blanks stay as many as they are: columns are made of them.
  const clean = toPrintable(text).replace(/[\n\t]/g, ' ')
  if (columns <= 0) return ''
  let width = 0
  let out = ''
  for (const character of clean) {
    const next = width + widthOf(character)
    // One place is kept for the ellipsis, unless this is the end.
    if (next > columns || (next === columns && widthFrom(clean, out.length) > columns - width)) {
      const room = columns - width
      return `${out}${room > 0 ? '…' : ''}${' '.repeat(Math.max(0, room - 1))}`
    }
    out += character
    width = next
  }
  return `${out}${' '.repeat(columns - width)}`
}

/** Broken into lines of at most `columns`, at blanks where there are some. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of toPrintable(text).split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (widthFrom(longer, 0) <= columns) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    const pieces = chop(word, columns)
    lines.push(...pieces.slice(0, -1))
    line = pieces.at(-1) ?? ''
  }
  return [...lines, line]
}

/** Broken into pieces of at most `columns` wherever they end, with all blanks. */
export function chop(text: string, columns: number): readonly string[] {
  const pieces: string[] = []
  let piece = ''
  let width = 0
  for (const character of text) {
    const next = widthOf(character)
    if (width + next > columns) {
      pieces.push(piece)
      piece = ''
      width = 0
    }
    piece += character
    width += next
  }
  return [...pieces, piece]
}

function widthFrom(text: string, start: number): number {
  let width = 0
  for (const character of text.slice(start)) width += widthOf(character)
  return width
}

/** Columns of a character, as most terminals have it (UAX 11). */
function widthOf(character: string): number {
  if (/^[\p{Mn}\p{Me}\p{Cf}]/u.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
