/**
 * Commands of a Redis client as they pass: arrays of bulk strings (RESP2 and RESP3 alike), and nothing else. Of each the name is read, and the word behind
 * it where a name alone does not say what is done; all other arguments are only measured. Bytes in, positions out; nothing is kept.
 *
 * INVARIANT: what has more than one reading is a fault: lengths have one form, lines and arguments end in CRLF, inline commands are none.
 */

import { hasSubcommands } from '../../model/redis-commands.ts'

/** What a step has come to; `at` is where. */
export type Step =
  /** The name is known. What was read of the command so far lies between the position of the step before and this. */
  | 'name'
  /** That was all of the command. */
  | 'end'
  /** What lies behind this position is not enough: it has to come again, with more behind it. */
  | 'more'
  /** `fault` says why it cannot be read. */
  | 'fault'

/** Arguments of one command: as many as Redis takes of most. */
const MAX_ARGUMENTS = 1024 * 1024
/** Bytes of one argument: `proto-max-bulk-len` of Redis as it comes. */
const MAX_BULK = 512 * 1024 * 1024
/** Bytes of a name. */
const MAX_NAME = 64
/** Digits of a length. */
const MAX_DIGITS = 9

export class CommandReader {
  /** Where the last step has come to. */
  at = 0
  /** In lower case. */
  name = ''
  /** The word behind it, in lower case; null where there is none, or none that is a word. */
  subcommand: string | null = null
  fault = ''
  /** Arguments that have not ended, once the name is known. */
  #left = 0
  /** Whether the length of the next one is known, and how much of it is to come. */
  #isInBulk = false
  #bulk = 0
  #length = 0

  step(bytes: Buffer, from: number): Step {
    this.at = from
    return this.#left === 0 ? this.#readHead(bytes) : this.#readRest(bytes)
  }

  #readHead(bytes: Buffer): Step {
    const from = this.at
    const step = this.#readHeadAt(bytes)
    // It begins anew when there is more.
    if (step === 'more') this.at = from
    return step
  }

  #readHeadAt(bytes: Buffer): Step {
    const counted = this.#readLength(bytes, ARRAY, MAX_ARGUMENTS)
    if (counted) return counted
    const count = this.#length
    if (count === 0) return this.#fail('a command without a name')
    const named = this.#readLength(bytes, BULK, MAX_NAME) ?? this.#readEnd(bytes, this.#length)
    if (named) return named
    const name = bytes.toString('latin1', this.at - 2 - this.#length, this.at - 2)
    if (!NAME.test(name)) return this.#fail('a name of a command that is none')
    this.name = name.toLowerCase()
    this.subcommand = null
    this.#left = count - 1
    if (count > 1 && hasSubcommands(this.name)) {
      const at = this.at
      const step = this.#readSubcommand(bytes)
      if (step === 'more') this.#left = 0
      if (step) return step
      // It is an argument as well, and passes like the others.
      this.at = at
    }
    if (count === 1) this.#left = ONLY_NAME
    return 'name'
  }

  /** One that is longer than any is none. */
  #readSubcommand(bytes: Buffer): Step | null {
    const counted = this.#readLength(bytes, BULK, MAX_BULK)
    if (counted || this.#length > MAX_NAME) return counted
    const ended = this.#readEnd(bytes, this.#length)
    if (ended) return ended
    const word = bytes.toString('latin1', this.at - 2 - this.#length, this.at - 2)
    if (NAME.test(word)) this.subcommand = word.toLowerCase()
    return null
  }

  #readRest(bytes: Buffer): Step {
    if (this.#left === ONLY_NAME) this.#left = 0
    while (this.#left > 0) {
      if (!this.#isInBulk) {
        const counted = this.#readLength(bytes, BULK, MAX_BULK)
        if (counted) return counted
        this.#bulk = this.#length
        this.#isInBulk = true
      }
      const here = Math.min(this.#bulk, bytes.length - this.at)
      this.at += here
      this.#bulk -= here
      const ended = this.#bulk > 0 ? 'more' : this.#readEnd(bytes, 0)
      if (ended) return ended
      this.#isInBulk = false
      this.#left--
    }
    return 'end'
  }

  /** A length on a line of its own, without sign or leading zeros. Moves behind it, or not at all. @returns null when it is there */
  #readLength(bytes: Buffer, kind: number, max: number): 'more' | 'fault' | null {
    let at = this.at
    if (at === bytes.length) return 'more'
    if (bytes[at] !== kind) return this.#fail('something other than an array of bulk strings')
    const first = ++at
    let length = 0
    let digit = (bytes[at] ?? 0) - ZERO
    while (digit >= 0 && digit <= 9 && at - first < MAX_DIGITS) {
      length = length * 10 + digit
      digit = (bytes[++at] ?? 0) - ZERO
    }
    const digits = at - first
    if (at >= bytes.length && digits < MAX_DIGITS) return 'more'
    if (digits === 0 || (digits > 1 && bytes[first] === ZERO))
      return this.#fail('a length that is none')
    if (length > max || (digits === MAX_DIGITS && digit >= 0 && digit <= 9)) {
      return this.#fail('a length that is more than may be')
    }
    const ended = this.#readEndAt(bytes, at)
    if (ended) return ended
    this.at = at + 2
    this.#length = length
    return null
  }

  /** So many bytes and the end of their line. Moves behind that, or not at all. */
  #readEnd(bytes: Buffer, length: number): 'more' | 'fault' | null {
    if (this.at + length > bytes.length) return 'more'
    const ended = this.#readEndAt(bytes, this.at + length)
    if (ended) return ended
    this.at += length + 2
    return null
  }

  #readEndAt(bytes: Buffer, at: number): 'more' | 'fault' | null {
    if (at < bytes.length && bytes[at] !== CR)
      return this.#fail('a line or an argument without its end')
    if (at + 1 < bytes.length && bytes[at + 1] !== LF) {
      return this.#fail('a line or an argument without its end')
    }
    return at + 1 < bytes.length ? null : 'more'
  }

  #fail(fault: string): 'fault' {
    this.fault = fault
    return 'fault'
  }
}

/** Stands for a command that has no arguments, so that it ends with a step of its own. */
const ONLY_NAME = -1
const [ARRAY, BULK, ZERO, CR, LF] = [0x2a, 0x24, 0x30, 0x0d, 0x0a]
/** Of commands, also those that modules bring. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/
