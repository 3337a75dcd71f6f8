/**
 * Commands of a client to a Redis server, judged one by one. What passes goes on as it came, in the pieces in which it came; of what is refused not a
 * byte does, and its error comes where its answer would have. Answers are not read.
 */

import { type Refusal, sayRefusal } from '../../model/refusal.ts'
import type { Released, Said, StatementJudge } from '../statements/judge.ts'
import type { StatementLine, StatementReader } from '../statements/relay.ts'
import { CommandReader } from './command-reader.ts'
import { goesOn, toSaid } from './commands.ts'
import { StandIns } from './stand-ins.ts'

/** Commands that are put into words once; of more the words are made anew. */
const MAX_WORDS = 1_000

export class RedisConversation implements StatementReader {
  readonly #line: StatementLine
  readonly #judge: StatementJudge
  readonly #reader = new CommandReader()
  readonly #standIns = new StandIns()
  readonly #words = new Map<string, Said>()
  /** What is looked at: up to `#from` it has gone out or nowhere, up to `#at` it is read, from `#start` on it counts for the command that is under way. */
  #bytes: Buffer = NOTHING
  #from = 0
  #at = 0
  #start = 0
  /** The command that is under way; null between two. */
  #said: Said | null = null
  /** Null for one that is refused: its bytes go nowhere. */
  #released: Released | null = null
  #isOver = false

  constructor(line: StatementLine, judge: StatementJudge) {
    this.#line = line
    this.#judge = judge
  }

  fromClient(piece: Buffer): Promise<void> | null {
    this.#bytes = this.#bytes.length === 0 ? piece : Buffer.concat([this.#bytes, piece])
    const said = this.#read()
    return said && this.#decide(said)
  }

  fromOrigin(piece: Buffer): readonly Buffer[] {
    return this.#standIns.replace(piece)
  }

  end(): void {
    this.#isOver = true
    this.#judge.end()
  }

  /** @returns a command that has to be judged first; null when there is nothing left to do with what has come */
  #read(): Said | null {
    const reader = this.#reader
    for (;;) {
      const step = reader.step(this.#bytes, this.#at)
      switch (step) {
        case 'name': {
          const said = this.#wordsFor(reader.name, reader.subcommand)
          const released = this.#judge.known(said)
          // What stands before it is not kept waiting.
          if (!released) this.#pass(this.#at)
          this.#said = said
          this.#start = this.#at
          this.#at = reader.at
          if (!released) return said
          this.#begin(released)
          break
        }
        case 'end':
          this.#at = reader.at
          this.#endCommand()
          break
        case 'more':
          this.#at = reader.at
          this.#count()
          this.#pass(this.#at)
          this.#bytes = this.#bytes.subarray(this.#at)
          this.#from = this.#at = this.#start = 0
          return null
        case 'fault':
          this.#pass(this.#said ? this.#start : this.#at)
          this.#line.toClient(Buffer.from(`-ERR Protocol error: cordon: ${reader.fault}\r\n`))
          this.#line.fail('request-statement')
          return null
        default:
          step satisfies never
      }
    }
  }

  async #decide(first: Said): Promise<void> {
    for (let said: Said | null = first; said && !this.#isOver; said = this.#read()) {
      const judged = await this.#judge.judge(said)
      if (this.#isOver) return
      if ('refusal' in judged) this.#refuse(judged.refusal)
      else this.#begin(judged)
    }
  }

  #begin(released: Released): void {
    this.#released = released
    released.times++
  }

  #refuse(refusal: Refusal): void {
    this.#released = null
    this.#line.toOrigin(this.#standIns.add(toError(refusal)))
  }

  #endCommand(): void {
    const [said, released] = [this.#said, this.#released]
    this.#count()
    if (!released || released.isOnce) this.#pass(this.#at)
    this.#said = null
    this.#released = null
    if (said && released?.isOnce && !goesOn(said)) this.#judge.settle(released)
  }

  /** What was read of the command that is under way, and has not been counted. */
  #count(): void {
    if (this.#released) this.#released.bytesOut += this.#at - this.#start
    this.#start = this.#at
  }

  /** Up to there it goes out; that of a command that is refused goes nowhere. */
  #pass(to: number): void {
    if (to > this.#from && !this.#isRefused)
      this.#line.toOrigin(this.#bytes.subarray(this.#from, to))
    this.#from = to
  }

  get #isRefused(): boolean {
    return this.#said !== null && this.#released === null
  }

  #wordsFor(name: string, subcommand: string | null): Said {
    const words = subcommand === null ? name : `${name} ${subcommand}`
    let said = this.#words.get(words)
    if (!said) {
      said = toSaid(name, subcommand)
      if (this.#words.size >= MAX_WORDS) this.#words.clear()
      this.#words.set(words, said)
    }
    return said
  }
}

const NOTHING = Buffer.alloc(0)
/** Characters: clients show it in one line. */
const MAX_ERROR = 1_000

/** As Redis says that a user may not. */
function toError(refusal: Refusal): string {
  const text = `NOPERM cordon: ${sayRefusal(refusal)}`.replace(/[\x00-\x1f\x7f]+/g, ' ')
  return text.length > MAX_ERROR ? `${text.slice(0, MAX_ERROR)}…` : text
}
