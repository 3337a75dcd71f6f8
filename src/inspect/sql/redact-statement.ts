/**
 * A statement without what is found in its literals. Each stays a literal of the same form: what takes the place of something needs no escapes
 * of any form, or it is not put there. What is found anywhere else (a number, a name, a comment) cannot be changed, and is told.
 *
 * INVARIANT: token by token the new text is the old one but for what literals say, whichever way the server reads backslashes.
 */

import type { Job } from '../redact/reader.ts'
import { Keys } from './keys.ts'
import { Lexer, Token } from './lexer.ts'
import { LiteralRedaction } from './literal-redaction.ts'
import { isReadable } from './read-statement.ts'

export interface RedactedStatement {
  /** Null where nothing changes. */
  readonly bytes: Buffer | null
  /**
   * It cannot be told what is a literal in it (`form`), or something is found where nothing can be put in its place (`fixed`): then nothing
   * was. Null where neither is so.
   */
  readonly problem: 'form' | 'fixed' | null
}

/** @param job whose findings are told what is found  @param isSafe see `readStatement` */
export function redactStatement(job: Job, text: Buffer, isSafe: boolean): RedactedStatement {
  const readings = readingsOf(text, isSafe)
  if (readings.length === 0) return { bytes: null, problem: 'form' }
  const redaction = new LiteralRedaction(job, text, readings)
  redaction.read()
  if (redaction.isFixed) return { bytes: null, problem: 'fixed' }
  const { bytes } = redaction
  if (bytes === null) return { bytes, problem: null }
  // Without backslashes there is one way to read it.
  const ways = bytes.includes(BACKSLASH) || text.includes(BACKSLASH) ? [true, false] : [true]
  const isSame = ways.every((isConforming) => isSameShape(text, bytes, isConforming))
  return isSame ? { bytes, problem: null } : { bytes: null, problem: 'fixed' }
}

const BACKSLASH = 0x5c
/** As many as can be bound. */
const MAX_PARAMETERS = 65_535

/** Names under which parameters stand: that of `$1` first. None where it cannot be read. */
export function parameterNames(text: Buffer, isSafe: boolean): readonly string[] {
  const names: string[] = []
  const [isConforming] = readingsOf(text, isSafe)
  if (isConforming === undefined) return names
  const lexer = new Lexer(text, isConforming)
  const keys = new Keys()
  while (lexer.next()) {
    const key = keys.feed(lexer)
    if (lexer.token !== Token.parameter) continue
    const index = Number(text.toString('latin1', lexer.start + 1, lexer.end)) - 1
    if (index >= 0 && index < MAX_PARAMETERS) names[index] ||= key
  }
  return Array.from(names, (name) => name ?? '')
}

/**
 * In which ways the server may read it, as `standard_conforming_strings` has it: both where they agree on what is a literal, none where they
 * do not, or where it would take it in neither.
 */
function readingsOf(text: Buffer, isSafe: boolean): readonly boolean[] {
  if (!isReadable(text, isSafe)) return []
  const standard = toEnd(text, true)
  if (!text.includes(BACKSLASH)) return standard.isBroken ? [] : [true]
  const other = toEnd(text, false)
  if (other.isBroken) return standard.isBroken ? [] : [true]
  if (standard.isBroken) return [false]
  return standard.diverges ? [] : [true, false]
}

function toEnd(text: Buffer, isConforming: boolean): Lexer {
  const lexer = new Lexer(text, isConforming)
  while (lexer.next());
  return lexer
}

/** Whether two texts differ in nothing but what literals say. */
function isSameShape(one: Buffer, other: Buffer, isConforming: boolean): boolean {
  const left = new Lexer(one, isConforming)
  const right = new Lexer(other, isConforming)
  while (left.next()) {
    if (!right.next() || left.token !== right.token || left.form !== right.form) return false
    if (left.token === Token.text) continue
    const bytes = one.subarray(left.start, left.end)
    if (!bytes.equals(other.subarray(right.start, right.end))) return false
  }
  return !right.next() && left.isBroken === right.isBroken
}
