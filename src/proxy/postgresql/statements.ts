/**
 * Texts of one session as they are judged. How they are to be read hangs on the encoding, which the server tells when it has changed, and which what is
 * under way may be changing.
 */

import { createHmac, randomBytes } from 'node:crypto'
import type { Inspector } from '../../inspector.ts'
import type { Released, Said } from '../statements/judge.ts'
import type { Parameters } from './bound-values.ts'
import type { CopyText } from './copied-rows.ts'
import { Shapes } from './shapes.ts'

/** What is the same for all texts of one shape. */
interface Known {
  readonly said: Said
  /** It cannot change how the texts behind it are read. */
  readonly isHarmless: boolean
  /** It gives names of statements another meaning. */
  readonly renames: boolean
}

/** One that was given a name, or runs at once. */
export interface Statement extends Known {
  /** What its parameters stand for; none where nobody has looked. */
  readonly parameters: Parameters
  /** Of one with COPY in it; null for all others. */
  readonly copy: CopyText | null
  /** What a person has let pass for the first time that it runs; null for nothing. */
  leave: Released | null
  /** Bytes that it takes to remember it, about. */
  weight: number
}

/** Encodings in which bytes of ASCII may be parts of other characters. */
const UNSAFE = new Set(['BIG5', 'GBK', 'GB18030', 'JOHAB', 'SJIS', 'UHC', 'SHIFT_JIS_2004'])
/** What cannot change how the texts behind it are read. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...['begin', 'start', 'start transaction', 'commit', 'end', 'rollback', 'abort', 'savepoint'],
  ...['release', 'release savepoint'],
])
/** What gives names another meaning. */
const RENAMING = ['prepare', 'deallocate', 'discard']
/** A text without a statement. */
const NOTHING_DONE: ReadonlySet<string> = new Set(['empty'])

/** Bytes that the number of a type takes. */
export const TYPE_BYTES = 8
/** Bytes of a text with COPY that are kept. */
const MAX_COPY = 16 * 1024

const NO_NAMES: readonly string[] = []
const NO_TYPES: readonly number[] = []

/** Statements that could not be read are told apart, but nobody can find out what they were. */
const KEY = randomBytes(32)

export class Statements {
  readonly #inspector: () => Inspector
  readonly #database: string
  #encoding: string | null = null
  #isChanging = false
  /** What was asked for since nothing was under way, and whether the server was in no transaction then: one that ends may take settings back. */
  #asked = 0
  #isOutside = true
  readonly #shapes = new Shapes<Known>()
  /** By whom those were read. */
  #reader: Inspector | null = null

  /** @param inspector under the policy in force */
  constructor(inspector: () => Inspector, database: string) {
    this.#inspector = inspector
    this.#database = database
  }

  /** Under the policy in force. */
  get inspector(): Inspector {
    return this.#inspector()
  }

  /** Whether bytes of ASCII are nothing else now. */
  get isSafe(): boolean {
    const isTold = !this.#isChanging && (this.#isOutside || this.#asked <= 1)
    return this.#encoding !== null && isTold && !UNSAFE.has(this.#encoding)
  }

  /** A parameter of the session, as the server has it. */
  learn(name: string | undefined, value: string | undefined): void {
    if (name === 'client_encoding' && value !== undefined) this.#encoding = value.toUpperCase()
  }

  /** Something is asked for, and is read next. */
  ask(): void {
    this.#asked++
  }

  /** Nothing is under way: what the server has not told is as it was. @param isOutside whether it is in no transaction */
  settle(isOutside: boolean): void {
    this.#isChanging = false
    this.#asked = 0
    this.#isOutside = isOutside
  }

  /** It goes out. @returns whether names mean something else behind it */
  send({ isHarmless, renames }: Pick<Statement, 'isHarmless' | 'renames'>): boolean {
    if (!isHarmless) this.#isChanging = true
    return renames
  }

  /** What a text is, and does. @param isLookedInto whether rules may want to know what is in its values */
  read(text: Buffer, isLookedInto: boolean): Statement {
    const { inspector } = this
    if (inspector !== this.#reader) this.#shapes.clear()
    this.#reader = inspector
    const known = this.#shapes.get(text, this.#readAnew)
    const { isSafe } = this
    const copy = known.said.kinds?.has('copy') ? { text: kept(text), isSafe } : null
    if (!isLookedInto) {
      return {
        ...known,
        parameters: { names: NO_NAMES, types: NO_TYPES },
        copy,
        leave: null,
        weight: text.length,
      }
    }
    const look = once(() => inspector.lookAtStatement(text, isSafe))
    const names = inspector.nameParameters(text, isSafe)
    return {
      ...known,
      said: { ...known.said, look },
      parameters: { names, types: [] },
      copy,
      leave: null,
      // The names of its parameters, and what the server says of them, are no more than that again.
      weight: text.length * (1 + TYPE_BYTES),
    }
  }

  readonly #readAnew = (text: Buffer): Known => {
    const { kinds, normalised } = this.inspector.readStatement(text, this.isSafe)
    const isHarmless = kinds?.isSubsetOf(HARMLESS) ?? false
    const renames = kinds !== null && RENAMING.some((kind) => kinds.has(kind))
    const named = kinds && (kinds.size > 0 ? kinds : NOTHING_DONE)
    const said =
      named === null || normalised === null
        ? { ...this.unread(text), kinds: named }
        : { kinds: named, text: normalised, database: this.#database }
    return { said, isHarmless, renames }
  }

  /** What runs under a name that nobody has given here. */
  unseen(): Statement {
    const said = this.unread(Buffer.alloc(0))
    return {
      said,
      isHarmless: false,
      renames: false,
      parameters: { names: [], types: [] },
      copy: null,
      leave: null,
      weight: 0,
    }
  }

  /** Nobody can tell what it does. */
  unread(bytes: Buffer): Said {
    const digest = createHmac('sha256', KEY).update(bytes).digest('hex').slice(0, 16)
    return { kinds: null, text: `unread (${digest})`, database: this.#database }
  }
}

/** With its name it may be kept for long: of a longer one nobody knows how its rows are written. */
function kept(text: Buffer): Buffer {
  return text.length > MAX_COPY ? Buffer.alloc(0) : Buffer.from(text)
}

function once<T>(look: () => T): () => T {
  let known: { readonly value: T } | null = null
  return () => {
    known ??= { value: look() }
    return known.value
  }
}
