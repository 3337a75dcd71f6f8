/**
 * Messages of Protocol Buffers, of which nobody here has the schema: whether the bytes of a field are a text, a message or something else
 * has to be seen in them. What can be both is read as both, and that reading counts in which more is found, or else the message. So nothing is
 * overlooked, and lengths are right in what is meant. The lengths of all messages around what is replaced are written anew; all else stays
 * as it is to the byte.
 */

import { isUtf8 } from 'node:buffer'
import type { Context } from '../scan/scanner.ts'
import { Backlog } from './backlog.ts'
import { Findings } from './findings.ts'
import { readText } from './open-text.ts'
import { Patches } from './patches.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { hasMagic } from './sniff.ts'
import { Fields, isMessage, LENGTH, writeVarint } from './wire-format.ts'

/** Messages in messages. What is deeper is read as text. */
const MAX_DEPTH = 64
/** A key of a map, or what looks like one. */
const NAME = /^[A-Za-z_][\w.-]{0,63}$/
/** Bytes that are no text begin like a file by chance, where there are few of them. */
const FEW = 32

/** A body that is one message. */
export class ProtobufReader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #patch: Patch
  readonly #backlog = new Backlog()
  #isTooLarge = false
  decided = 0

  constructor(job: Job, place: Place, patch: Patch) {
    this.#job = job
    this.#place = place
    this.#patch = patch
  }

  push(bytes: Buffer): void {
    if (!this.#isTooLarge) this.#backlog.add(Buffer.from(bytes))
    const { length } = this.#backlog.bytes
    if (length > this.#job.limits.event) {
      this.#isTooLarge = true
      this.#job.findings.addUnscannable('size', this.#place.path)
      this.#backlog.drop(length)
      this.decided = length
    } else if (this.#isTooLarge) this.decided += bytes.length
  }

  settle(): void {}

  end(): void {
    if (this.#isTooLarge) return
    const { bytes } = this.#backlog
    const now = redactProtobuf(this.#job, bytes, this.#place)
    if (now) this.#patch(0, bytes.length, now)
    this.decided = bytes.length
  }
}

/** @returns the message without what is replaced; null where it stays as it is */
export function redactProtobuf(job: Job, bytes: Buffer, place: Place): Buffer | null {
  if (isMessage(bytes, 0, bytes.length)) {
    return new Walk(job, place).message(bytes, 0, bytes.length, '')
  }
  job.findings.addUnscannable('malformed', place.path)
  return null
}

/** What becomes of some bytes, and what was found in them. */
interface Reading {
  readonly bytes: Buffer | null
  readonly findings: Findings
}

class Walk {
  #job: Job
  readonly #root: Place
  /** Numbers of the fields that lead there. */
  readonly #path: number[] = []
  readonly #nowhere: Context

  constructor(job: Job, root: Place) {
    this.#job = job
    this.#nowhere = job.scan.under('')
    this.#root = root
  }

  /** @param key what it stands under; empty for nothing */
  message(bytes: Buffer, start: number, end: number, key: string): Buffer | null {
    const pieces: Buffer[] = []
    const fields = new Fields().begin(bytes, start, end)
    let at = start
    let nameStart = start
    let nameEnd = start
    while (fields.next()) {
      if (fields.type !== LENGTH) continue
      const { number } = fields
      if (number === 1) {
        nameStart = fields.start
        nameEnd = fields.end
      }
      // An entry of a map, or a pair of the same form: the key is field 1, the value field 2.
      const under = (number === 2 && toName(bytes, nameStart, nameEnd)) || key
      this.#path.push(number)
      const now = this.#value(bytes, fields.start, fields.end, under)
      this.#path.pop()
      if (now === null) continue
      pieces.push(bytes.subarray(at, fields.head), writeVarint(now.length), now)
      at = fields.end
    }
    return pieces.length > 0 ? Buffer.concat([...pieces, bytes.subarray(at, end)]) : null
  }

  #value(bytes: Buffer, start: number, end: number, key: string): Buffer | null {
    if (start === end) return null
    if (this.#path.length >= MAX_DEPTH || !isMessage(bytes, start, end)) {
      return this.#text(bytes.subarray(start, end), key)
    }
    if (!mayBeText(bytes, start, end)) return this.message(bytes, start, end, key)
    const text = this.#apart(() => this.#text(bytes.subarray(start, end), key))
    if (text.findings.isEmpty) return this.message(bytes, start, end, key)
    const message = this.#apart(() => this.message(bytes, start, end, key))
    const chosen = text.findings.total > message.findings.total ? text : message
    this.#job.findings.absorb(chosen.findings)
    return chosen.bytes
  }

  /** What is found counts only where it is chosen. */
  #apart(read: () => Buffer | null): Reading {
    const job = this.#job
    const findings = new Findings()
    this.#job = { ...job, findings }
    const bytes = read()
    this.#job = job
    return { bytes, findings }
  }

  #text(text: Buffer, key: string): Buffer | null {
    const patches = new Patches()
    readText(this.#job, text, 0, text.length, this.#place(key), 1, 0, patches.add, null)
    if (isUtf8(text)) return patches.isEmpty ? null : patches.apply(text)
    if (!patches.isEmpty || (text.length > FEW && hasMagic(text))) {
      this.#job.findings.addUnscannable('binary', this.#place(key).path)
    }
    return null
  }

  #place(key: string): Place {
    const context = key === '' ? this.#nowhere : this.#job.scan.under(key)
    return new FieldPlace(this.#root, this.#path, key, context)
  }
}

/** The field that is read at the time. */
class FieldPlace implements Place {
  readonly key: string
  readonly kind = 'text'
  readonly context: Context
  readonly #root: Place
  readonly #numbers: readonly number[]

  constructor(root: Place, numbers: readonly number[], key: string, context: Context) {
    this.key = key
    this.context = context
    this.#root = root
    this.#numbers = numbers
  }

  get path(): string {
    const { path } = this.#root
    return [path === 'body' ? 'proto' : path, ...this.#numbers].join('.')
  }
}

function toName(bytes: Buffer, start: number, end: number): string {
  const text = end - start > 64 ? '' : bytes.toString('latin1', start, end)
  return NAME.test(text) ? text : ''
}

/**
 * Whether something that can be a message may be a text all the same. Fields 1 to 3 begin with a control character, and nearly all messages
 * with one of these; within a text they are rare.
 */
function mayBeText(bytes: Buffer, start: number, end: number): boolean {
  const text = bytes.subarray(start, end)
  return isUtf8(text) && ((text[0] as number) >= 0x20 || isPrintable(text))
}

function isPrintable(text: Buffer): boolean {
  for (const byte of text) {
    const isBlank = byte === 0x09 || byte === 0x0a || byte === 0x0d
    if ((byte < 0x20 && !isBlank) || byte === 0x7f) return false
  }
  return true
}
