/**
 * Base64 (RFC 4648) where an API says that it stands: what is text in it is decoded, read and written again. What is not is nobody's to
 * change: pictures, sound, signatures, what only the service can read. It passes as it is, but only as far as it is Base64, and only to and
 * from hosts that are known for that (`Sealed`). At others files are said to be unread, and all else is read as it stands.
 *
 * INVARIANT: nothing passes unread here that has a blank, a dot or a separator in it, or that is short.
 */

import { Findings } from './findings.ts'
import { openPart } from './open-body.ts'
import { openText } from './open-text.ts'
import type { Job, Patch, Place, Reader } from './reader.ts'
import { Rewriting } from './rewriting.ts'
import { isBinary, isFile } from './sniff.ts'
import { TextReader } from './text.ts'

/** What is shorter is looked at as it stands as well; also what is read again where it turns out to be something else behind. */
const SHORT = 64
/** Text is decoded as a whole. */
const MAX_SIZE = 4 * 1024 * 1024

/** Files with text in them that nobody here reads. */
const DOCUMENTS = ['%PDF-', 'PK\x03\x04', '\xd0\xcf\x11\xe0', '{\\rtf'].map((text) =>
  Buffer.from(text, 'latin1'),
)

const STANDARD = /^[A-Za-z0-9+/]*={0,2}$/
const EITHER = /^[\w+/\s-]*={0,2}\s*$/

const NOTHING = Buffer.alloc(0)

const LETTERS = new Uint8Array(256)
for (const byte of Buffer.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
)) {
  LETTERS[byte] = 1
}

/** Where nobody says that it is Base64 nothing else may be in it but breaks of lines. */
function isOfGuess(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at++) if (IN_GUESS[bytes[at] as number] !== 1) return false
  return true
}

const IN_GUESS = Uint8Array.from(LETTERS)
for (const byte of Buffer.from('-_=\r\n')) IN_GUESS[byte] = 1

export interface Base64Options {
  /** Of a text that it is said to be; null where nobody says that. */
  readonly contentType: string | null
  /** The other alphabet (section 5) as well: for those alone of which the beginning is known, as credentials are written in it. */
  readonly prefix?: string
  /** Nobody says that it is Base64: what is in it counts where it is text throughout. */
  readonly isGuess?: boolean
  /** Called when it has turned out that nobody can read it. */
  readonly onSealed?: () => void
}

export class Base64Reader implements Reader {
  readonly #job: Job
  readonly #place: Place
  readonly #depth: number
  readonly #patch: Patch
  readonly #options: Base64Options
  /** What is undecided, and the position of its first byte. */
  #kept: Buffer = NOTHING
  #base = 0
  #pieces: Buffer[] = []
  #size = 0
  /** In the other alphabet. */
  #isUrl = false
  #state: 'beginning' | 'text' | 'sealed' | 'other' = 'beginning'
  #rest: Reader | null = null

  /** @param depth bodies and texts that it is in */
  constructor(job: Job, place: Place, depth: number, patch: Patch, options: Base64Options) {
    this.#job = job
    this.#place = place
    this.#depth = depth
    this.#patch = patch
    this.#options = options
  }

  get decided(): number {
    return this.#base + (this.#rest?.decided ?? 0)
  }

