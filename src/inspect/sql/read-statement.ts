/**
 * What a text of SQL does, and the text without what it is about.
 *
 * INVARIANT: whichever way the server reads backslashes in literals, the statements that it finds are among those told here.
 */

import { isAscii } from 'node:buffer'
import { KindsReader } from './kinds.ts'
import { Lexer } from './lexer.ts'
import { Normaliser } from './normalise.ts'

export interface StatementRead {
  /**
   * In lower case: each leading word, and what it is about (`drop table`), also of statements within others that act. Null where that cannot
   * be told.
   */
  readonly kinds: ReadonlySet<string> | null
  /** With `?` for all that is a value, 2 KiB at most. Null where it cannot be told what is one. */
  readonly normalised: string | null
}

/** Bytes; longer ones are not read. One is read in one go, and nobody else is served meanwhile. */
export const MAX_STATEMENT = 4 * 1024 * 1024

export const UNREADABLE: StatementRead = { kinds: null, normalised: null }

/**
 * @param isSafe whether in the client's encoding bytes of ASCII are nothing else: not so in BIG5, GBK, GB18030, JOHAB, SJIS, UHC and SHIFT_JIS_2004
 * @param clean takes data out of names that stay
 */
export function readStatement(
  text: Buffer,
  isSafe: boolean,
  clean: (text: string) => string,
): StatementRead {
  if (!isReadable(text, isSafe)) return UNREADABLE
  const standard = readOnce(text, true, clean)
  if (!standard.diverges) return standard
  const other = readOnce(text, false, clean)
  // What the server would refuse does nothing.
  if (other.isBroken) return standard
  if (standard.isBroken) return other
  const { kinds } = standard
  return { kinds: kinds && other.kinds && kinds.union(other.kinds), normalised: null }
}

/** Whether it can be told what its bytes are. */
export function isReadable(text: Buffer, isSafe: boolean): boolean {
  return text.length <= MAX_STATEMENT && !text.includes(0) && (isSafe || isAscii(text))
}

interface Once extends StatementRead {
  readonly isBroken: boolean
  readonly diverges: boolean
}

function readOnce(text: Buffer, isConforming: boolean, clean: (text: string) => string): Once {
  const lexer = new Lexer(text, isConforming)
  const kinds = new KindsReader()
  const normaliser = new Normaliser()
  while (lexer.next()) {
    kinds.feed(lexer)
    normaliser.feed(lexer)
  }
  const { isBroken, diverges } = lexer
  if (isBroken) return { ...UNREADABLE, isBroken, diverges }
  return { kinds: kinds.end(), normalised: normaliser.end(clean), isBroken, diverges }
}
