/**
 * A refused command has its error at its own place among the answers, and spoils a transaction as any error does: in its stead the server is sent a
 * command that no server knows, and what that says about it is put into our words on the way back. Answers are not read for that: the name of
 * the unknown command is random, and the client never sees it.
 */

import { randomBytes } from 'node:crypto'

/** Refused commands whose error has not come: of more the client gets what the server says. */
const MOST = 1_000
/** Bytes of the line in which a server says that it does not know a command. */
const MAX_LINE = 512

export class StandIns {
  readonly #mark: Buffer
  /** What the client is told, by number. */
  readonly #answers = new Map<string, string>()
  #count = 0
  /** The beginning of a line that may be such an error. */
  #kept: Buffer = NOTHING
  /** Whether what comes next begins a line. */
  #isAtLine = true

  /** @param nonce letters and digits that nobody can guess */
  constructor(nonce = randomBytes(16).toString('hex').toUpperCase()) {
    this.#mark = Buffer.from(`CORDON:${nonce}:`, 'latin1')
  }

  /** What goes out in place of a command. @param error one line without its end, beginning with its code */
  add(error: string): Buffer {
    const number = String(++this.#count)
    this.#answers.set(number, error)
    if (this.#answers.size > MOST) {
      const [oldest = ''] = this.#answers.keys()
      this.#answers.delete(oldest)
    }
    const name = `${this.#mark.toString('latin1')}${number}`
    return Buffer.from(`*1\r\n$${name.length}\r\n${name}\r\n`, 'latin1')
  }

  /** What of the server's goes on to the client. Nothing that ends with a line is kept back. */
  replace(piece: Buffer): readonly Buffer[] {
    if (this.#answers.size === 0 && this.#kept.length === 0) {
      this.#note(piece)
      return [piece]
    }
    const bytes = this.#kept.length === 0 ? piece : Buffer.concat([this.#kept, piece])
    this.#kept = NOTHING
    const out: Buffer[] = []
    let from = 0
    for (
      let found = bytes.indexOf(this.#mark);
      found >= 0;
      found = bytes.indexOf(this.#mark, from)
    ) {
      const end = bytes.indexOf(LF, found)
      if (end < 0) break
      const start = bytes.lastIndexOf(LF, found) + 1
      const answer = this.#isError(bytes, start) ? this.#take(bytes, found) : null
      if (answer === null) out.push(bytes.subarray(from, end + 1))
      else out.push(bytes.subarray(from, start), Buffer.from(`-${answer}\r\n`))
      from = end + 1
    }
    this.#passRest(from === 0 ? bytes : bytes.subarray(from), from > 0, out)
    return out.filter(({ length }) => length > 0)
  }

  /** But for the beginning of an error that may be one of ours. */
  #passRest(rest: Buffer, isAfterLine: boolean, out: Buffer[]): void {
    if (isAfterLine) this.#isAtLine = true
    const last = rest.lastIndexOf(LF) + 1
    const isBegun = last < rest.length && this.#isError(rest, last)
    if (isBegun && this.#answers.size > 0 && rest.length - last <= MAX_LINE) {
      this.#kept = rest.subarray(last)
      out.push(rest.subarray(0, last))
      this.#isAtLine = true
    } else {
      out.push(rest)
      this.#note(rest)
    }
  }

  /** Whether an error begins there: the beginning of a line, as far as that can be seen. */
  #isError(bytes: Buffer, start: number): boolean {
    return bytes[start] === ERROR && (start > 0 || this.#isAtLine)
  }

  /** What is said instead of the error that has the mark there; null when it is none of ours. */
  #take(bytes: Buffer, found: number): string | null {
    const from = found + this.#mark.length
    const number = /^\d+/.exec(bytes.toString('latin1', from, from + 16))?.[0] ?? ''
    const answer = this.#answers.get(number) ?? null
    this.#answers.delete(number)
    return answer
  }

  #note(bytes: Buffer): void {
    if (bytes.length > 0) this.#isAtLine = bytes[bytes.length - 1] === LF
  }
}

const NOTHING = Buffer.alloc(0)
const [LF, ERROR] = [0x0a, 0x2d]