  push(bytes: Buffer): void {
    if (bytes.length === 0) return
    if (this.#rest) return this.#rest.push(bytes)
    if (this.#state === 'text') return this.#gather(bytes)
    const all = this.#kept.length > 0 ? Buffer.concat([this.#kept, bytes]) : bytes
    if (this.#state === 'sealed') return this.#seal(all)
    if (all.length < SHORT) this.#kept = Buffer.from(all)
    else this.#begin(all)
  }

  settle(): void {
    this.#rest?.settle()
  }

  end(): void {
    if (this.#state === 'beginning') this.#begin(this.#kept)
    if (this.#state === 'text') this.#endText()
    this.#rest?.end()
    if (!this.#rest) this.#base += this.#kept.length
    this.#kept = NOTHING
  }

  #begin(all: Buffer): void {
    const head = all.toString('latin1', 0, SHORT)
    if (!EITHER.test(head)) return this.#read(all)
    const { contentType, prefix, onSealed } = this.#options
    const said = Buffer.from(head, 'base64')
    if (contentType !== null || (said.length > 0 && !isBinary(said))) {
      this.#state = 'text'
      return this.#gather(all)
    }
    const isRead = this.#job.sealed === 'read'
    const isDocument = DOCUMENTS.some((magic) => said.subarray(0, magic.length).equals(magic))
    if (isDocument || (isRead && isFile(said))) {
      this.#job.findings.addUnscannable('binary', this.#place.path)
    }
    if (isRead) return this.#read(all)
    this.#isUrl = prefix !== undefined && head.startsWith(prefix)
    // Numbers have no letters.
    const isMixed = /[a-z]/.test(head) && /[A-Z]/.test(head)
    if (head.length < SHORT || !isMixed) return this.#read(all)
    if (!this.#isUrl && !STANDARD.test(head)) return this.#read(all)
    this.#state = 'sealed'
    onSealed?.()
    this.#seal(all)
  }

  /** The end of what came waits: what follows may show that it is something else. */
  #seal(all: Buffer): void {
    let at = 0
    for (; at < all.length; at++) {
      const byte = all[at] as number
      if (LETTERS[byte] === 1 || byte === 0x3d) continue
      if (!this.#isUrl || (byte !== 0x2d && byte !== 0x5f)) break
    }
    const pass = Math.max(0, at - SHORT)
    this.#base += pass
    const rest = all.subarray(pass)
    if (at < all.length) this.#read(rest)
    else this.#kept = Buffer.from(rest)
  }

  #read(bytes: Buffer): void {
    const base = this.#base
    const patch: Patch = (start, end, by) => this.#patch(base + start, base + end, by)
    this.#rest =
      this.#state === 'beginning'
        ? openText(this.#job, this.#place, this.#depth, patch)
        : new TextReader(this.#job, this.#place, patch)
    this.#state = 'other'
    this.#kept = NOTHING
    this.#rest.push(bytes)
  }

  #gather(bytes: Buffer): void {
    this.#kept = NOTHING
    this.#pieces.push(Buffer.from(bytes))
    this.#size += bytes.length
    if (this.#options.isGuess && !isOfGuess(bytes)) return this.#read(this.#take())
    if (this.#size <= MAX_SIZE) return
    if (!this.#options.isGuess) this.#job.findings.addUnscannable('binary', this.#place.path)
    this.#read(this.#take())
  }

  #endText(): void {
    const bytes = this.#take()
    const text = bytes.toString('latin1')
    // Of what else is in it, nobody knows what it says.
    if (!EITHER.test(text)) return this.#read(bytes)
    const said = Buffer.from(text, 'base64')
    const { contentType, isGuess } = this.#options
    const findings = new Findings()
    const job = { ...this.#job, findings }
    const rewriting = new Rewriting((patch) =>
      openPart(job, contentType, this.#place, this.#depth + 1, patch),
    )
    rewriting.push(said)
    rewriting.end()
    const now = Buffer.concat(rewriting.take())
    const isText = !isGuess || findings.unscannable.length === 0
    if (isText) this.#job.findings.absorb(findings)
    if (!isText || now.equals(said)) return this.#read(bytes)
    this.#patch(this.#base, this.#base + bytes.length, Buffer.from(writtenLike(text, now)))
    this.#base += bytes.length
  }

  #take(): Buffer {
    const bytes = Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#size = 0
    return bytes
  }
}

/** In the alphabet of another one, and padded where that is. */
function writtenLike(text: string, bytes: Buffer): string {
  if (!/[-_]/.test(text)) {
    const written = bytes.toString('base64')
    return text.trimEnd().length % 4 === 0 ? written : written.replace(/=+$/, '')
  }
  const written = bytes.toString('base64url')
  return text.includes('=') ? written.padEnd(Math.ceil(written.length / 4) * 4, '=') : written
}
